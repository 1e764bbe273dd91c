package importer_test

import (
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// A user who could sign in to Supabase can sign in to Xenon with the same password, which is rehashed, and keeps the
// profile. Banned and deleted users, and users whose password is withheld or cannot be verified, cannot sign in. The
// tests of R57 (docs/security.md) that need a real GoTrue are in gotrue_password_test.go.
func TestR57_UsersSignInAfterTheImport(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	users := supabasetest.Fill(t, from, 57, 400).KnownUsers
	m := importtest.NewImport(t, from)
	if _, err := m.Run(t.Context(), importer.Options{MFA: "allow"}, false, 2); err != nil {
		t.Fatal(err)
	}
	profiles := queryColumnTexts(t, m.To, "select row(p.*)::text from user_profile p order by id")
	x := startXenon(t, m.To)
	t.Run("all", func(t *testing.T) {
		var g errgroup.Group
		g.SetLimit(8) // eight at the same time, because failed sign-ins wait most of the time
		for _, p := range users {
			g.Go(func() error {
				if p.Email == "" {
					return nil
				}
				for range 2 { // the first sign-in rehashes the password
					if got := x.signIn(p.Email, p.Password); got != p.SignsIn {
						t.Errorf("sign-in of a user of the kind %q succeeds: %t, want %t", p.Kind, got, p.SignsIn)
					}
					if !p.SignsIn {
						break
					}
				}
				return nil
			})
		}
		_ = g.Wait()
	})
	signsIn := map[string]string{} // kinds of the users who can sign in, by id
	for _, p := range users {
		if p.SignsIn {
			signsIn[p.ID] = p.Kind
		}
	}
	const hashes = `select id || ' ' || password from account where "providerId" = 'credential'`
	for _, line := range queryColumnTexts(t, m.To, hashes) {
		id, hash, _ := strings.Cut(line, " ")
		if kind := signsIn[id]; kind != "" && !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Errorf("after the sign-in of a user of the kind %q the hash is not Argon2id with the parameters of Xenon", kind)
		}
	}
	if len(signsIn) < 60 {
		t.Errorf("%d users of the source can sign in, want at least 60 for the test", len(signsIn))
	}
	after := queryColumnTexts(t, m.To, "select row(p.*)::text from user_profile p order by id")
	if strings.Join(after, "\n") != strings.Join(profiles, "\n") {
		t.Error("the sign-ins changed a profile, want all profiles unchanged")
	}
}
