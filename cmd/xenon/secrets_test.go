package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/cipher"
)

const (
	newestSecret = "newest-secret-of-the-tests-0123456789"
	formerSecret = "former-secret-of-the-tests-0123456789"
	singleSecret = "single-secret-of-the-tests-0123456789"
)

// newEncryptedDatabase returns a database with a factor of version 1 and backup codes without a version.
func newEncryptedDatabase(t *testing.T) string {
	t.Helper()
	first, err := cipher.ParseKeys("1:"+formerSecret, "")
	if err != nil {
		t.Fatal(err)
	}
	single, err := cipher.ParseKeys("", singleSecret)
	if err != nil {
		t.Fatal(err)
	}
	url := dbtest.New(t)
	dbtest.Exec(t, url, `
		WITH ada AS (
			INSERT INTO "user" (name, email, "emailVerified", "createdAt", "updatedAt")
			VALUES ('Ada', 'ada@example.com', true, now(), now())
			RETURNING id
		)
		INSERT INTO "twoFactor" (secret, "backupCodes", "userId") SELECT $1, $2, id FROM ada`,
		first.Encrypt("app"), single.Encrypt("[]"))
	return url
}

func TestSecretsReencryptMakesOlderSecretsUnnecessary(t *testing.T) {
	t.Parallel()
	url := newEncryptedDatabase(t)
	env := []string{
		"DATABASE_URL", url, "BETTER_AUTH_SECRETS", "2:" + newestSecret + ",1:" + formerSecret,
		"BETTER_AUTH_SECRET", singleSecret,
	}
	run := func(want int, args ...string) string {
		t.Helper()
		code, out, stderr := runXenon(t, append([]string{"secrets"}, args...), env...)
		if code != want {
			t.Errorf("xenon secrets %v: got the exit code %d, want %d\n%s%s", args, code, want, out, stderr)
		}
		for _, secret := range []string{newestSecret, formerSecret, singleSecret} {
			if strings.Contains(out+stderr, secret) {
				t.Errorf("xenon secrets %v prints a secret", args)
			}
		}
		return out + stderr
	}
	if got := run(exitUsage, "reencrypt"); !strings.Contains(got, "confirm with --yes") {
		t.Errorf("reencrypt without --yes: got %s, want a question for --yes", got)
	}
	const before = "twoFactor.secret       version 1                   1  older\n" +
		"twoFactor.backupCodes  no version                  1  older\n" +
		"2 texts need an older secret. xenon secrets reencrypt encrypts them with the current one.\n"
	if got := run(exitDone, "list"); got != before {
		t.Errorf("list before: got\n%s, want\n%s", got, before)
	}
	const result = "twoFactor.secret              1 encrypted, 0 unreadable\n" +
		"twoFactor.backupCodes         1 encrypted, 0 unreadable\n"
	if got := run(exitDone, "reencrypt", "--yes"); !strings.HasPrefix(got, result) {
		t.Errorf("reencrypt: got\n%s, want\n%s", got, result)
	}
	env = []string{"DIRECT_DATABASE_URL", url, "BETTER_AUTH_SECRETS", "2:" + newestSecret}
	const after = "twoFactor.secret       version 2                   1  current\n" +
		"twoFactor.backupCodes  version 2                   1  current\nNo text needs an older secret.\n"
	if got := run(exitDone, "list"); got != after {
		t.Errorf("list after: got\n%s, want\n%s", got, after)
	}
	if got := run(exitDone, "reencrypt", "--yes", "--json"); !strings.Contains(got, `"encrypted":0,"unreadable":0`) {
		t.Errorf("reencrypt again: got %s, want nothing encrypted", got)
	}
}

// Texts whose secret is not in the settings are listed, and an operator has to decide.
func TestSecretsNameTextsWithoutSecret(t *testing.T) {
	t.Parallel()
	env := []string{"DATABASE_URL", newEncryptedDatabase(t), "BETTER_AUTH_SECRETS", "2:" + newestSecret}
	code, out, stderr := runXenon(t, []string{"secrets", "list", "--json"}, env...)
	var list struct {
		Versions []int
		Texts    []struct {
			Column, State  string
			Version, Texts *int
		}
	}
	err := json.Unmarshal([]byte(out), &list)
	if code != exitNeedsDecision || err != nil || len(list.Texts) != 2 || !slices.Equal(list.Versions, []int{2}) {
		t.Fatalf("list --json: got the exit code %d, %s%s, %v, want 3, two lines and the version 2", code, out, stderr, err)
	}
	for _, l := range list.Texts {
		if l.State != "unreadable" || (l.Version == nil) != (l.Column == "twoFactor.backupCodes") {
			t.Errorf("list --json: got %+v, want it unreadable, with the version of the text", l)
		}
	}
	const summary = "xenon: no secret of the settings decrypts 2 texts.\n  Add the secret"
	code, out, stderr = runXenon(t, []string{"secrets", "list"}, env...)
	if code != exitNeedsDecision || !strings.HasPrefix(stderr, summary) || strings.Contains(out, "No text needs") {
		t.Errorf("list: got the exit code %d, want 3 and %q at the end\n%s%s", code, summary, out, stderr)
	}
	code, out, stderr = runXenon(t, []string{"secrets", "reencrypt", "--yes"}, env...)
	if code != exitNeedsDecision || !strings.Contains(stderr, "no secret of the settings decrypts 2 texts") {
		t.Errorf("reencrypt: got the exit code %d, want 3 and the number of texts\n%s%s", code, out, stderr)
	}
}

func TestSecretsCommandsCheckTheirSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		env  []string
		code int
		want string
	}{
		{[]string{"list"}, nil, exitFailed, "DATABASE_URL: missing"},
		{[]string{"list"}, []string{"DATABASE_URL", "postgres://127.0.0.1:1/x"}, exitFailed, "BETTER_AUTH_SECRET: missing"},
		{
			[]string{"list"},
			[]string{"DATABASE_URL", "postgres://127.0.0.1:1/x", "BETTER_AUTH_SECRETS", "2:" + newestSecret + ",x:not-shown"},
			exitFailed, "BETTER_AUTH_SECRETS: entry 2 has no valid version",
		},
		{
			[]string{"list"},
			[]string{"DATABASE_URL", "postgres://127.0.0.1:1/x", "BETTER_AUTH_SECRET", singleSecret},
			exitFailed, "Check DIRECT_DATABASE_URL or DATABASE_URL",
		},
		{
			[]string{"reencrypt", "--yes"},
			[]string{"DATABASE_URL", "postgres://127.0.0.1:1/x", "BETTER_AUTH_SECRET", singleSecret},
			exitUsage, "BETTER_AUTH_SECRETS is not set",
		},
	} {
		code, out, stderr := runXenon(t, append([]string{"secrets"}, c.args...), c.env...)
		if code != c.code || !strings.Contains(stderr, c.want) || strings.Contains(stderr, "not-shown") {
			t.Errorf("xenon secrets %v with %v: got the exit code %d, want %d and %q\n%s%s",
				c.args, c.env, code, c.code, c.want, out, stderr)
		}
	}
}
