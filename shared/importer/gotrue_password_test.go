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

// Everybody whose password worked on the real server signs in here; and when they go back, with the SQL that the import
// writes, what is their password by then works there, whether they changed it here or not.
func TestR57_GoTrue_PasswordsWorkHereAndThereAgain(t *testing.T) {
	t.Parallel()
	g, source := project(t)
	people := g.population(source)
	target := dbtest.New(t)
	m := newImport(source, target)
	status := bring(t, m)
	x := startXenon(t, target)
	current := map[string]string{} // passwords by address
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
	goBack(t, m, status.Run, source)
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

// goBack does what an administrator does to return: takes the SQL, undoes the run, and runs the SQL on the source.
func goBack(t *testing.T, m *importer.Import, run, source string) {
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

// notHere are shapes of people who sign in on GoTrue and, by decision, not here: all of the shape, or those who come
// second.
var notHere = map[string]string{
	"deleted by hand":                       "whoever has a date of deletion stays out",
	"address of a deleted one":              "whoever has a date of deletion stays out",
	"e-mail of two, with a Turkish capital": "GoTrue tells apart what is the same address here; one of them has it",
	"e-mail of two, with a final sigma":     "no address to Better Auth, which takes ASCII only",
	"e-mail beyond ASCII":                   "no address to Better Auth, which takes ASCII only",
	"e-mail with spaces around":             "no address to Better Auth",
	"e-mail with a space inside":            "no address to Better Auth",
	"e-mail with two @":                     "no address to Better Auth",
	"e-mail in quotes":                      "no address to Better Auth",
	"e-mail with a newline and a tab":       "no address to Better Auth",
	"password bcrypt of cost 15":            "beyond what one sign-in may cost",
	"password argon2 of 1 GiB":              "beyond what one sign-in may cost",
	"password argon2 of 20 passes":          "beyond what one sign-in may cost",
	"password argon2 of 16 lanes":           "beyond what one sign-in may cost",
	"password firebase of 256 MiB":          "beyond what one sign-in may cost",
	"password bcrypt with a newline":        "GoTrue reads 60 characters and ignores what follows",
}

// population fills the project and returns the people who sign in there by address: of every shape, with every form of
// hash, and some that GoTrue has made itself. Where addresses differ by case only, GoTrue takes the first it comes
// across, another one after every change to a row: whose password works there is nobody's choice, so they are not among
// them.
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
		g.t.Fatal("too few to say anything")
	}
	return people
}
