package follow_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

const (
	oneSecret   = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	otherSecret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	// encryptedSecret has the form in which Supabase stores a secret that it has encrypted.
	encryptedSecret = `{"key_id":"key-1","alg":"aes-gcm-hkdf","data":"eA==","nonce":"eHh4eHh4eHh4eHh4"}`
)

var carry = importer.Options{BatchSize: 100, MFA: "carry"}

// addFactor returns SQL that gives the n-th user a second factor.
func addFactor(id, n, secret string) string {
	return `insert into auth.mfa_factors (id, user_id, factor_type, status, secret, created_at, updated_at)
select md5('` + id + `')::uuid, id, 'totp', 'verified', '` + secret + `', now(), now()
from auth.users order by id offset ` + n + ` limit 1;`
}

// carriedSecrets returns the secrets of "twoFactor" in the target in the order of their users.
func carriedSecrets(t *testing.T, m *importer.Import) (all []string) {
	t.Helper()
	keys, err := testSecret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, stored := range importtest.Column(t, m.To, `select secret from "twoFactor" order by "userId"`) {
		secret, err := keys.Decrypt(stored)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, secret)
	}
	return all
}

// newFactorSource returns an import of a source with 150 users of whom the first three have a second factor.
func newFactorSource(t *testing.T) *importer.Import {
	t.Helper()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 150, 150, 0)
	importtest.Exec(t, from, addFactor("a", "0", oneSecret)+addFactor("b", "1", oneSecret)+addFactor("c", "2", oneSecret))
	m := importtest.NewImport(t, from)
	m.Secret = testSecret
	return m
}

func TestFollowCopiesChangedSecondFactors(t *testing.T) {
	t.Parallel()
	m := newFactorSource(t)
	polls := followWith(t, m, carry, func(number int) {
		if number == 1 {
			importtest.Exec(t, m.From, `
update auth.mfa_factors set secret = '`+otherSecret+`' where id = md5('a')::uuid;
delete from auth.mfa_factors where id = md5('b')::uuid;`+addFactor("d", "140", otherSecret))
		}
	})
	if n := changedUsers(polls); n != 3 {
		t.Errorf("users that the polls found to be changed: got %d, want 3: a changed, a deleted and a new factor", n)
	}
	want := []string{"base32:" + otherSecret, "base32:" + oneSecret, "base32:" + otherSecret}
	if diff := cmp.Diff(want, carriedSecrets(t, m)); diff != "" {
		t.Errorf("secrets in the target (-want +got):\n%s", diff)
	}
	importtest.CheckVerificationIsEqual(t, m)
}

// Supabase writes the time of each challenge, and can encrypt the secret when a code is used.
func TestUseOfACarriedSecondFactorIsNoChange(t *testing.T) {
	t.Parallel()
	m := newFactorSource(t)
	followWith(t, m, carry, nil)
	before := carriedSecrets(t, m)
	importtest.Exec(t, m.From, `
update auth.mfa_factors set last_challenged_at = now(), updated_at = now() where id = md5('a')::uuid;
update auth.mfa_factors set secret = '`+encryptedSecret+`' where id = md5('b')::uuid`)
	f := checkFreeze(t, m, nil)
	// A transaction of another test on the same server can make a poll read more rows.
	if !f.IsFrozen || f.Polls[0].Changed != 0 || f.Polls[0].Rows < 2 {
		t.Errorf("factors that are used: got %q and %+v, want a frozen source, and at least 2 rows of unchanged users",
			f.WhyNot(), f.Polls)
	}
	if diff := cmp.Diff(before, carriedSecrets(t, m)); diff != "" {
		t.Errorf("secrets in the target (-before +after):\n%s", diff)
	}
	importtest.Exec(t, m.From, "update auth.mfa_factors set secret = '"+encryptedSecret+"' where id = md5('a')::uuid;"+
		addFactor("e", "20", encryptedSecret))
	polls := followWith(t, m, carry, nil)
	if n := changedUsers(polls); n != 1 {
		t.Errorf("changed users with a new factor that cannot be read: got %d, want 1: %+v", n, polls)
	}
	reasons := importtest.Column(t, m.To, `select reason from supabase_import.quarantine where source = 'factor'`)
	if got := strings.Join(reasons, " "); got != "mfa_encrypted" {
		t.Errorf("reasons in the quarantine: got %q, want mfa_encrypted", got)
	}
	importtest.CheckVerificationIsEqual(t, m)
}
