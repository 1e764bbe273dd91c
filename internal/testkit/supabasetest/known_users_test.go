package supabasetest

import (
	"slices"
	"testing"

	"github.com/xenon-auth/xenon/shared/password"
	"github.com/xenon-auth/xenon/shared/web"
)

// newVerifier returns a function that reports whether a hash belongs to a password. The function caches its results,
// because many users have the same hash.
func newVerifier(t *testing.T) func(hash, plain string) bool {
	t.Helper()
	hasher, seen := password.NewCheap(), map[[2]string]bool{}
	return func(hash, plain string) bool {
		ok, known := seen[[2]string{hash, plain}]
		if !known {
			var err error
			if ok, err = hasher.Verify(t.Context(), hash, plain); err != nil {
				t.Fatal(err)
			}
			seen[[2]string{hash, plain}] = ok
		}
		return ok
	}
}

func TestHashesBelongToTheirPasswords(t *testing.T) {
	t.Parallel()
	ok := newVerifier(t)
	for _, s := range slices.Concat(passwordsOfEveryFormat, ordinaryPasswords, sameEmailPasswords, unusualPasswords,
		[]samplePassword{passwordHashedWithSQL, {plain: ChangedPassword, hash: changedHash}}) {
		if !ok(s.hash, s.plain) || ok(s.hash, s.plain+"x") && len(s.plain) < 72 {
			t.Errorf("the hash of the form %q: does not verify its password %q, or verifies a longer one", s.form, s.plain)
		}
	}
	if got, want := len(passwordsOfEveryFormat), 15; got != want {
		t.Errorf("password vectors: got %d, want %d", got, want)
	}
	if !password.IsSupported(unknownBcryptHash) {
		t.Error("IsSupported of the constant random: got false, want true")
	}
}

func TestUnsupportedHashesAreRejected(t *testing.T) {
	t.Parallel()
	all := append(
		slices.Concat(tooCostlyPasswords, textsThatAreNoHashes),
		samplePassword{form: "cost 31", hash: mostCostlyHash, rejected: true},
	)
	for _, s := range all {
		if !s.rejected || password.IsSupported(s.hash) {
			t.Errorf("the hash of the form %q: got rejected = %v and IsSupported = %v, want true and false",
				s.form, s.rejected, password.IsSupported(s.hash))
		}
	}
}

// The test computes KnownUser.SignsIn a second time, from the rows alone. A user can sign in if the user owns the email
// and has confirmed it, is not banned and not deleted, and if the hash verifies the password. Of users with the same
// email, one whose email contains a Kelvin sign never owns it.
func TestSignsInMatchesTheRows(t *testing.T) {
	t.Parallel()
	url := New(t)
	users := Fill(t, url, 5, 3000).KnownUsers
	hashes := queryByKey[string](t, url, `
		SELECT id::text, encrypted_password FROM (
			SELECT *, row_number() OVER (PARTITION BY lower(email COLLATE "und-x-icu")
				ORDER BY email LIKE '%K%', is_sso_user, email_confirmed_at IS NULL, created_at NULLS LAST, id) AS rank
			FROM auth.users WHERE deleted_at IS NULL) live
		WHERE rank = 1 AND email_confirmed_at IS NOT NULL AND (banned_until IS NULL OR banned_until < now())
			AND encrypted_password IS NOT NULL`)
	emails := queryByKey[string](
		t,
		url,
		`SELECT id::text, lower(email) FROM auth.users WHERE deleted_at IS NULL AND email IS NOT NULL`,
	)
	ok := newVerifier(t)
	covered := map[string]bool{}
	for _, p := range users {
		want := hashes[p.ID] != "" && web.IsEmail(p.Email) && ok(hashes[p.ID], p.Password)
		if p.SignsIn != want {
			t.Errorf("the user %s of the kind %q: got SignsIn = %v, want %v", p.ID, p.Kind, p.SignsIn, want)
		}
		if p.SignsIn && p.Email != emails[p.ID] {
			t.Errorf("the user %s of the kind %q: got Email = %q, want auth.users.email in lower case: %q",
				p.ID, p.Kind, p.Email, emails[p.ID])
		}
		covered[p.Password] = covered[p.Password] || p.SignsIn
	}
	for _, s := range slices.Concat(passwordsOfEveryFormat, unusualPasswords) {
		if !covered[s.plain] {
			t.Errorf("no known user can sign in with a hash of the form %s, want at least one", s.form)
		}
	}
}
