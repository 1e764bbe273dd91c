package migrations_test

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/schema"
)

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

func queryValue[T any](t *testing.T, conn *pgx.Conn, sql string, args ...any) T {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func execSQL(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func migrationFiles(t *testing.T) []string {
	t.Helper()
	names, err := fs.Glob(migrations.Files, "*")
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestFilesHaveAscendingNumbers(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(`^(\d{4})_[a-z0-9_]+\.sql$`)
	last := ""
	for _, name := range migrationFiles(t) {
		m := pattern.FindStringSubmatch(name)
		if m == nil || m[1] <= last {
			t.Fatalf("names of the migrations: got %s after the number %q, want NNNN_name.sql with ascending numbers",
				name, last)
		}
		last = m[1]
	}
}

func TestUpAppliesAllFilesOnceAndStatusListsThem(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t)
	all, err := migrations.Status(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range all {
		if m.Name != migrationFiles(t)[i] || !strings.HasPrefix(m.Name, fmt.Sprintf("%04d_", m.Version)) || !m.Pending() {
			t.Errorf("status before Up: got %+v, want %s pending", m, migrationFiles(t)[i])
		}
	}

	applied, err := migrations.Up(t.Context(), url)
	if diff := cmp.Diff(applied, migrationFiles(t)); diff != "" || err != nil {
		t.Errorf("files that Up applied: error %v (-got +want):\n%s", err, diff)
	}
	again, err := migrations.Up(t.Context(), url)
	if len(again) != 0 || err != nil {
		t.Errorf("files that a second Up applied: got %v and the error %v, want none", again, err)
	}

	if all, err = migrations.Status(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if m.Pending() {
			t.Errorf("status after Up: got %s pending, want it applied", m.Name)
		}
	}
}

// Concurrent deployments apply each file once, and none fails.
func TestConcurrentUpsApplyEachFileOnce(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t)
	applied := make([][]string, 4)
	errs := make([]error, len(applied))
	var all sync.WaitGroup
	for i := range applied {
		all.Go(func() { applied[i], errs[i] = migrations.Up(t.Context(), url) })
	}
	all.Wait()
	var got []string
	for i := range applied {
		got = append(got, applied[i]...)
	}
	if diff := cmp.Diff(got, migrationFiles(t)); diff != "" || errors.Join(errs...) != nil {
		t.Errorf("files that four concurrent calls of Up applied: error %v (-got +want):\n%s", errors.Join(errs...), diff)
	}
}

// Up releases its lock. If the process of an Up was killed, its lock expires.
func TestUpReleasesItsLockAndTakesOverAnExpiredOne(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t)
	if _, err := migrations.Up(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, url)
	if queryValue[bool](t, conn, "SELECT bool_or(locked) FROM goose_lock") {
		t.Error("the lock after Up: got locked = true, want false")
	}
	execSQL(t, conn, "DELETE FROM goose_db_version WHERE version_id > 1")
	execSQL(t, conn, "DROP TABLE user_profile")
	execSQL(t, conn, "DROP FUNCTION user_profile_touch")
	execSQL(t, conn, `UPDATE goose_lock
		SET locked = true, locked_by = 'a killed process', lease_expires_at = now() - interval '1 second'`)
	applied, err := migrations.Up(t.Context(), url)
	if diff := cmp.Diff(applied, migrationFiles(t)[1:]); diff != "" || err != nil {
		t.Errorf("files that Up applied after the lock of a killed process expired: error %v (-got +want):\n%s", err, diff)
	}
}

func TestUpErrorSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	t.Run("no server", func(t *testing.T) {
		t.Parallel()
		proxy := dbtest.NewProxy(t, dbtest.NewEmpty(t))
		proxy.RefuseConnections()
		_, err := migrations.Up(t.Context(), proxy.URL())
		if err == nil || !strings.Contains(err.Error(), "apply migrations: ") {
			t.Errorf("Up without a server: got the error %v, want one with \"apply migrations: \"", err)
		}
	})
	t.Run("a table of another application", func(t *testing.T) {
		t.Parallel()
		for _, test := range []struct{ table, want string }{
			{
				`CREATE TABLE "user" (id text PRIMARY KEY)`,
				`user.id: found text, wanted uuid NOT NULL (Better Auth's option advanced.database.generateId = "uuid")`,
			},
			{
				`CREATE TABLE account (id serial PRIMARY KEY, iban text NOT NULL)`,
				"account.iban: found NOT NULL without a default",
			},
			{`CREATE TABLE user_profile (id uuid)`, "user_profile.user_id: found no such column"},
			{`CREATE VIEW session AS SELECT 1 AS id`, "session: found a view, wanted a table"},
		} {
			url := dbtest.NewEmpty(t)
			conn := connect(t, url)
			execSQL(t, conn, test.table)
			applied, err := migrations.Up(t.Context(), url)
			var misfit *schema.Error
			if !errors.As(err, &misfit) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Up after %s: got the error %v, want a *schema.Error with %q", test.table, err, test.want)
			}
			if len(applied) > 0 || queryValue[bool](t, conn, "SELECT to_regclass('goose_db_version') IS NOT NULL") {
				t.Errorf("Up after %s: applied %v or created goose_db_version, want neither", test.table, applied)
			}
		}
	})
	t.Run("a function of another application with the same name", func(t *testing.T) {
		t.Parallel()
		url := dbtest.NewEmpty(t)
		conn := connect(t, url)
		execSQL(t, conn, `CREATE FUNCTION user_profile_touch() RETURNS int LANGUAGE sql AS 'SELECT 1'`)
		applied, err := migrations.Up(t.Context(), url)
		if err == nil || !strings.Contains(err.Error(), "0002_user_profile.sql") {
			t.Errorf("Up with a migration that fails: got the error %v, want the name 0002_user_profile.sql in it", err)
		}
		if diff := cmp.Diff(applied, migrationFiles(t)[:1]); diff != "" {
			t.Errorf("files applied before the one that fails (-got +want):\n%s", diff)
		}
		if queryValue[bool](t, conn, "SELECT bool_or(locked) FROM goose_lock") {
			t.Error("the lock after an Up that failed: got locked = true, want false")
		}
	})
}

// An older release must not work on the schema of a newer one, of which it knows nothing.
func TestUpAndStatusRejectTheSchemaOfANewerRelease(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	execSQL(t, connect(t, url), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9998, true), (9999, true)`)
	applied, upErr := migrations.Up(t.Context(), url)
	all, statusErr := migrations.Status(t.Context(), url)
	for name, err := range map[string]error{"Up": upErr, "Status": statusErr} {
		newer, ok := errors.AsType[*migrations.NewerError](err)
		if !ok {
			t.Errorf("%s on the schema of a newer release: got the error %v, want a *NewerError", name, err)
			continue
		}
		if diff := cmp.Diff([]int64{9998, 9999}, newer.Unknown); diff != "" {
			t.Errorf("%s on the schema of a newer release: the unknown migrations (-want +got):\n%s", name, diff)
		}
	}
	if len(applied) != 0 || len(all) == 0 {
		t.Errorf("got %d applied and %d listed migrations, want none applied, and the known ones listed",
			len(applied), len(all))
	}
}

// Status can be called before any migration was applied. It creates no table and no schema.
func TestStatusChangesNothing(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t)
	if _, err := migrations.Status(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	if _, err := migrations.StatusIn(t.Context(), url, "xenon"); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, url)
	if queryValue[bool](
		t,
		conn,
		`SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema'))
		OR to_regnamespace('xenon') IS NOT NULL`,
	) {
		t.Error("Status created a table or a schema, want no change")
	}
}

// The schema public can have tables of an application with the same names.
func TestUpInAnotherSchemaChangesNothingInPublic(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t)
	conn := connect(t, url)
	execSQL(
		t,
		conn,
		`CREATE TABLE "user" (login int); CREATE TABLE goose_db_version (mine int); INSERT INTO "user" VALUES (1)`,
	)
	for _, name := range []string{"xenon", "select"} { // the second is a word of SQL
		applied, err := migrations.UpIn(t.Context(), url, name)
		if diff := cmp.Diff(applied, migrationFiles(t)); diff != "" || err != nil {
			t.Errorf("files that UpIn applied to the schema %s: error %v (-got +want):\n%s", name, err, diff)
		}
		if again, err := migrations.UpIn(t.Context(), url, name); len(again) > 0 || err != nil {
			t.Errorf("files that a second UpIn applied to the schema %s: got %v and the error %v, want none", name, again, err)
		}
		all, err := migrations.StatusIn(t.Context(), url, name)
		if err != nil || len(all) != len(migrationFiles(t)) || all[0].Pending() {
			t.Errorf("status of the schema %s: got %v and the error %v, want all migrations applied", name, all, err)
		}
		tables := queryValue[int](t, conn, "SELECT count(*)::int FROM pg_tables WHERE schemaname = $1", name)
		if want := len(schema.Tables) + 2; tables != want {
			t.Errorf("tables in the schema %s: got %d, want %d", name, tables, want)
		}
	}
	if !queryValue[bool](
		t,
		conn,
		`SELECT (SELECT count(*) FROM pg_tables WHERE schemaname = 'public') = 2 AND EXISTS (SELECT FROM "user"
			WHERE login = 1)`,
	) {
		t.Error("the tables in the schema public have changed, want no change")
	}
}

// newUser stores a user and returns the id.
func newUser(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	return queryValue[string](
		t,
		conn,
		`INSERT INTO "user" (name, email, "emailVerified") VALUES ('', gen_random_uuid()::text, false) RETURNING id::text`,
	)
}

// Better Auth's admin plugin creates the same columns for bans. A database with these columns keeps its bans.
func TestUpKeepsBansOfTheAdminPlugin(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t)
	conn := connect(t, url)
	tables, err := fs.ReadFile(migrations.Files, migrationFiles(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	execSQL(t, conn, string(tables))
	execSQL(t, conn, `ALTER TABLE "user" ADD banned boolean, ADD "banReason" text, ADD "banExpires" timestamptz`)
	execSQL(
		t,
		conn,
		`UPDATE "user" SET banned = true, "banReason" = 'spam', "banExpires" = 'infinity' WHERE id = $1`,
		newUser(t, conn),
	)
	if _, err := migrations.Up(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	if !queryValue[bool](t, conn, `SELECT banned AND "banReason" = 'spam' AND "banExpires" = 'infinity' FROM "user"`) {
		t.Error("the ban after the migrations is another one or missing, want it unchanged")
	}
}

// Better Auth 1.7.0 to 1.7.2 have the column account.issuer. Xenon's statements do not write it, so a default and a
// trigger do.
func TestIssuerOfAccountsIsThatOfBetterAuth(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t)
	conn := connect(t, url)
	tables, err := fs.ReadFile(migrations.Files, migrationFiles(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	execSQL(t, conn, string(tables))
	execSQL(t, conn, `ALTER TABLE account ADD issuer text NOT NULL`)
	if _, err := migrations.Up(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	for provider, want := range map[string]string{
		"credential": "local:credential", "google": "https://accounts.google.com", "github": "local:oauth:github",
	} {
		execSQL(t, conn, `INSERT INTO account ("accountId", "providerId", "userId", "updatedAt") VALUES ('1', $2, $1, now())`,
			newUser(t, conn), provider)
		if got := queryValue[string](t, conn, `SELECT issuer FROM account WHERE "providerId" = '`+provider+`'`); got != want {
			t.Errorf("the issuer of an account with the provider %s: got %s, want %s", provider, got, want)
		}
	}
}

func TestProfileColumnsAcceptOnlyAllowedValues(t *testing.T) {
	t.Parallel()
	conn := connect(t, dbtest.New(t))
	for _, test := range []struct {
		column string
		good   []any
		bad    []any
	}{
		{"age_range", []any{nil, "under_18", "18_24", "25_34", "35_plus"}, []any{"", "old", "UNDER_18"}},
		{"education_level", []any{nil, "high_school", "undergrad", "masters", "phd", "self_taught"}, []any{"", "school"}},
		{"tech_background", []any{nil, "software_engineer", "hardware_engineer", "student", "hobbyist"}, []any{"", "cook"}},
		{"primary_goal", []any{nil, "career_switch", "academic", "hobby_project", "startup_founder"}, []any{"", "fun"}},
		{"learning_mode", []any{nil, "visual", "textual", "code_first"}, []any{"", "audio"}},
		{"learning_speed", []any{nil, "intensive", "balanced", "casual"}, []any{"", "fast"}},
		{"time_per_week", []any{nil, 0, 1, 2147483647}, []any{-1}},
		{"preferred_language", []any{"e", "en", "zh-Hant-TW"}, []any{nil, "", "zh-Hant-TW1"}},
	} {
		insert := "INSERT INTO user_profile (user_id, " + test.column + ") VALUES ($1, $2)"
		for _, v := range test.good {
			if _, err := conn.Exec(t.Context(), insert, newUser(t, conn), v); err != nil {
				t.Errorf("insert a profile with %s = %v: got the error %v, want none", test.column, v, err)
			}
		}
		for _, v := range test.bad {
			_, err := conn.Exec(t.Context(), insert, newUser(t, conn), v)
			var pg *pgconn.PgError
			if !errors.As(err, &pg) || pg.Code != "23514" && pg.Code != "23502" {
				t.Errorf("insert a profile with %s = %v: got the error %v, want a violated CHECK or NOT NULL",
					test.column, v, err)
			}
		}
	}
}

func TestUserHasOneProfileThatIsDeletedWithUser(t *testing.T) {
	t.Parallel()
	conn := connect(t, dbtest.New(t))
	user := newUser(t, conn)
	execSQL(t, conn, "INSERT INTO user_profile (user_id) VALUES ($1)", user)
	if got, want := queryValue[string](t, conn, "SELECT preferred_language FROM user_profile"), "en"; got != want {
		t.Errorf("preferred_language of a new profile: got %q, want %q", got, want)
	}
	_, err := conn.Exec(t.Context(), "INSERT INTO user_profile (user_id) VALUES ($1)", user)
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "23505" || pg.ConstraintName != "user_profile_user_id_key" {
		t.Errorf("insert a second profile of a user: got the error %v, want a violated user_profile_user_id_key", err)
	}
	execSQL(t, conn, `DELETE FROM "user" WHERE id = $1`, user)
	if got := queryValue[int](t, conn, "SELECT count(*) FROM user_profile"); got != 0 {
		t.Errorf("profiles after the user was deleted: got %d, want 0", got)
	}
}

// updated_at is the ETag. Every update makes it later, even if the statement sets an earlier time, or if the row
// already has a time in the future.
func TestEveryUpdateOfAProfileIncreasesUpdatedAt(t *testing.T) {
	t.Parallel()
	conn := connect(t, dbtest.New(t))
	execSQL(
		t,
		conn,
		"INSERT INTO user_profile (user_id, updated_at) VALUES ($1, now() + interval '1 hour')",
		newUser(t, conn),
	)
	execSQL(t, conn, "BEGIN")
	last := queryValue[time.Time](t, conn, "SELECT updated_at FROM user_profile")
	for _, statement := range []string{
		"UPDATE user_profile SET time_per_week = 1",
		"UPDATE user_profile SET time_per_week = 1",
		"UPDATE user_profile SET updated_at = '2000-01-01'",
	} {
		next := queryValue[time.Time](t, conn, statement+" RETURNING updated_at")
		if !next.After(last) {
			t.Errorf("updated_at after %s: got %v, want a time after %v", statement, next, last)
		}
		last = next
	}
	execSQL(t, conn, "COMMIT")
	execSQL(t, conn, "INSERT INTO user_profile (user_id) VALUES ($1)", newUser(t, conn))
	if !queryValue[bool](
		t,
		conn,
		`UPDATE user_profile SET time_per_week = 2 WHERE updated_at < now() RETURNING updated_at > now()`,
	) {
		t.Error("updated_at after an update: got a time before the update began, want one after it")
	}
}
