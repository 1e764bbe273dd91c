package tables_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// metadataTriggers are triggers that read metadata. The second one fires only at changes of raw_app_meta_data.
const metadataTriggers = `create table members (id uuid, nick text, plan text);
create function add_member() returns trigger language plpgsql security definer set search_path = '' as $$ begin
  insert into public.members values (new.id, new.raw_user_meta_data ->> 'nick', new.raw_app_meta_data ->> 'plan');
  return new;
end $$;
create trigger add_member after insert on auth.users for each row execute function add_member();
create table plans (plan text);
create function add_plan() returns trigger language plpgsql security definer set search_path = '' as $$ begin
  insert into public.plans values (new.raw_app_meta_data ->> 'plan');
  return new;
end $$;
create trigger add_plan after update of raw_app_meta_data on auth.users for each row execute function add_plan();`

func addMetadata(t *testing.T, m *importer.Import) {
	t.Helper()
	added, err := migrations.AddMetadata(t.Context(), m.To, m.Schema)
	if err != nil || !added {
		t.Fatalf("add the columns for metadata: got %t, %v, want true", added, err)
	}
}

// addUserWithMetadata adds a user with metadata, changes it, and returns what the triggers and the view show.
func addUserWithMetadata(t *testing.T, m *importer.Import) string {
	t.Helper()
	id := importtest.Value(t, m.To, `WITH u AS (
  INSERT INTO `+m.Schema+`."user" (name, email, "emailVerified", "userMetadata", "appMetadata")
  VALUES ('Nia', gen_random_uuid() || '@example.com', true, '{"nick": "ni"}', '{"plan": "gold"}') RETURNING id
) SELECT id::text FROM u`)
	dbtest.Exec(t, m.To, `UPDATE `+m.Schema+`."user" SET "appMetadata" = '{"plan": "blue"}' WHERE id = $1`, id)
	return importtest.Value(t, m.To, `SELECT concat_ws(' ', m.nick, m.plan, (SELECT string_agg(plan, ',') FROM plans),
  u.raw_user_meta_data ->> 'nick', u.raw_app_meta_data ->> 'plan')
FROM members m JOIN auth.users u USING (id) WHERE id::text = $1`, id)
}

const wantMetadata = "ni gold blue ni blue"

func TestTriggersReadMetadataWhoseColumnsWereAddedBeforeTheMove(t *testing.T) {
	t.Parallel()
	m := importInto(t, metadataTriggers, "")
	m.Schema = "public"
	addMetadata(t, m)
	result := move(t, m, tables.Options{Triggers: true})
	if problems := userTriggerProblems(result); len(problems) > 0 {
		t.Errorf("problems: got %q, want none", problems)
	}
	if got := addUserWithMetadata(t, m); got != wantMetadata {
		t.Errorf("metadata in the triggers and in auth.users: got %q, want %q", got, wantMetadata)
	}
}

// The columns come after the move. The same command makes the triggers and the view auth.users again.
func TestSameMoveReadsMetadataWhoseColumnsWereAddedSince(t *testing.T) {
	t.Parallel()
	m := importInto(t, metadataTriggers, "")
	m.Schema = "public"
	before := objects(t, m.To)
	problems := userTriggerProblems(move(t, m, tables.Options{Triggers: true}))
	if len(problems) != 1 || !strings.Contains(problems[0], "add_plan: public.add_plan() on auth.users was not made: ") {
		t.Errorf("problems before the columns: got %q, want that of add_plan", problems)
	}
	checkVerified(t, m)
	addMetadata(t, m)
	checkDifferentTriggers(t, m, []string{"add_member: public.add_member()"})
	if result := move(t, m, tables.Options{Triggers: true}); len(result.Problems()) > 0 {
		t.Errorf("problems: got %q, want none", result.Problems())
	}
	checkDifferentTriggers(t, m, []string{})
	if got := addUserWithMetadata(t, m); got != wantMetadata {
		t.Errorf("metadata in the triggers and in auth.users: got %q, want %q", got, wantMetadata)
	}
	dbtest.Exec(t, m.To, `DELETE FROM members; DELETE FROM plans; DELETE FROM "user" WHERE name = 'Nia'`)
	rollback, err := tables.Rollback(t.Context(), m.Env(), "supabase", false)
	if err != nil || len(rollback.Kept) > 0 {
		t.Errorf("rollback: got %+v, %v, want nothing kept", rollback, err)
	}
	if diff := cmp.Diff(before, objects(t, m.To)); diff != "" {
		t.Errorf("objects of the target after the rollback (-before the move +now):\n%s", diff)
	}
}

// checkDifferentTriggers verifies the move and compares the triggers that are different.
func checkDifferentTriggers(t *testing.T, m *importer.Import, want []string) {
	t.Helper()
	v, err := tables.Verify(t.Context(), m.Env(), "supabase", 1)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(v.Kinds, func(k tables.KindCounts) bool { return k.Kind == "trigger on users" })
	if i < 0 {
		t.Fatalf("kinds of the verification: got %v, want the triggers on users", v.Kinds)
	}
	if diff := cmp.Diff(want, v.Kinds[i].Different); diff != "" || v.Equal != (len(want) == 0) {
		t.Errorf("verification: got equal %t, different triggers (-want +got):\n%s", v.Equal, diff)
	}
}

// A trigger that cannot be made again stays as it is, with the reason.
func TestTriggerThatIsNotMadeAgainStays(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ sql, want string }{
		"its copy was changed": {
			`CREATE OR REPLACE FUNCTION add_member_xenon() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
			"its copy was changed since the move, and stays as it is",
		},
		"a trial sign-up fails": {
			`ALTER TABLE members ADD CONSTRAINT named CHECK (nick <> '') NOT VALID, ALTER nick SET NOT NULL`,
			`a trial sign-up fails: ERROR: null value in column "nick"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := importInto(t, metadataTriggers, "")
			m.Schema = "public"
			move(t, m, tables.Options{Triggers: true})
			dbtest.Exec(t, m.To, "DELETE FROM members;"+test.sql)
			addMetadata(t, m)
			const function = "SELECT pg_get_functiondef('add_member_xenon'::regproc)"
			before := importtest.Value(t, m.To, function)
			problems := strings.Join(move(t, m, tables.Options{Triggers: true}).Problems(), "\n")
			want := "the trigger add_member: public.add_member() on auth.users was not made again: " + test.want
			if !strings.Contains(problems, want) {
				t.Errorf("problems: got %q, want %q in them", problems, want)
			}
			if diff := cmp.Diff(before, importtest.Value(t, m.To, function)); diff != "" {
				t.Errorf("the function (-before +now):\n%s", diff)
			}
			n := dbtest.Value[int](t, m.To, "SELECT count(*) FROM pg_trigger WHERE tgname = 'add_member'")
			if n != 1 {
				t.Errorf("triggers add_member: got %d, want 1", n)
			}
		})
	}
}

// An operator can have changed the view.
func TestChangedViewOfUsersIsNotMadeAgain(t *testing.T) {
	t.Parallel()
	m := importInto(t, metadataTriggers, "")
	m.Schema = "public"
	move(t, m, tables.Options{})
	dst := connect(t, m.To)
	const definition = "SELECT pg_get_viewdef('auth.users'::regclass)"
	text := importtest.Value(t, m.To, definition)
	changed := "CREATE OR REPLACE VIEW auth.users AS " + strings.TrimSuffix(text, ";") + " WHERE u.name <> 'Trial'"
	if _, err := dst.Exec(context.Background(), changed); err != nil {
		t.Fatal(err)
	}
	before := importtest.Value(t, m.To, definition)
	addMetadata(t, m)
	move(t, m, tables.Options{})
	if diff := cmp.Diff(before, importtest.Value(t, m.To, definition)); diff != "" {
		t.Errorf("the view auth.users (-before +now):\n%s", diff)
	}
}
