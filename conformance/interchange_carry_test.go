//go:build node

package conformance

import (
	"context"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/atrest"
)

// The second factors of a Supabase project: one in clear, one that the database encryption has encrypted, and two of
// one user, of which the second was used last. The password of all users is alpha-Pass-1.
const supabaseFactors = `
INSERT INTO auth.users (id, email, encrypted_password, email_confirmed_at)
SELECT id::uuid, email, '$2a$10$EMPajnJ2E1RsboYVhaRr5.SKGoNGqvzbSMlLUvVNLlGxz3mo/lT6e', now()
FROM (VALUES
  ('00000000-0000-4000-8000-0000000000a1', 'clear@example.com'),
  ('00000000-0000-4000-8000-0000000000a2', 'encrypted@example.com'),
  ('00000000-0000-4000-8000-0000000000a3', 'two@example.com')) u (id, email);
INSERT INTO auth.mfa_factors
  (id, user_id, factor_type, status, secret, created_at, updated_at, last_challenged_at)
VALUES
  ('00000000-0000-4000-8000-0000000000b1', '00000000-0000-4000-8000-0000000000a1', 'totp', 'verified',
   '2DTWCWGEUT4GYSNOTX3V4Y2K6KOWGAJB', now(), now(), NULL),
  ('3e361cf2-fb64-4506-bc5d-6b567e101f9d', '00000000-0000-4000-8000-0000000000a2', 'totp', 'verified',
   '{"key_id":"key-1","alg":"aes-gcm-hkdf",' ||
   '"data":"vCt123/HqPvQiBNJxsD+2rs4sNkpCuGw+da0xMnDK22/GA2LKH0k9pJQTST7nnKi",' ||
   '"nonce":"vd+FOqGS6hCXFQnI"}', now(), now(), NULL),
  ('00000000-0000-4000-8000-0000000000b3', '00000000-0000-4000-8000-0000000000a3', 'totp', 'verified',
   'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', now(), now(), NULL),
  ('00000000-0000-4000-8000-0000000000b4', '00000000-0000-4000-8000-0000000000a3', 'totp', 'verified',
   'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', now(), now(), now())`

// carrySecret is the secret of both servers and of the import.
const carrySecret = "a secret of the interchange tests, long enough"

// carryFactors imports supabaseFactors into the database of both servers.
func (ix interchange) carryFactors(t *testing.T) {
	t.Helper()
	source := supabasetest.New(t)
	dbtest.Exec(t, source, supabaseFactors)
	keys, err := atrest.ParseKeys([]string{"key-1=YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU"})
	if err != nil {
		t.Fatal(err)
	}
	m := importer.Import{
		From: source, To: ix.database, Holder: "test", Now: time.Now, EncryptionKeys: keys,
		Secret: func(context.Context) (cipher.Keys, error) { return cipher.ParseKeys("", carrySecret) },
	}
	st, err := m.Run(t.Context(), importer.Options{MFA: "carry"}, false, 1)
	if err != nil || st.State != "complete" {
		t.Fatalf("the import: got the state %q and the error %v, want complete", st.State, err)
	}
}

// codeByAnotherLibrary returns the current code of a secret in base32, computed by the npm package otpauth.
func codeByAnotherLibrary(t *testing.T, secret string) string {
	t.Helper()
	const program = `import { TOTP } from 'otpauth'; console.log(new TOTP({ secret: process.argv[1] }).generate())`
	out, err := exec.Command("node", "--input-type=module", "-e", program, secret).Output()
	if err != nil {
		t.Fatalf("compute a code: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// The authenticator app that a user has set up at Supabase signs in at both servers after the import. The first sign-in
// at Xenon rehashes the password, so that Better Auth can read it.
func TestInterchange_CarriedSecondFactorSignsInAtBothServers(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t, "TWO_FACTOR=on", "BETTER_AUTH_SECRET="+carrySecret)
	ix.carryFactors(t)
	for name, secret := range map[string]string{
		"clear": "2DTWCWGEUT4GYSNOTX3V4Y2K6KOWGAJB", "encrypted": "JN3DWYR4THUUAMK5HRGCLMLDYDCEOM4O",
		"two": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
	} {
		for _, s := range []runningServer{ix.xenon, ix.betterAuth} {
			ix.exec(t, `DELETE FROM verification WHERE identifier LIKE 'totp-used-%'`) // a code works once at Xenon (D130)
			v := ix.newVisitor(t)
			in := jsonObject{"email": name + "@example.com", "password": "alpha-Pass-1"}
			a := v.checkStatus(v.post(s, "/sign-in/email", in), http.StatusOK)
			if a.body["twoFactorRedirect"] != true || !strings.Contains(a.text, `"totp"`) {
				t.Errorf("%s at %s: got %s, want a challenge of the app", name, s.name, a.text)
			}
			wrong := v.post(s, "/two-factor/verify-totp", jsonObject{"code": "000"})
			v.checkStatus(wrong, http.StatusUnauthorized)
			code := jsonObject{"code": codeByAnotherLibrary(t, secret)}
			v.checkStatus(v.post(s, "/two-factor/verify-totp", code), http.StatusOK)
			for _, at := range []runningServer{ix.xenon, ix.betterAuth} {
				if user, _ := v.sessionIDsAt(at); user == "" {
					t.Errorf("%s: no session at %s after the code at %s, want one", name, at.name, s.name)
				}
			}
			uri := v.checkStatus(v.post(s, "/two-factor/get-totp-uri", jsonObject{"password": "alpha-Pass-1"}), http.StatusOK)
			if !strings.Contains(uri.body.textMember("totpURI"), "secret="+secret+"&") {
				t.Errorf("%s: the URI of %s: got %s, want one with the secret of Supabase", name, s.name, uri.text)
			}
			codes := v.post(s, "/two-factor/generate-backup-codes", jsonObject{"password": "alpha-Pass-1"})
			v.checkStatus(codes, http.StatusOK)
		}
	}
}
