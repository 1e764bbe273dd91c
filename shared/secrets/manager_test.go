package secrets

import (
	"strings"
	"testing"
)

const appSecretARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:xenon/app"

func TestParseAppSecretNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	const url, secret = "postgres://user:hunter2-not-shown@db/x", "not-shown-0123456789-0123456789-x"
	tests := map[string]struct{ text, want string }{ // want: what the error must name
		"good":        {`{"DATABASE_URL":"` + url + `","BETTER_AUTH_SECRET":"` + secret + `","OTHER":1}`, ""},
		"no database": {`{"BETTER_AUTH_SECRET":"` + secret + `"}`, "DATABASE_URL is missing"},
		"no secret":   {`{"DATABASE_URL":"` + url + `"}`, "BETTER_AUTH_SECRET: missing"},
		"short secret": {
			`{"DATABASE_URL":"` + url + `","BETTER_AUTH_SECRET":"not-shown"}`,
			"BETTER_AUTH_SECRET: has 9 characters, needs at least 32",
		},
		"wrong secrets": {
			`{"DATABASE_URL":"` + url + `","BETTER_AUTH_SECRETS":"2:` + secret + `,not-shown"}`,
			"BETTER_AUTH_SECRETS: entry 2 has no colon",
		},
		"a number":           {`{"DATABASE_URL":4711,"BETTER_AUTH_SECRET":"` + secret + `"}`, "is not of the form"},
		"not JSON":           {secret, "is not of the form"},
		"an array":           {`["` + secret + `"]`, "is not of the form"},
		"nothing":            {"", "is not of the form"},
		"null":               {"null", "DATABASE_URL is missing"},
		"two documents":      {`{} {"DATABASE_URL":"` + url + `"}`, "is not of the form"},
		"cut off in a value": {`{"DATABASE_URL":"` + url, "is not of the form"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseAppSecret(secretText{arn: appSecretARN, text: []byte(test.text)}, nil)
			if test.want == "" {
				if err != nil || got.databaseURL != url || string(got.keys.Secrets()[0]) != secret {
					t.Errorf("parseAppSecret: got the error %v, want both values", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), appSecretARN) {
				t.Fatalf("parseAppSecret: got the error %v, want one with %q and the ARN", err, test.want)
			}
			for _, value := range []string{"hunter2", "not-shown", "4711"} {
				if strings.Contains(err.Error(), value) {
					t.Errorf("the error shows a value: %v", err)
				}
			}
		})
	}
}

// The newest secret of the app secret signs and encrypts, and all of them decrypt.
func TestAppSecretHasSecretsWithVersions(t *testing.T) {
	t.Parallel()
	const newest, older, single = "newest-0123456789-0123456789-012345", "older", "single"
	parse := func(members string) appSecret {
		t.Helper()
		text := `{"DATABASE_URL":"postgres://h/d",` + members + `}`
		app, err := parseAppSecret(secretText{arn: appSecretARN, text: []byte(text)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return app
	}
	app := parse(`"BETTER_AUTH_SECRETS":"2:` + newest + `,1:` + older + `","BETTER_AUTH_SECRET":"` + single + `"`)
	if got := string(app.keys.Secrets()[0]); got != newest {
		t.Errorf("the signing secret: got %q, want %q", got, newest)
	}
	if text := app.keys.Encrypt("x"); !strings.HasPrefix(text, "$ba$2$") || !app.keys.HasLegacy() {
		t.Errorf("got the text %.12s and BETTER_AUTH_SECRET %v, want version 2 and true", text, app.keys.HasLegacy())
	}
	if alone := parse(`"BETTER_AUTH_SECRETS":"2:` + newest + `"`); alone.keys.HasLegacy() {
		t.Error("an app secret without BETTER_AUTH_SECRET decrypts texts without a version, want that it does not")
	}
}

func TestIsSameSecretAcceptsAnARNWithoutItsSuffix(t *testing.T) {
	t.Parallel()
	tests := []struct {
		configured, full string
		want             bool
	}{
		{appSecretARN + "-AbC123", appSecretARN + "-AbC123", true},
		{appSecretARN, appSecretARN + "-AbC123", true},
		{appSecretARN, appSecretARN, true},
		{appSecretARN, appSecretARN + "-keys-AbC123", false},
		{appSecretARN + "-AbC123", appSecretARN, false},
		{appSecretARN, "", false},
	}
	for _, test := range tests {
		if got := isSameSecret(test.configured, test.full); got != test.want {
			t.Errorf("isSameSecret(%q, %q) = %v, want %v", test.configured, test.full, got, test.want)
		}
	}
}
