package twofactor_test

import (
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/cipher"
)

// A factor of an older secret works while the secret is in the list. A spent backup code makes the others be stored
// with the newest version. Without the secret the answer is 500, as in Better Auth.
func TestFactorOfOlderSecretWorks(t *testing.T) {
	t.Parallel()
	const (
		newest = "the newest secret of these tests"
		older  = "the former secret of these tests"
		single = "the secret from before the versions"
	)
	s := newServer(t, "BETTER_AUTH_SECRETS=2:"+newest+",1:"+older, "BETTER_AUTH_SECRET="+single)
	ada := s.signUpWithApp("ada")
	keys := func(versioned, single string) cipher.Keys {
		t.Helper()
		k, err := cipher.ParseKeys(versioned, single)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	current := keys("2:"+newest, "")
	secret, err := current.Decrypt(query[string](s, `SELECT secret FROM "twoFactor"`))
	if err != nil {
		t.Fatalf("decrypt the secret of a new factor with version 2: %v", err)
	}
	for name, c := range map[string]struct {
		keys   cipher.Keys
		status int
	}{
		"version 1":         {keys("1:"+older, ""), 200},
		"without a version": {keys("", single), 200},
		"version 7":         {keys("7:"+newest, ""), 500},
		"another secret":    {keys("1:"+newest, ""), 500},
	} {
		codes := c.keys.Encrypt(`["abcde-fghij","klmno-pqrst"]`)
		s.exec(`UPDATE "twoFactor" SET secret = $1, "backupCodes" = $2`, c.keys.Encrypt(secret), codes)
		s.now = s.now.Add(2 * time.Minute)
		byApp := ada.passwordOnly().post("/two-factor/verify-totp", map[string]any{"code": ada.code()})
		spend := map[string]any{"code": "abcde-fghij"}
		byCode := ada.passwordOnly().post("/two-factor/verify-backup-code", spend)
		if byApp.status != c.status || byCode.status != c.status {
			t.Errorf("%s: got %d %s for a code of the app and %d %s for a backup code, want %d",
				name, byApp.status, byApp.body, byCode.status, byCode.body, c.status)
		}
		left := query[string](s, `SELECT "backupCodes" FROM "twoFactor"`)
		if isNew := strings.HasPrefix(left, "$ba$2$"); isNew != (c.status == 200) {
			t.Errorf("%s: afterwards the codes are stored as %.12s…, want version 2: %v", name, left, c.status == 200)
		}
	}
}
