package importer_test

import (
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// A user who could sign in at Supabase signs in here with the same password, which is rehashed, and keeps the profile.
// Banned and deleted users, and users whose password is withheld or cannot be verified, do not sign in. The half of R57
// that needs Supabase's own server is in gotrue_password_test.go.
func TestR57_PeopleSignInAfterTheImport(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	people := supabasetest.Fill(t, from, 57, 400).People
	m := importtest.Open(t, from)
	if _, err := m.Run(t.Context(), importer.Options{MFA: "allow"}, false, 2); err != nil {
		t.Fatal(err)
	}
	profiles := texts(t, m.To, "select row(p.*)::text from user_profile p order by id")
	x := startXenon(t, m.To)
	t.Run("all", func(t *testing.T) {
		var g errgroup.Group
		g.SetLimit(8) // refusals mostly wait
		for _, p := range people {
			g.Go(func() error {
				if p.Email == "" {
					return nil
				}
				for range 2 { // the second time with the new hash
					if got := x.signIn(p.Email, p.Password); got != p.SignsIn {
						t.Errorf("%s: signed in: %v, want %v", p.Shape, got, p.SignsIn)
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
	in := map[string]string{}
	for _, p := range people {
		if p.SignsIn {
			in[p.ID] = p.Shape
		}
	}
	for _, line := range texts(t, m.To, `select id || ' ' || password from account where "providerId" = 'credential'`) {
		id, hash, _ := strings.Cut(line, " ")
		if shape := in[id]; shape != "" && !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Errorf("%s: the password was not rehashed", shape)
		}
	}
	if len(in) < 60 {
		t.Errorf("%d users of the source sign in, want every format among them", len(in))
	}
	after := texts(t, m.To, "select row(p.*)::text from user_profile p order by id")
	if strings.Join(after, "\n") != strings.Join(profiles, "\n") {
		t.Error("signing in changed a profile")
	}
}
