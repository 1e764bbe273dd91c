//go:build gotrue

package importer_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// Every user whose password worked on the real server signs in here. After the return to Supabase, with the SQL that
// the import writes, their current password works there, changed or not.
func TestR57_GoTrue_PasswordsWorkAfterImportAndReturn(t *testing.T) {
	t.Parallel()
	g, source := project(t)
	people := g.population(source)
	target := dbtest.New(t)
	m := newImport(source, target)
	status := mustImport(t, m)
	x := startXenon(t, target)
	current := map[string]string{} // passwords by email
	for i, p := range people {
		current[p.Email] = p.Password
		got, want := x.signIn(p.Email, p.Password), p.SignsIn || notHere[p.Shape] == ""
		if got != want {
			t.Errorf("%s (%s), who signs in on GoTrue: got %v on Xenon, want %v", p.Email, p.Shape, got, want)
		}
		if got && i%2 == 0 {
			current[p.Email] = fmt.Sprint("changed on Xenon ", i)
			x.changePassword(p.Email, p.Password, current[p.Email])
		}
	}
	returnToSource(t, m, status.Run, source)
	for _, p := range people {
		now, old := current[p.Email], p.Password
		if got, want := g.signIn(p.Email, now), true; got != want {
			t.Errorf("%s (%s), changed: %v: got %v on GoTrue, want %v", p.Email, p.Shape, now != old, got, want)
		}
		if now != old && g.signIn(p.Email, old) {
			t.Errorf("%s (%s) signs in on GoTrue with the password from before", p.Email, p.Shape)
		}
	}
}

// returnToSource returns to Supabase as an administrator does: write the SQL, roll the run back, run the SQL on the
// source.
func returnToSource(t *testing.T, m *importer.Import, run, source string) {
	t.Helper()
	var back bytes.Buffer
	covered, not, err := m.ReturnToSource(t.Context(), run, &back)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the SQL covers %d users", covered)
	if got, want := not, 0; got != want {
		t.Errorf("users with a hash that GoTrue does not read: got %d, want %d", got, want)
	}
	if _, err := m.Rollback(t.Context(), run, importer.RollbackOptions{}); err != nil {
		t.Fatal(err)
	}
	sql(t, source, back.String())
}

// notHere are shapes of users who sign in on GoTrue and, by decision, not here: all of the shape, or those who signed
// up second.
var notHere = map[string]string{
	"deleted by hand":                      "a user with a date of deletion does not sign in",
	"email of a deleted one":               "a user with a date of deletion does not sign in",
	"email of two, with a Turkish capital": "two emails for GoTrue, one here; one of the users has it",
	"email of two, with a final sigma":     "not an email for Better Auth, which accepts ASCII only",
	"email beyond ASCII":                   "not an email for Better Auth, which accepts ASCII only",
	"email with spaces around":             "not an email for Better Auth",
	"email with a space inside":            "not an email for Better Auth",
	"email with two @":                     "not an email for Better Auth",
	"email in quotes":                      "not an email for Better Auth",
	"email with a newline and a tab":       "not an email for Better Auth",
	"password bcrypt of cost 15":           "beyond what one sign-in may cost",
	"password argon2 of 1 GiB":             "beyond what one sign-in may cost",
	"password argon2 of 20 passes":         "beyond what one sign-in may cost",
	"password argon2 of 16 lanes":          "beyond what one sign-in may cost",
	"password firebase of 256 MiB":         "beyond what one sign-in may cost",
	"password bcrypt with a newline":       "GoTrue reads 60 characters and ignores what follows",
}

// population fills the project and returns the users who sign in there by email: of every shape, with every form of
// hash, and some that GoTrue has made itself. Users whose emails differ only in case are left out: GoTrue finds any one
// of them, so which password works is not defined.
func (g *gotrue) population(source string) []supabasetest.Person {
	g.t.Helper()
	people := supabasetest.Fill(g.t, source, 57, 300).People
	for i, v := range knownHashes(g.t) {
		email := fmt.Sprintf("hash%d@gotrue.example", i)
		g.adminCreate(email, v.Hash)
		people = append(people, supabasetest.Person{Email: email, Password: v.Password, Shape: v.Form, SignsIn: true})
	}
	for _, email := range []string{"ada@gotrue.example", "grace@gotrue.example"} {
		g.signUp(email, "correct horse")
		people = append(
			people,
			supabasetest.Person{Email: email, Password: "correct horse", Shape: "GoTrue's own", SignsIn: true},
		)
	}
	all := len(people)
	ambiguous := texts(
		g.t,
		source,
		"SELECT lower(email) FROM auth.users WHERE NOT is_sso_user AND email <> '' GROUP BY 1 HAVING count(*) > 1",
	)
	people = slices.DeleteFunc(people, func(p supabasetest.Person) bool {
		return p.Email == "" || slices.Contains(ambiguous, strings.ToLower(p.Email)) || !g.signIn(p.Email, p.Password)
	})
	if g.t.Logf("%d of %d people sign in on GoTrue", len(people), all); len(people) < 80 {
		g.t.Fatal("too few for a test")
	}
	return people
}
