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

// Users who can sign in to GoTrue can sign in to Xenon after the import, except those of rejectedByXenon. After the
// return to Supabase, with the SQL that the import writes, the current password works in GoTrue, whether it was changed
// or not.
func TestR57_GoTrue_PasswordsWorkAfterImportAndReturn(t *testing.T) {
	t.Parallel()
	g, source := startGoTrueWithProfiles(t)
	users := g.fillProject(source)
	target := dbtest.New(t)
	m := importBetween(source, target)
	status := importAndVerify(t, m)
	x := startXenon(t, target)
	current := map[string]string{} // passwords by email
	for i, p := range users {
		current[p.Email] = p.Password
		got, want := x.signIn(p.Email, p.Password), p.SignsIn || rejectedByXenon[p.Kind] == ""
		if got != want {
			t.Errorf("%s (%s) can sign in to GoTrue: sign-in to Xenon succeeds: %t, want %t", p.Email, p.Kind, got, want)
		}
		if got && i%2 == 0 {
			current[p.Email] = fmt.Sprint("changed on Xenon ", i)
			x.changePassword(p.Email, p.Password, current[p.Email])
		}
	}
	returnToSupabase(t, m, status.Run, source)
	for _, p := range users {
		now, old := current[p.Email], p.Password
		if !g.signIn(p.Email, now) {
			t.Errorf("%s (%s), password changed: %t: after the return GoTrue rejects the current password, want it accepted",
				p.Email, p.Kind, now != old)
		}
		if now != old && g.signIn(p.Email, old) {
			t.Errorf("%s (%s): after the return GoTrue accepts the old password, want it rejected", p.Email, p.Kind)
		}
	}
}

// returnToSupabase does what an operator does to return to Supabase: it writes the SQL, rolls back the run, and
// executes the SQL on the source.
func returnToSupabase(t *testing.T, m *importer.Import, run, source string) {
	t.Helper()
	var text bytes.Buffer
	users, unreadablePasswords, err := m.ReturnToSource(t.Context(), run, &text)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the SQL changes %d users", users)
	if got, want := unreadablePasswords, 0; got != want {
		t.Errorf("ReturnToSource found %d users with a password that Supabase cannot read, want %d", got, want)
	}
	if _, err := m.Rollback(t.Context(), run, importer.RollbackOptions{}); err != nil {
		t.Fatal(err)
	}
	execSQL(t, source, text.String())
}

// rejectedByXenon has the kinds of users who can sign in to GoTrue but, on purpose, not to Xenon, each with the reason.
// If two users have the same email, the reason applies only to the user who does not get the email.
var rejectedByXenon = map[string]string{
	"deleted with SQL":                           "a user with deleted_at set cannot sign in",
	"email of a soft-deleted user":               "a user with deleted_at set cannot sign in",
	"email of two users, with a Turkish capital": "two emails in GoTrue, one in Xenon, which only one of the users has",
	"email of two users, with a final sigma":     "not an email for Better Auth, which accepts ASCII only",
	"email beyond ASCII":                         "not an email for Better Auth, which accepts ASCII only",
	"email with spaces around":                   "not an email for Better Auth",
	"email with a space inside":                  "not an email for Better Auth",
	"email with two @":                           "not an email for Better Auth",
	"email in quotes":                            "not an email for Better Auth",
	"email with a newline and a tab":             "not an email for Better Auth",
	"password bcrypt of cost 15":                 "above the cost limit of a sign-in",
	"password argon2 of 1 GiB":                   "above the cost limit of a sign-in",
	"password argon2 of 20 passes":               "above the cost limit of a sign-in",
	"password argon2 of 16 lanes":                "above the cost limit of a sign-in",
	"password firebase of 256 MiB":               "above the cost limit of a sign-in",
	"password bcrypt with a newline":             "GoTrue reads 60 characters and ignores what follows",
}

// fillProject fills the project with users of every kind, with every hash format, some of them created by GoTrue. It
// returns the users who can sign in to GoTrue by email, without users whose emails differ only in case: GoTrue finds
// any one of them, so it is not defined which password works.
func (g *gotrue) fillProject(source string) []supabasetest.KnownUser {
	g.t.Helper()
	users := supabasetest.Fill(g.t, source, 57, 300).KnownUsers
	for i, v := range knownHashes(g.t) {
		email := fmt.Sprintf("hash%d@gotrue.example", i)
		g.adminCreate(email, v.Hash)
		users = append(users, supabasetest.KnownUser{Email: email, Password: v.Password, Kind: v.Form, SignsIn: true})
	}
	for _, email := range []string{"ada@gotrue.example", "grace@gotrue.example"} {
		g.signUp(email, "correct horse")
		users = append(
			users,
			supabasetest.KnownUser{Email: email, Password: "correct horse", Kind: "GoTrue's own", SignsIn: true},
		)
	}
	all := len(users)
	ambiguous := queryColumnTexts(
		g.t,
		source,
		"SELECT lower(email) FROM auth.users WHERE NOT is_sso_user AND email <> '' GROUP BY 1 HAVING count(*) > 1",
	)
	users = slices.DeleteFunc(users, func(p supabasetest.KnownUser) bool {
		return p.Email == "" || slices.Contains(ambiguous, strings.ToLower(p.Email)) || !g.signIn(p.Email, p.Password)
	})
	if g.t.Logf("%d of %d users can sign in to GoTrue", len(users), all); len(users) < 80 {
		g.t.Fatalf("%d users can sign in to GoTrue, want at least 80 for the test", len(users))
	}
	return users
}
