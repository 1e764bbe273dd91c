//go:build moto

package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/mototest"
)

// Without a database URL, the command reads it from the app secret in Secrets Manager. The test uses a real moto server
// and sets environment variables, so it is not parallel.
func TestUsersCommandsReadTheAppSecret(t *testing.T) {
	m := mototest.Start(t).SecretsManager(t)
	text, err := json.Marshal(map[string]string{
		"DATABASE_URL": newUsersDatabase(t), "BETTER_AUTH_SECRET": singleSecret,
	})
	if err != nil {
		t.Fatal(err)
	}
	arn := m.Create("app", string(text))
	for _, c := range []struct {
		arn, want string
		code      int
	}{{arn, "3 of 3 users.", exitDone}, {arn + "x", arn + "x", exitFailed}} {
		code, out, stderr := runUsers(t, "", []string{"list"}, "APP_SECRET_ARN", c.arn)
		if code != c.code || !strings.Contains(out+stderr, c.want) || strings.Contains(out+stderr, singleSecret) {
			t.Errorf("xenon users list with %s: got the exit code %d, want %d and %q\n%s%s",
				c.arn, code, c.code, c.want, out, stderr)
		}
	}
}
