package importer_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// The verification lists rows of the source that changed after the copy, with this reason. The next pass copies the
// changes.
func TestVerificationListsChangesOfTheSource(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 21, 1500)
	m := importtest.NewImport(t, from)
	if _, err := m.Run(t.Context(), importtest.BatchesOf100, false, 2); err != nil {
		t.Fatal(err)
	}
	src := importtest.Connect(t, from)
	u, a := importtest.OrdinaryUsers(t, importtest.Connect(t, m.To), 6)
	const newcomer = "00000000-0000-4000-8000-000000000003"
	importtest.ExecWithoutTriggers(
		t,
		src,
		u[0],
		`update auth.users set raw_user_meta_data = '{"name": "Another Name"}' where id = $1`,
	)
	importtest.ExecWithoutTriggers(
		t,
		src,
		u[1],
		`update auth.users set encrypted_password = '$2a$04$cfA8HO.F9ViPz93OF78zGODEtV2Djz8YnyCZ2y1/GpMcLiFel/rdW'
			where id = $1`,
	)
	importtest.ExecWithoutTriggers(t, src, a[2], `delete from auth.identities where id = $1`)
	importtest.ExecWithoutTriggers(
		t,
		src,
		u[3],
		`update public.profiles set learning_speed = 'casual', learning_mode = null, preferred_language = 'eo'
			where user_id = $1`,
	)
	importtest.ExecWithoutTriggers(t, src, u[4], `delete from public.profiles where user_id = $1`)
	importtest.ExecWithoutTriggers(
		t,
		src,
		newcomer,
		`insert into auth.users (id, email, encrypted_password, email_confirmed_at) values ($1, 'newcomer@example.com',
  '$2a$04$cfA8HO.F9ViPz93OF78zGODEtV2Djz8YnyCZ2y1/GpMcLiFel/rdW', now())`,
	)
	v := importtest.Verify(t, m)
	if v.Equal {
		t.Error("the source changed after the copy: the verification is equal, want differences")
	}
	got := map[[2]string]string{}
	for _, d := range v.Differences {
		got[[2]string{d.Table, d.ID}] = d.Kind
		if d.Why != "source changed since" {
			t.Errorf("the difference of %s %s has the reason %q, want \"source changed since\"", d.Table, d.ID, d.Why)
		}
	}
	want := map[[2]string]string{
		{"user", u[0]}:           "different",
		{"credential", u[1]}:     "different",
		{"account", a[2]}:        "extra",
		{"user_profile", u[3]}:   "different",
		{"user_profile", u[4]}:   "extra",
		{"user", newcomer}:       "missing",
		{"credential", newcomer}: "missing",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("differences that the verification lists, by table and id (-got +want):\n%s", diff)
	}
	if _, err := m.Run(t.Context(), importtest.BatchesOf100, false, 2); err != nil {
		t.Fatal(err)
	}
	importtest.CheckEqual(t, m, "after the second pass")
	checkTargetMatchesSource(t, m, importtest.BatchesOf100)
}

// The source changes between the passes: users are changed, added and deleted.
func TestR55_LaterPassesCopyAllChanges(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 22, 800)
	m := importtest.NewImport(t, from)
	if _, err := m.Run(t.Context(), importtest.BatchesOf100, false, 2); err != nil {
		t.Fatal(err)
	}
	for i, quick := range []bool{false, true} {
		supabasetest.Change(t, from, uint64(i), 119)
		if _, err := m.Run(t.Context(), importtest.BatchesOf100, quick, 2); err != nil {
			t.Fatal(err)
		}
		if quick {
			if _, err := m.Run(t.Context(), importtest.BatchesOf100, false, 2); err != nil {
				t.Fatal(err)
			}
		}
		checkTargetMatchesSource(t, m, importtest.BatchesOf100)
		importtest.CheckEqual(t, m, "after a pass")
	}
}

func TestPassStartsAfterMoreThanHalfOfTheUsersWereDeletedOnlyIfAllowed(t *testing.T) {
	t.Parallel()
	m := importtest.NewImport(t, supabasetest.New(t))
	supabasetest.FillBulk(t, m.From, 10, 10, 5)
	remove := func(users string) {
		t.Helper()
		importtest.Exec(t, m.From, `delete from public.profiles
where user_id in (select id from auth.users order by id limit `+users+`);
delete from auth.users where id in (select id from auth.users order by id limit `+users+`)`)
	}
	check := func(want string) {
		t.Helper()
		if got := importtest.Value(t, m.To, `select count(*)::text from "user"`); got != want {
			t.Errorf("the target has %s users, want %s", got, want)
		}
	}
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	remove("5")
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	check("5")
	remove("3")
	_, err := m.Run(t.Context(), importtest.BatchesOf100, false, 2)
	if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), "--allow-deletions") {
		t.Errorf("a pass after three of five users are deleted: got %v, want ErrRefused that names --allow-deletions", err)
	}
	check("5")
	allowed := importtest.BatchesOf100
	allowed.AllowDeletions = true
	importtest.RunToCompletion(t, m, allowed)
	check("2")
}
