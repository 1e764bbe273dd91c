//go:build moto

package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/mototest"
)

// With APP_SECRET_ARN, both commands read the versions of the secret from Secrets Manager. The test uses a real moto
// server and sets environment variables, so it is not parallel.
func TestSecretsCommandsReadTheAppSecret(t *testing.T) {
	m := mototest.Start(t).SecretsManager(t)
	url := newEncryptedDatabase(t)
	appSecret := func(name, versions, single string) string {
		text, err := json.Marshal(map[string]string{
			"DATABASE_URL": url, "BETTER_AUTH_SECRETS": versions, "BETTER_AUTH_SECRET": single,
		})
		if err != nil {
			t.Fatal(err)
		}
		return m.Create(name, string(text))
	}
	both := appSecret("both", "2:"+newestSecret+",1:"+formerSecret, singleSecret)
	newest := appSecret("newest", "2:"+newestSecret, "")
	for _, step := range []struct {
		arn, command, want string
		code               int
	}{
		{newest, "list", "no secret of the settings decrypts 2 texts", exitNeedsDecision},
		{both, "list", "2 texts need an older secret", exitDone},
		{both, "reencrypt --yes", "twoFactor.secret              1 encrypted, 0 unreadable", exitDone},
		{newest, "list", "No text needs an older secret.", exitDone},
		{newest + "x", "list", newest + "x", exitFailed},
	} {
		args := append([]string{"secrets"}, strings.Fields(step.command)...)
		code, out, err := runXenon(t, args, "APP_SECRET_ARN", step.arn, "DIRECT_DATABASE_URL", url)
		if code != step.code || !strings.Contains(out+err, step.want) {
			t.Errorf("xenon secrets %s with %s: got the exit code %d and %s%s, want %d and %q",
				step.command, step.arn, code, out, err, step.code, step.want)
		}
		for _, secret := range []string{newestSecret, formerSecret, singleSecret} {
			if strings.Contains(out+err, secret) {
				t.Errorf("xenon secrets %s prints a secret", step.command)
			}
		}
	}
	if left := dbtest.Value[int](t, url, `
		SELECT count(*) FROM "twoFactor" WHERE secret LIKE '$ba$2$%' AND "backupCodes" LIKE '$ba$2$%'`); left != 1 {
		t.Errorf("factors that need only the newest secret: got %d, want 1", left)
	}
}
