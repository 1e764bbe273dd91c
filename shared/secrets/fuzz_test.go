package secrets

import (
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
)

// Any text of a secret is a valid value or an error, and the error does not quote the text.
func FuzzDocuments(f *testing.F) {
	for _, text := range []string{
		`{"DATABASE_URL":"postgres://u:hunter-2-hunter-2@h/d","BETTER_AUTH_SECRET":"01234567890123456789012345678901"}`,
		`{}`, `[]`, `null`, `"x"`, ``,
		`{"DATABASE_URL":5}`, `{"FROM_DATABASE_URL":"postgres://a","TO_DATABASE_URL":"%zz"}`, "\x00",
		`{"DATABASE_URL":"postgres://h/d","BETTER_AUTH_SECRETS":"2:hunter-2-hunter-2,hunter-2:x"}`,
		`{"DATABASE_URL":"hunter-2-hunter-2"}`, `{"BETTER_AUTH_SECRET":"short"}`,
		`{"GOOGLE_CLIENT_SECRET":5,"APPLE_PRIVATE_KEY":"hunter-2"}`,
	} {
		f.Add(text)
	}
	providers := config.Social{Providers: []config.Provider{
		{ID: "google", ClientIDs: []string{"id"}}, {ID: "apple", ClientIDs: []string{"id"}, TeamID: "T", KeyID: "K"},
	}}
	f.Fuzz(func(t *testing.T, text string) {
		d := secretText{arn: "arn:aws:secretsmanager:eu-central-1:000000000000:secret:x", text: []byte(text)}
		app, err := parseAppSecret(d, nil)
		_, importErr := parseImportSecret(d)
		_, socialErr := parseSocialSecrets(d.text, providers)
		if err == nil && (app.databaseURL == "" || len(app.keys.Secrets()[0]) < 32) {
			t.Errorf("parseAppSecret(%q) returned no error, but a database URL or a long enough secret is missing", text)
		}
		for _, e := range []error{err, importErr, socialErr} {
			if e != nil && strings.Contains(text, "hunter-2") && strings.Contains(e.Error(), "hunter-2") {
				t.Errorf("the error quotes the secret: %v", e)
			}
		}
	})
}
