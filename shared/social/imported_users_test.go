package social_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/providertest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
)

// importedUsers is the number of users of the test below.
const importedUsers = 1000

// Users of all providers are imported from Supabase and sign in: each of them gets a session with the user id of the
// import. The provider returns the email of the user in Supabase. For a user without one it returns a new email or
// none.
func TestImportedUsersKeepTheirUserID(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	people := supabasetest.FillSocial(t, from, importedUsers)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	settings := []string{"DATABASE_URL", m.To}
	byProvider := map[string][]int{}
	for i, p := range people {
		if byProvider[p.ProviderID] == nil && p.ProviderID != "keycloak" {
			for name, value := range providertest.ClientSettings(p.ProviderID) {
				settings = append(settings, name, value)
			}
		}
		byProvider[p.ProviderID] = append(byProvider[p.ProviderID], i)
	}
	if len(byProvider) != 17 {
		t.Errorf("the users have %d providers, want the sixteen built-in ones and one of OpenID Connect", len(byProvider))
	}
	s := newServer(t, settings...)
	var arrived atomic.Int64
	t.Run("sign in", func(t *testing.T) {
		for id, indexes := range byProvider {
			t.Run(id, func(t *testing.T) {
				t.Parallel()
				for _, i := range indexes {
					b, p := s.browser(), people[i]
					to := b.signIn(id, `,"callbackURL":"/home"`, visitOf(p, i)).location()
					if got := b.userID(); got != p.UserID {
						t.Errorf("sign-in with the account %s: want user %s, got user %q and a redirect to %s",
							p.Subject, p.UserID, got, to)
						continue
					}
					arrived.Add(1)
				}
			})
		}
	})
	if n := arrived.Load(); n != importedUsers {
		t.Errorf("%d of %d sign-ins created a session of the imported user, want all", n, importedUsers)
	}
	var want []string
	for i, p := range people {
		want = append(want, expectedEmailAfterSignIn(p, i))
	}
	slices.Sort(want)
	got := importtest.Column(t, m.To, `select concat_ws(' ', id, email, "emailVerified") from "user"`)
	slices.Sort(got)
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("emails after the sign-in (-got +want):\n%.4000s", diff)
	}
	const filled = `select count(*) from account where "accessToken" is not null and "providerId" <> 'credential'`
	if n := dbtest.Value[int](t, m.To, filled); n != importedUsers {
		t.Errorf("%d accounts have tokens, want %d", n, importedUsers)
	}
}

// emailAtProvider returns the email that the provider returns for user number i, who has none in Supabase: a new one if
// i is even, otherwise "".
func emailAtProvider(p supabasetest.SocialAccount, i int) string {
	if i%2 == 0 {
		return "new." + p.UserID + "@example.com"
	}
	return ""
}

// visitOf returns the visit of a user of Supabase at the provider.
func visitOf(p supabasetest.SocialAccount, i int) providertest.Visit {
	who := providertest.Person{Subject: p.Subject, Name: "Another Name", Email: p.Email, Verified: p.Confirmed}
	if p.Email == "" {
		who.Email, who.Verified = emailAtProvider(p, i), true
	}
	return providertest.Visit{Person: who}
}

// expectedEmailAfterSignIn returns the id, the email and "t" or "f" for emailVerified, which the user has after the
// sign-in. A placeholder is replaced only by an email that the provider has verified and that no other user has.
func expectedEmailAfterSignIn(p supabasetest.SocialAccount, i int) string {
	neverVerifies := slices.Contains([]string{"facebook", "figma", "notion", "spotify"}, p.ProviderID)
	switch {
	case p.Email == "" && emailAtProvider(p, i) != "" && !neverVerifies:
		return fmt.Sprint(p.UserID, " ", emailAtProvider(p, i), " t")
	case p.Email == "":
		return p.UserID + " " + p.UserID + "@no-email.supabase-migration.invalid f"
	case p.Placeholder:
		return p.UserID + " " + p.UserID + "@email-conflict.supabase-migration.invalid f"
	}
	verified := "f"
	if p.Confirmed {
		verified = "t"
	}
	return strings.Join([]string{p.UserID, strings.ToLower(p.Email), verified}, " ")
}
