package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/projecttest"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// tablesStep is a call of the command.
type tablesStep struct {
	args []string
	code int
	out  []string // parts of the output
	err  []string // parts of the errors and the progress
}

// check runs the command.
func (s tablesStep) check(t *testing.T, env []string) {
	t.Helper()
	code, out, stderr := runXenon(t, append([]string{"migrate"}, s.args...), env...)
	if code != s.code {
		t.Errorf("xenon migrate %v: got the exit code %d, want %d\n%s%s", s.args, code, s.code, out, stderr)
	}
	for text, wants := range map[string][]string{out: s.out, stderr: s.err} {
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("xenon migrate %v: want %q in the output, got\n%s%s", s.args, want, out, stderr)
			}
		}
	}
}

func TestMigrateTablesMovesVerifiesAndRollsBack(t *testing.T) {
	t.Parallel()
	target := dbtest.New(t)
	projecttest.RejectHal(t, target, "public")
	env := []string{"FROM_DATABASE_URL", projecttest.New(t, "starter-kit"), "TO_DATABASE_URL", target}
	script := filepath.Join(t.TempDir(), "script")
	for _, s := range []tablesStep{
		{args: []string{"run", "--mfa", "allow", "--profiles", "none"}, code: exitNeedsDecision},
		{args: []string{"verify"}, out: []string{
			"\nAll copied rows are equal to the source. This covers users, accounts and the profile table. " +
				"xenon migrate tables --verify\ncovers the other tables. Next:\n",
		}},
		{args: []string{"tables", "--dry-run", "--verify"}, code: exitUsage, err: []string{"exclude each other"}},
		{
			args: []string{"tables", "--verify"}, code: exitFailed,
			err: []string{"has moved no tables", "Move them with xenon migrate tables."},
		},
		{
			args: []string{"tables", "--dry-run"}, code: exitNeedsDecision, out: []string{
				"Dry run: 3 tables would be moved; nothing was changed.", "Before the rows it would create: ",
				"Needs your attention\n", "was not made: use --triggers to\n    make it", "Next:\n  xenon migrate tables\n",
			},
		},
		{args: []string{"tables", "--script", script}, out: []string{"7-user-triggers.sql, undo.sql"}},
		{
			args: []string{"tables", "--triggers", "--orphans", "quarantine"}, out: []string{
				"The move of the tables is complete: ", "  public.profiles  ", "rows quarantined\n",
				"Next:\n  xenon migrate tables --verify\n",
			}, err: []string{"tables: public.profiles, "},
		},
		{args: []string{"tables", "--verify"}, out: []string{
			"\nThe moved tables are equal to the source. This covers the rows of 3 tables, and the objects above.\n" +
				"Schemas: public\nxenon migrate verify covers users, accounts and the profile table.\n", "policy ",
		}},
		{args: []string{"verify"}, out: []string{"\ncovers the other tables. Next:\n"}},
		{args: []string{"tables", "--rollback"}, code: exitUsage, err: []string{"confirm with --yes"}},
		{args: []string{"rollback", "--yes"}, code: exitFailed, err: []string{"xenon migrate tables --rollback"}},
		{args: []string{"tables", "--rollback", "--yes"}, out: []string{" objects dropped\n"}},
		{args: []string{"tables", "--verify"}, code: exitFailed, err: []string{"has moved no tables"}},
	} {
		s.check(t, env)
	}
	if dbtest.Value[bool](t, target, "SELECT to_regclass('public.profiles') IS NOT NULL") {
		t.Error("after the rollback: got the table public.profiles, want none")
	}
}

func TestMigrateTablesFollowsTheSource(t *testing.T) {
	t.Parallel()
	from, target := projecttest.New(t, "blog"), dbtest.New(t)
	dbtest.Exec(t, from, "create table raw_visits (page text); insert into raw_visits values ('/')")
	projecttest.RejectHal(t, target, "public")
	env := []string{"FROM_DATABASE_URL", from, "TO_DATABASE_URL", target}
	follow := []string{"tables", "--follow", "--until-idle", "--interval", "1ms"}
	for _, s := range []tablesStep{
		{args: []string{"run", "--mfa", "allow", "--profiles", "none"}, code: exitNeedsDecision},
		{args: []string{"tables", "--freeze-check"}, code: exitFailed, err: []string{"has moved no tables"}},
		{args: follow, out: []string{"Next:\n  xenon migrate tables --freeze-check"}, err: []string{
			"The move of the tables is complete", "--freeze-check copies them again", "public.raw_visits: 1 rows in ",
			"; tables: 0 rows read, 0 written and 0 deleted in 0 tables; ", "a freeze would take about",
		}},
		{args: []string{"tables", "--follow", "--verify"}, code: exitUsage, err: []string{"exclude each other"}},
		{args: []string{"tables", "--until-idle"}, code: exitUsage, err: []string{"need --follow"}},
	} {
		s.check(t, env)
	}
	dbtest.Exec(t, from, "insert into raw_visits values ('/new')")
	for _, s := range []tablesStep{
		{args: []string{"tables", "--freeze-check"}, out: []string{"Frozen: ", " tables were compared"}},
		{args: []string{"tables", "--verify"}, out: []string{"The moved tables are equal to the source"}},
	} {
		s.check(t, env)
	}
}

// One of the schemas is moved, and the others are named.
func TestMigrateTablesMovesOnlyTheChosenSchemas(t *testing.T) {
	t.Parallel()
	target := dbtest.New(t)
	env := []string{"FROM_DATABASE_URL", projecttest.New(t, "game"), "TO_DATABASE_URL", target}
	const behind = "schema api, schema public, table app.scores"
	for _, s := range []tablesStep{
		{args: []string{"run", "--mfa", "allow", "--profiles", "none"}, code: exitNeedsDecision},
		{
			args: []string{"tables", "--schema", "apps"}, code: exitFailed,
			err: []string{`the project has no schema "apps" of its own; it has api, app, public`},
		},
		{args: []string{"tables", "--verify"}, code: exitFailed, err: []string{"has moved no tables"}},
		{
			args: []string{"tables", "--schema", "app", "--exclude", "app.scores"}, code: exitNeedsDecision,
			out: []string{"\nSchemas: app\nLeft behind, as the options say: " + behind + "\n", "  app.players "},
		},
		{args: []string{"tables", "--verify"}, out: []string{
			"\nSchemas: app\nNot covered, because the options left it behind: " + behind + "\nxenon migrate verify covers ",
		}},
	} {
		s.check(t, env)
	}
	if dbtest.Value[bool](t, target, "SELECT to_regnamespace('api') IS NOT NULL") {
		t.Error("after the move of the schema app: got the schema api, want none")
	}
}

func TestMigrateTablesPrintsJSON(t *testing.T) {
	t.Parallel()
	env := []string{"FROM_DATABASE_URL", projecttest.New(t, "starter-kit"), "TO_DATABASE_URL", dbtest.New(t)}
	tablesStep{args: []string{"run", "--mfa", "allow", "--profiles", "none"}, code: exitNeedsDecision}.check(t, env)
	read := func(code int, result any, args ...string) {
		t.Helper()
		got, out, stderr := runXenon(t, append([]string{"migrate", "tables", "--json"}, args...), env...)
		if err := json.Unmarshal([]byte(out), result); err != nil || got != code {
			t.Fatalf("migrate tables --json %v: got the exit code %d and %v, want %d and JSON\n%s%s",
				args, got, err, code, out, stderr)
		}
	}
	var moved tables.Result
	read(exitNeedsDecision, &moved) // the trigger on auth.users
	if moved.State != tables.Complete || moved.Rows() == 0 || len(moved.LeftOut) == 0 {
		t.Errorf("the move: got %+v, want a complete one with rows and the trigger that was left out", moved)
	}
	var v tables.Verification
	read(exitDone, &v, "--verify")
	if !v.Equal || len(v.Tables) != len(moved.Tables) {
		t.Errorf("the verification: got %+v, want %d equal tables", v, len(moved.Tables))
	}
	dbtest.Exec(t, env[3], "UPDATE profiles SET full_name = 'Changed'")
	read(exitNeedsDecision, &v, "--verify")
	var undone tables.RollbackResult
	read(exitNeedsDecision, &undone, "--rollback", "--yes")
	if v.Equal || len(undone.Kept) == 0 {
		t.Errorf("after a change: got equal %t and %v kept, want different tables and a kept table", v.Equal, undone.Kept)
	}
}
