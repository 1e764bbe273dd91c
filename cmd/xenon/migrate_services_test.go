package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// steps runs commands of an import from a file of Clerk or Firebase, each with the same flags of the source.
type steps struct {
	source []string
	env    []string
}

func (s steps) run(t *testing.T, wantCode int, command string, wants ...string) {
	t.Helper()
	args := append([]string{"migrate"}, strings.Fields(command)...)
	code, out, stderr := runXenon(t, append(args, s.source...), s.env...)
	if code != wantCode {
		t.Errorf("xenon migrate %s: got the exit code %d, want %d\n%s%s", command, code, wantCode, out, stderr)
	}
	if wantCode != exitUsage && strings.Contains(out+stderr, "Supabase") {
		t.Errorf("xenon migrate %s: want the name of the service and no Supabase in the output, got\n%s%s",
			command, out, stderr)
	}
	for _, want := range wants {
		if !strings.Contains(out+stderr, want) {
			t.Errorf("xenon migrate %s: want %q in the output, got\n%s%s", command, want, out, stderr)
		}
	}
}

func writeText(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func newSteps(t *testing.T, source ...string) (steps, string) {
	t.Helper()
	target := dbtest.New(t)
	return steps{source, []string{
		"TO_DATABASE_URL", target, "SIGNING_KEYS_FILE", filepath.Join(t.TempDir(), "keys.json"),
		"BETTER_AUTH_SECRET", "a secret of the tests, long enough",
	}}, target
}

// The commands of "Leave Clerk" in docs/leave-clerk-firebase.md, and the rollback.
func TestMigrateImportsFromClerk(t *testing.T) {
	t.Parallel()
	path := writeText(t, "users.csv", "id,first_name,primary_email_address,verified_email_addresses,totp_secret,"+
		`password_digest,password_hasher
user_1,Ada,ada@example.com,ada@example.com,,$2b$05$/bf2ulWF9J.rlw1FwXykg.cQUy2BIEXicmvCjqHyyLU1NJd0LA0zy,bcrypt
user_2,Eve,eve@example.com,eve@example.com,JBSWY3DPEHPK3PXP,5f4dcc3b5aa765d61d8327deb882cf99,md5
user_3,Bob,bob@example.com,,,$2b$05$/bf2ulWF9J.rlw1FwXykg.cQUy2BIEXicmvCjqHyyLU1NJd0LA0zy,bcrypt
`)
	s, target := newSteps(t, "--from", path, "--run", "clerk")
	s.run(t, exitNeedsDecision, "plan", "The file users.csv: Clerk's export, CSV", "use --mfa carry")
	s.run(t, exitDone, "plan --mfa carry", `passwords with the hasher "md5": 1.`, "Password resets by mail: 1 users",
		"xenon migrate run --run clerk --mfa carry (with the same --from and --to)")
	s.run(t, exitNeedsDecision, "run --mfa carry", "1 of 1 batches done", "The email was never confirmed in Clerk")
	s.run(t, exitDone, "verify", "All copied rows are equal to the source")
	s.run(t, exitDone, "report", "Rows of users.csv (sha256 ", "3  still have to", "1  with a password",
		"2  only with a mailed link or code", "1  carried: their codes work in the target")
	if got := dbtest.Value[int](t, target, countUsers); got != 3 {
		t.Errorf("users in the target: got %d, want 3", got)
	}
	if got := dbtest.Value[int](t, target, `select count(*) from "twoFactor"`); got != 1 {
		t.Errorf("second factors in the target: got %d, want 1", got)
	}
	s.run(t, exitFailed, "plan --from-format firebase", "record 1 has 7 values instead of 28")
	s.run(t, exitUsage, "plan --from-format auth0", "--from-format must be one of")
	toSource := []string{"migrate", "rollback", "--yes", "--return-to-source", filepath.Join(t.TempDir(), "back.sql")}
	code, out, stderr := runXenon(t, append(toSource, s.source...), s.env...)
	if code != exitFailed || !strings.Contains(stderr, "has imported users of Clerk") {
		t.Errorf("rollback with --return-to-source: got the exit code %d, want %d and the reason\n%s%s",
			code, exitFailed, out, stderr)
	}
	s.run(t, exitDone, "rollback --yes")
	if got := dbtest.Value[int](t, target, countUsers); got != 0 {
		t.Errorf("users after the rollback: got %d, want 0", got)
	}
}

// The commands of "Leave Firebase". Wrong parameters of the hashes are corrected by a second pass.
func TestMigrateImportsFromFirebase(t *testing.T) {
	t.Parallel()
	path := writeText(t, "users.json", `{"users": [{"localId": "a", "email": "a@example.com", "emailVerified": true,
 "passwordHash": "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
 "salt": "42xEC+ixf3L2lw==", "createdAt": "1700000000000"}]}`)
	const config = `hash_config {
  algorithm: SCRYPT,
  base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 14,
}`
	wrong := writeText(t, "hash_config.txt", strings.Replace(config, "rounds: 8", "rounds: 7", 1))
	s, target := newSteps(t, "--from", path, "--run", "firebase")
	s.run(t, exitFailed, "plan", "give it with --firebase-hash-config FILE")
	s.source = append(s.source, "--firebase-hash-config", wrong)
	s.run(t, exitNeedsDecision, "plan", "the file does not say who has a second factor in Firebase: use --mfa allow")
	s.run(t, exitDone, "plan --mfa allow", "The file users.json: Firebase's auth:export, JSON",
		"(with the same --firebase-hash-config, --from and --to)", "fbscrypt")
	s.run(t, exitDone, "run --mfa allow")
	s.source[len(s.source)-1] = writeText(t, "hash_config.txt", config)
	s.run(t, exitNeedsDecision, "verify")
	s.run(t, exitDone, "run")
	s.run(t, exitDone, "verify", "All copied rows are equal to the source")
	const query = `select password from account`
	const want = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8"
	if got := dbtest.Value[string](t, target, query); !strings.HasPrefix(got, want) {
		t.Errorf("the password: got a text that does not begin with %q", want)
	}
	s.run(t, exitDone, "rollback --yes")
}

func TestMigrateNeedsAFileForTheFlagsOfFiles(t *testing.T) {
	t.Parallel()
	code, _, stderr := runXenon(t, []string{
		"migrate", "plan", "--from", dbtest.New(t), "--to", dbtest.New(t), "--firebase-hash-config", "none",
	})
	if code != exitUsage || !strings.Contains(stderr, "only for a file in --from") {
		t.Errorf("got the exit code %d, want %d and a text about the flag\n%s", code, exitUsage, stderr)
	}
}
