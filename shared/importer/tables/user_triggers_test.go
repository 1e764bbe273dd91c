package tables_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// addUser adds a user as a sign-up does and returns its id.
func addUser(t *testing.T, m *importer.Import, name, email string) string {
	t.Helper()
	return importtest.Value(t, m.To, `WITH u AS (
		INSERT INTO `+m.Schema+`."user" (name, email, "emailVerified", image)
		VALUES ('`+name+`', '`+email+`', false, 'https://img.example/new.png') RETURNING id
	) SELECT id::text FROM u`)
}

func TestTriggersOnUsersAreMadeOnlyWithTheOption(t *testing.T) {
	t.Parallel()
	m := importUsers(t, "starter-kit")
	before := objects(t, m.To)
	const title = "on_auth_user_created: public.handle_new_user()"
	want := []string{"the trigger " + title + " on auth.users was not made: use --triggers to make it"}
	if diff := cmp.Diff(want, userTriggerProblems(move(t, m, tables.Options{}))); diff != "" {
		t.Errorf("problems without the option (-want +got):\n%s", diff)
	}
	const profiles = "SELECT concat_ws(' ', full_name, avatar_url) FROM profiles WHERE id::text = "
	if got := importtest.Column(t, m.To, profiles+"'"+addUser(t, m, "Ann", "ann@example.com")+"'"); len(got) > 0 {
		t.Errorf("profile without the trigger: got %q, want none", got)
	}
	result := move(t, m, tables.Options{Triggers: true}) // also after the move is complete
	if got := userTriggerProblems(result); len(got) > 0 || result.Objects["USER TRIGGER"] != 1 {
		t.Errorf("with the option: got the problems %q and the objects %v, want one trigger", got, result.Objects)
	}
	checkVerified(t, m)
	id := addUser(t, m, "Bob Moe", "bob@example.com")
	if got := importtest.Value(t, m.To, profiles+"'"+id+"'"); got != "Bob Moe https://img.example/new.png" {
		t.Errorf("profile of the new user: got %q, want the name and the image", got)
	}
	if n := dbtest.Value[int](t, m.To, "SELECT count(*) FROM profiles WHERE full_name = 'Trial'"); n != 0 {
		t.Errorf("profiles of the trial sign-up: got %d, want none", n)
	}
	dbtest.Exec(t, m.To, `DELETE FROM `+m.Schema+`."user" WHERE email IN ('ann@example.com', 'bob@example.com')`)
	rollback, err := tables.Rollback(t.Context(), m.Env(), "supabase", false)
	if err != nil || len(rollback.Kept) > 0 {
		t.Errorf("rollback: got %+v, %v, want nothing kept", rollback, err)
	}
	if diff := cmp.Diff(before, objects(t, m.To)); diff != "" {
		t.Errorf("objects of the target after the rollback (-before the move +now):\n%s", diff)
	}
	addUser(t, m, "Cid", "cid@example.com") // fails if the trigger is still there
}

// userTriggerProblems returns the problems with triggers on auth.users.
func userTriggerProblems(r tables.Result) (lines []string) {
	for _, line := range r.Problems() {
		if strings.Contains(line, " on auth.users was not made: ") {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestTriggersOnUsersOfTheProjects(t *testing.T) {
	t.Parallel()
	for project, test := range map[string]struct{ problem, count string }{
		"teams": {"", `SELECT count(*)::text FROM memberships m JOIN organizations o ON o.id = m.org
			WHERE o.name = 'new' AND m.role = 'owner' AND m.user_id::text = `},
		"own-users": {"", `SELECT count(*)::text FROM users WHERE "displayName" = 'New User' AND id::text = `},
		"game":      {"app.count_sign_in() on auth.users was not made: it reads NEW.last_sign_in_at", ""},
	} {
		t.Run(project, func(t *testing.T) {
			t.Parallel()
			m := importUsers(t, project)
			problems := strings.Join(userTriggerProblems(move(t, m, tables.Options{Triggers: true})), "\n")
			if problems != "" != (test.problem != "") || !strings.HasSuffix(problems, test.problem) {
				t.Errorf("problems: got %q, want %q", problems, test.problem)
			}
			checkVerified(t, m)
			id := addUser(t, m, "New User", "new@example.com")
			if test.count != "" && importtest.Value(t, m.To, test.count+"'"+id+"'") != "1" {
				t.Error("rows of the new user: got none, want one")
			}
		})
	}
}

func TestTriggerThatFailsForATrialSignUpIsLeftOut(t *testing.T) {
	t.Parallel()
	m := importUsers(t, "starter-kit")
	result := move(t, m, tables.Options{Triggers: true, Exclude: []string{"public.profiles"}})
	want := []string{`the trigger on_auth_user_created: public.handle_new_user() on auth.users was not made: ` +
		`a trial sign-up fails: ERROR: relation "public.profiles" does not exist (SQLSTATE 42P01)`}
	if diff := cmp.Diff(want, userTriggerProblems(result)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	addUser(t, m, "Ann", "ann@example.com")
	for _, name := range objects(t, m.To) {
		if strings.Contains(name, "_xenon") {
			t.Errorf("got %s, want no copy of the function", name)
		}
	}
}

func TestTriggersOfOneFunctionGetTheirOwnCopies(t *testing.T) {
	t.Parallel()
	m := importInto(t, `create table log (id uuid, event text);
		create function log_user() returns trigger language plpgsql security definer set search_path = '' as $$
		begin insert into public.log values (new.id, tg_op || ' ' || tg_name || ' ' || tg_argv[0]); return null; end $$;
		create trigger added after insert on auth.users for each row execute function log_user('a');
		create constraint trigger renamed after update of raw_user_meta_data on auth.users
		deferrable initially deferred for each row when (new.raw_user_meta_data ->> 'name' <> '')
		execute function log_user('b')`, "")
	m.Schema = "public"
	if got := userTriggerProblems(move(t, m, tables.Options{Triggers: true})); len(got) > 0 {
		t.Errorf("problems: got %q, want none", got)
	}
	id := addUser(t, m, "Ann", "ann@example.com")
	for _, change := range []string{"name = 'Bea'", "name = ''", "email = 'b@example.com'"} {
		dbtest.Exec(t, m.To, `UPDATE `+m.Schema+`."user" SET `+change+` WHERE id = '`+id+`'`)
	}
	want := []string{"INSERT added a", "UPDATE renamed b"}
	if diff := cmp.Diff(want, importtest.Column(t, m.To, "SELECT event FROM log ORDER BY 1")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// A user who signs up in Supabase after the move comes with a later pass, and the rows of the trigger with the tables.
func TestLaterPassDoesNotFireTheTriggers(t *testing.T) {
	t.Parallel()
	m := importUsers(t, "starter-kit")
	move(t, m, tables.Options{Triggers: true})
	dbtest.Exec(t, m.From, `INSERT INTO auth.users (id, aud, role, email, email_confirmed_at, created_at, updated_at)
		VALUES ('8a1f0c52-3d64-4f0b-9b0e-5d1c7e2a0099', 'authenticated', 'authenticated', 'late@example.com', now(), now(),
		now())`)
	if _, err := m.Run(t.Context(), importer.Options{MFA: "allow", Profiles: "none"}, false, 0); err != nil {
		t.Fatal(err)
	}
	got := importtest.Value(t, m.To, `SELECT (SELECT count(*) FROM `+m.Schema+`."user" WHERE email = 'late@example.com')
		|| ' ' || (SELECT count(*) FROM profiles WHERE id = '8a1f0c52-3d64-4f0b-9b0e-5d1c7e2a0099')`)
	if got != "1 0" {
		t.Errorf("users and profiles of the later pass: got %s, want 1 0", got)
	}
}

func TestVerifyNamesATriggerThatIsMissing(t *testing.T) {
	t.Parallel()
	m := importUsers(t, "starter-kit")
	move(t, m, tables.Options{Triggers: true})
	dbtest.Exec(t, m.To, `DROP TRIGGER on_auth_user_created ON `+m.Schema+`."user"`)
	v, err := tables.Verify(t.Context(), m.Env(), "supabase", 1)
	if err != nil {
		t.Fatal(err)
	}
	want := tables.KindCounts{
		Kind: "trigger on users", Source: 1, Missing: []string{"on_auth_user_created: public.handle_new_user()"},
		Different: []string{}, Extra: []string{},
	}
	for _, k := range v.Kinds {
		if k.Kind == want.Kind {
			if diff := cmp.Diff(want, k); diff != "" || v.Equal {
				t.Errorf("verify: got equal %t, (-want +got):\n%s", v.Equal, diff)
			}
			return
		}
	}
	t.Errorf("verify: got the kinds %v, want the triggers on users", v.Kinds)
}

func TestScriptHasTheTriggersOnUsers(t *testing.T) {
	t.Parallel()
	for project, want := range map[string]string{
		"starter-kit": "CREATE TRIGGER on_auth_user_created AFTER INSERT ON ",
		"game":        "-- It cannot be made: it reads NEW.last_sign_in_at.",
	} {
		m := importUsers(t, project)
		dir := t.TempDir()
		if _, err := tables.WriteScript(t.Context(), m.Env(), tables.Options{}, installedPgDumps(t), dir); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, "7-user-triggers.sql"))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: got the file %s, %v, want %q in it", project, text, err, want)
		}
	}
}
