package migrations_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/profilefields"
	"github.com/xenon-auth/xenon/shared/profilefields/declaration"
	"github.com/xenon-auth/xenon/shared/schema"
)

// declare returns fields that are declared as "name: type, …", one a line, such as "level: integer, min: 1".
func declare(t *testing.T, lines ...string) profilefields.Fields {
	t.Helper()
	fields, err := declaration.Parse([]byte("fields:\n" + declarationText(lines)))
	if err != nil {
		t.Fatal(err)
	}
	return fields
}

func declarationText(lines []string) (text string) {
	for _, line := range lines {
		name, rest, _ := strings.Cut(line, ": ")
		text += "  - {name: " + name + ", label: L, type: " + rest + "}\n"
	}
	return text
}

const (
	level        = "level: choice, choices: [{value: low, label: L}, {value: high, label: H}]"
	higherLevels = "level: choice, choices: [{value: high, label: H}, {value: top, label: T}]"
)

// change calls ChangeProfile and fails the test at an error.
func change(t *testing.T, url, name string, fields profilefields.Fields) []string {
	t.Helper()
	planned, err := migrations.PlanProfile(t.Context(), url, name, fields)
	if err != nil {
		t.Fatal(err)
	}
	done, err := migrations.ChangeProfile(t.Context(), url, name, fields)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(planned, done); diff != "" {
		t.Errorf("ChangeProfile does not what PlanProfile says (-plan +done):\n%s", diff)
	}
	again, err := migrations.ChangeProfile(t.Context(), url, name, fields)
	if err != nil || len(again.Statements) > 0 {
		t.Errorf("a second ChangeProfile: got the statements %v and the error %v, want none", again.Statements, err)
	}
	return done.Statements
}

// newProfile stores a profile that sets columns, such as "level = 'low'".
func newProfile(t *testing.T, conn *pgx.Conn, columns, values string) {
	t.Helper()
	execSQL(t, conn, `INSERT INTO user_profile (user_id, `+columns+`) VALUES ('`+newUser(t, conn)+`', `+values+`)`)
}

func TestShippedDeclarationChangesNothing(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	got := change(t, database, schema.Public, declaration.Shipped())
	copied, err := declaration.Parse(declaration.ShippedFile())
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, change(t, database, schema.Public, copied)...)
	if len(got) > 0 {
		t.Errorf("the shipped declaration and a copy of its file: got the statements %v, want none", got)
	}
}

func TestDeclaredFieldsBecomeColumnsWithChecks(t *testing.T) {
	t.Parallel()
	for _, name := range []string{schema.Public, "xenon"} {
		database := dbtest.NewEmpty(t)
		if _, err := migrations.UpIn(t.Context(), database, name); err != nil {
			t.Fatal(err)
		}
		fields := declare(t, level, "nick: text, max: 3", "code: text, pattern: '^[a-z]+$', default: ok",
			"seats: integer, min: 1, max: 9, default: 2", "any_number: integer", "news: boolean",
			"shown: boolean, default: false", "user: text")
		statements := change(t, database, name, fields)
		if len(statements) != 8 || !strings.Contains(statements[0], `ADD COLUMN "level" text CONSTRAINT`) {
			t.Errorf("schema %s: got the statements %v, want one for each field", name, statements)
		}
		conn := connect(t, database)
		execSQL(t, conn, `SET search_path = `+name)
		execSQL(t, conn, `INSERT INTO user_profile (user_id) VALUES ('`+newUser(t, conn)+`')`)
		got := queryValue[string](t, conn, `
			SELECT concat_ws(' ', coalesce(level, '-'), code, seats, shown) FROM user_profile`)
		if got != `- ok 2 f` {
			t.Errorf("schema %s: a row with the defaults is %s, want - ok 2 f", name, got)
		}
		for _, set := range []string{
			"level = 'other'", "nick = ''", "nick = 'four'", "code = 'A'", "seats = 0", "seats = 10", "seats = NULL",
			"shown = NULL", "code = NULL",
		} {
			if _, err := conn.Exec(t.Context(), "UPDATE user_profile SET "+set); err == nil {
				t.Errorf("schema %s: SET %s: got no error, want a violated constraint", name, set)
			}
		}
		execSQL(t, conn, `UPDATE user_profile SET level = 'high', nick = 'äöü', seats = 9, news = NULL, any_number = -1`)
	}
}

// Each change of the declaration would need values of rows to change. The error says how many rows and which value, and
// what to do. Nothing is changed.
func TestChangeThatRowsDoNotAllowIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, after     string
		column, value, or string // a row has the value; or repairs it
		want              string
	}{
		"a removed choice": {
			level, higherLevels, "level", "'low'", "UPDATE user_profile SET level = 'high'",
			"the field has no choice for: low in 1 row",
		},
		"a lower maximum of a text": {
			"nick: text", "nick: text, max: 3", "nick", "'secret'", "UPDATE user_profile SET nick = 'abc'",
			"does not allow (1 to 3 characters): 1 row.",
		},
		"a pattern": {
			"nick: text", "nick: text, pattern: '^[a-z]+$'", "nick", "'Ada'", "UPDATE user_profile SET nick = 'ada'",
			"pattern ^[a-z]+$): 1 row.",
		},
		"a range": {
			"seats: integer", "seats: integer, min: 1", "seats", "0", "UPDATE user_profile SET seats = 1",
			"does not allow (1 to 2147483647): 0 in 1 row",
		},
		"a type": {
			"seats: integer", "seats: text", "seats", "1", "ALTER TABLE user_profile RENAME seats TO old_seats",
			"seats: the column is of type integer, but a field of type text needs text",
		},
		"a default": {
			"seats: integer", "seats: integer, default: 1", "seats", "NULL", "UPDATE user_profile SET seats = 1",
			"but 1 row is null. Give them a value first: UPDATE",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := dbtest.New(t)
			conn := connect(t, database)
			change(t, database, schema.Public, declare(t, c.before))
			newProfile(t, conn, c.column, c.value)
			before := tableDescription(t, conn)
			after := declare(t, "added: boolean", c.after)
			_, planErr := migrations.PlanProfile(t.Context(), database, schema.Public, after)
			got, err := migrations.ChangeProfile(t.Context(), database, schema.Public, after)
			var refused *migrations.ProfileError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) || len(got.Statements) > 0 ||
				planErr == nil || planErr.Error() != err.Error() || strings.Contains(err.Error(), "secret") {
				t.Errorf("got the statements %v, the plan %v and the error %v, want no statement and %q from both",
					got.Statements, planErr, err, c.want)
			}
			if diff := cmp.Diff(before, tableDescription(t, conn)); diff != "" {
				t.Errorf("the refused change has changed the table (-before +after):\n%s", diff)
			}
			execSQL(t, conn, c.or)
			if statements := change(t, database, schema.Public, after); len(statements) < 2 {
				t.Errorf("after the repair: got the statements %v, want at least two", statements)
			}
		})
	}
}

// tableDescription returns the columns and the constraints of user_profile.
func tableDescription(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	return queryTexts(t, conn, `
		SELECT concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
		FROM pg_attribute a
		LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
		WHERE a.attrelid = 'user_profile'::regclass AND a.attnum > 0
		UNION ALL
		SELECT concat_ws(' ', conname, pg_get_constraintdef(oid)) FROM pg_constraint
		WHERE conrelid = 'user_profile'::regclass
		ORDER BY 1`)
}

// A field can get more choices, a wider range, another default, or none.
func TestDeclarationCanChange(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	conn := connect(t, database)
	change(t, database, schema.Public, declare(t, higherLevels, "seats: integer, min: 1, default: 1", "nick: text, max: 5",
		"old: text"))
	newProfile(t, conn, "level, old", "'high', 'kept'")
	after := declare(t, level, "seats: integer, min: 0, default: 0", "nick: text, max: 10, default: none")
	if _, err := migrations.ChangeProfile(t.Context(), database, schema.Public, after); err == nil {
		t.Error("a default for a column with a NULL: got no error, want one")
	}
	execSQL(t, conn, "UPDATE user_profile SET nick = 'ada'")
	change(t, database, schema.Public, after)
	newProfile(t, conn, "level", "'low'")
	got := queryValue[string](t, conn, `SELECT concat_ws(' ', seats, nick) FROM user_profile WHERE level = 'low'`)
	if got != "0 none" {
		t.Errorf("defaults of a new row: got %s, want 0 none", got)
	}
	change(t, database, schema.Public, declare(t, level, "seats: integer", "nick: text"))
	newProfile(t, conn, "seats", "-5")
	got = queryValue[string](t, conn, `SELECT coalesce(nick, 'null') FROM user_profile WHERE seats = -5`)
	if got != "null" {
		t.Errorf("nick without a default: got %s, want null", got)
	}
	plan, err := migrations.PlanProfile(t.Context(), database, schema.Public, declare(t, level))
	if err != nil || !strings.Contains(strings.Join(plan.Undeclared, " "), "seats nick old") || len(plan.Statements) > 0 {
		t.Errorf("fewer fields: got the plan %+v and the error %v, want no statement and the other columns", plan, err)
	}
	if got := queryValue[string](t, conn, `SELECT old FROM user_profile WHERE old IS NOT NULL`); got != "kept" {
		t.Errorf("a column that is no longer declared has the value %s, want kept", got)
	}
}

// A return to the shipped declaration ends with the tables of the migrations.
func TestShippedDeclarationComesBack(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	conn := connect(t, database)
	before := tableDescription(t, conn)
	change(t, database, schema.Public, declare(t,
		"age_range: choice, choices: [{value: x, label: X}]", "preferred_language: text, max: 20, default: de",
		"time_per_week: integer, min: 1, max: 5"))
	if diff := cmp.Diff(before, tableDescription(t, conn)); diff == "" {
		t.Error("another declaration of the same fields has changed nothing, want other constraints")
	}
	change(t, database, schema.Public, declaration.Shipped())
	if diff := cmp.Diff(before, tableDescription(t, conn)); diff != "" {
		t.Errorf("the table after the return (-before +after):\n%s", diff)
	}
}

func TestANewOrderOfChoicesChangesNothing(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	change(t, database, schema.Public, declare(t, level))
	reversed := declare(t, "level: choice, choices: [{value: high, label: H}, {value: low, label: L}]")
	if got := change(t, database, schema.Public, reversed); len(got) > 0 {
		t.Errorf("the same choices in another order: got the statements %v, want none", got)
	}
}

func TestChangeProfileDoesNotWaitLongForALock(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	holder := connect(t, database)
	before := tableDescription(t, holder)
	execSQL(t, holder, `BEGIN; LOCK TABLE user_profile IN ACCESS SHARE MODE`)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err := migrations.ChangeProfile(ctx, database, schema.Public, declare(t, level, "seats: integer"))
	if err == nil || !strings.Contains(err.Error(), `another session uses the table "user_profile"`) {
		t.Errorf("while another session uses the table: got the error %v, want one about the lock", err)
	}
	execSQL(t, holder, "ROLLBACK")
	if diff := cmp.Diff(before, tableDescription(t, holder)); diff != "" {
		t.Errorf("the table after the failure (-before +after):\n%s", diff)
	}
}

func TestConcurrentCallsOfChangeProfileWaitForEachOther(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	fields := declare(t, level, "seats: integer, default: 1")
	errs := make([]error, 4)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { _, errs[i] = migrations.ChangeProfile(t.Context(), database, schema.Public, fields) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Errorf("concurrent calls: got the error %v, want none", err)
	}
}

func TestRoleForRequestsCanReadAndWriteDeclaredColumns(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	conn := connect(t, database)
	role := "xenon_role_" + strings.ReplaceAll(newUser(t, conn), "-", "")
	execSQL(t, conn, "CREATE ROLE "+role+" LOGIN PASSWORD 'of a test'")
	t.Cleanup(func() {
		if _, err := conn.Exec(context.WithoutCancel(t.Context()), "DROP OWNED BY "+role+"; DROP ROLE "+role); err != nil {
			t.Errorf("drop the role of the test: %v", err)
		}
	})
	if err := migrations.Grant(t.Context(), database, schema.Public, role); err != nil {
		t.Fatal(err)
	}
	fields := declare(t, "seats: integer")
	change(t, database, schema.Public, fields)
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal("the database URL is not a URL")
	}
	u.User = url.UserPassword(role, "of a test")
	restricted := connect(t, u.String())
	newProfile(t, conn, "seats", "1")
	execSQL(t, restricted, `UPDATE user_profile SET seats = 3`)
	if got := queryValue[int](t, restricted, `SELECT seats FROM user_profile`); got != 3 {
		t.Errorf("the role for requests reads %d, want 3, which it wrote", got)
	}
	if _, err := migrations.ChangeProfile(t.Context(), u.String(), schema.Public, fields); err != nil {
		t.Errorf("ChangeProfile as this role without a change: got the error %v, want none", err)
	}
}

// Without the columns of the declaration, the check of the tables fails.
func TestCheckTablesRequiresTheDeclaredColumns(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	fields := declare(t, level, "seats: integer, default: 1")
	conn := connect(t, database)
	execSQL(t, conn, "SET timezone = 'UTC'")
	check := func() error {
		return schema.CheckTables(t.Context(), conn, schema.Public, schema.AllMigrationsApplied, fields...)
	}
	var mismatch *schema.Error
	if err := check(); !errors.As(err, &mismatch) || len(mismatch.Problems) != 2 ||
		!strings.Contains(mismatch.Problems[0].Repair, "xenon schema up") {
		t.Errorf("without the columns: got %v, want two problems that xenon schema up repairs", err)
	}
	change(t, database, schema.Public, fields)
	if err := check(); err != nil {
		t.Errorf("with the columns: got %v, want no problem", err)
	}
	change(t, database, schema.Public, declare(t, level, "seats: integer"))
	if err := check(); !errors.As(err, &mismatch) || len(mismatch.Problems) != 1 {
		t.Errorf("with NULLs in a field with a default: got %v, want one problem", err)
	}
}
