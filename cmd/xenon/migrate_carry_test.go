package main

import (
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/cipher"
)

// A source with an encrypted second factor and one in clear, each of another user.
const twoFactorsOfTheSource = `
INSERT INTO auth.users (id, email, email_confirmed_at) VALUES
  ('00000000-0000-4000-8000-0000000000a1', 'clear@example.com', now()),
  ('00000000-0000-4000-8000-0000000000a2', 'encrypted@example.com', now());
INSERT INTO auth.mfa_factors (id, user_id, factor_type, status, secret, created_at, updated_at) VALUES
  ('00000000-0000-4000-8000-0000000000b1', '00000000-0000-4000-8000-0000000000a1', 'totp', 'verified',
   'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', now(), now()),
  ('3e361cf2-fb64-4506-bc5d-6b567e101f9d', '00000000-0000-4000-8000-0000000000a2', 'totp', 'verified',
   '{"key_id":"key-1","alg":"aes-gcm-hkdf",' ||
   '"data":"vCt123/HqPvQiBNJxsD+2rs4sNkpCuGw+da0xMnDK22/GA2LKH0k9pJQTST7nnKi",' ||
   '"nonce":"vd+FOqGS6hCXFQnI"}', now(), now())`

func TestMigrateRunCarriesSecondFactors(t *testing.T) {
	t.Parallel()
	source, target := supabasetest.New(t), dbtest.New(t)
	dbtest.Exec(t, source, twoFactorsOfTheSource)
	const secret, key = "a secret of the tests, long enough", "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU"
	env := []string{"FROM_DATABASE_URL", source, "TO_DATABASE_URL", target, "BETTER_AUTH_SECRET", secret}
	for _, s := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"plan", "--mfa", "carry", "--encryption-key", "key-1"}, exitUsage, "ID=KEY"},
		{
			[]string{"plan", "--mfa", "carry", "--encryption-key", "key-1=" + key},
			exitDone,
			"(with the same --encryption-key)",
		},
		{[]string{"run", "--mfa", "carry", "--encryption-key", "key-1=" + key}, exitDone, "second factors"},
		{[]string{"verify", "--encryption-key", "key-1=" + key}, exitDone, "carried + quarantined TOTP factors: 2 and 2"},
		{[]string{"verify"}, exitDone, "twoFactor"},
		{[]string{"report"}, exitDone, "second factors"},
	} {
		code, out, stderr := runXenon(t, append([]string{"migrate"}, s.args...), env...)
		if code != s.code || !strings.Contains(out+stderr, s.want) || strings.Contains(out+stderr, key) {
			t.Errorf("migrate %v: got the exit code %d, want %d, %q in the output and no key\n%s%s",
				s.args, code, s.code, s.want, out, stderr)
		}
	}
	stored := dbtest.Value[string](t, target, `SELECT secret FROM "twoFactor"
WHERE "userId" = '00000000-0000-4000-8000-0000000000a2'`)
	keys, err := cipher.ParseKeys("", secret)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := keys.Decrypt(stored); got != "base32:JN3DWYR4THUUAMK5HRGCLMLDYDCEOM4O" {
		t.Errorf("the encrypted factor in the target: got %q and the error %v, want its secret with the marker", got, err)
	}
}
