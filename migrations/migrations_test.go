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

	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/dbtest"
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

func value[T any](t *testing.T, conn *pgx.Conn, sql string, args ...any) T {
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

func exec(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func files(t *testing.T) []string {
	t.Helper()
	names, err := fs.Glob(migrations.Files, "*")
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestFilesAreNumberedInARow(t *testing.T) {
	t.Parallel()
	for i, name := range files(t) {
		want := regexp.MustCompile(fmt.Sprintf(`^%04d_[a-z0-9_]+\.sql$`, i+1))
		if !want.MatchString(name) {
			t.Errorf("got %s, want %s", name, want)
		}
	}
}

func TestUpAndStatus(t *testing.T) {
	t.Parallel()
	url := dbtest.Empty(t)
	all, err := migrations.Status(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range all {
		if m.Name != files(t)[i] || m.Version != int64(i+1) || !m.Pending() {
			t.Errorf("before: got %+v, want %s pending", m, files(t)[i])
		}
	}

	applied, err := migrations.Up(t.Context(), url)
	if diff := cmp.Diff(applied, files(t)); diff != "" || err != nil {
		t.Errorf("%v; applied, got - want +:\n%s", err, diff)
	}
	again, err := migrations.Up(t.Context(), url)
	if len(again) != 0 || err != nil {
		t.Errorf("second time: got %v, %v, want nothing to do", again, err)
	}

	if all, err = migrations.Status(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if m.Pending() {
			t.Errorf("after: %s is pending", m.Name)
		}
	}
}

// Two deployments at once: each file is applied once and nobody fails.
func TestUpTogether(t *testing.T) {
	t.Parallel()
	url := dbtest.Empty(t)
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
	if diff := cmp.Diff(got, files(t)); diff != "" || errors.Join(errs...) != nil {
		t.Errorf("%v; applied, got - want +:\n%s", errors.Join(errs...), diff)
	}
}

// P21: a lock that a killed migration left runs out by itself and no session keeps one.
func TestUpLeavesNoLock(t *testing.T) {
	t.Parallel()
	url := dbtest.Empty(t)
	if _, err := migrations.Up(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, url)
	if value[bool](t, conn, "SELECT bool_or(locked) FROM goose_lock") {
		t.Error("the lock is still held")
	}
	exec(t, conn, "DELETE FROM goose_db_version WHERE version_id > 1")
	exec(t, conn, "DROP TABLE user_profile")
	exec(t, conn, "DROP FUNCTION user_profile_touch")
	exec(t, conn, "UPDATE goose_lock SET locked = true, locked_by = 'somebody who was killed', lease_expires_at = now() - interval '1 second'")
	applied, err := migrations.Up(t.Context(), url)
	if diff := cmp.Diff(applied, files(t)[1:]); diff != "" || err != nil {
		t.Errorf("%v; applied, got - want +:\n%s", err, diff)
	}
}

func TestUpSaysWhatWentWrong(t *testing.T) {
	t.Parallel()
	t.Run("nobody there", func(t *testing.T) {
		t.Parallel()
		proxy := dbtest.NewProxy(t, dbtest.Empty(t))
		proxy.Refuse()
		_, err := migrations.Up(t.Context(), proxy.URL())
		if err == nil || !strings.Contains(err.Error(), "apply migrations: ") {
			t.Errorf("got %v, want an error at once", err)
		}
	})
	t.Run("tables with text ids", func(t *testing.T) {
		t.Parallel()
		url := dbtest.Empty(t)
		exec(t, connect(t, url), `CREATE TABLE "user" (id text PRIMARY KEY)`)
		_, err := migrations.Up(t.Context(), url)
		if err == nil || !strings.Contains(err.Error(), `generateId = "uuid"`) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want one line that tells the option of the library", err)
		}
	})
	t.Run("a table in the way", func(t *testing.T) {
		t.Parallel()
		url := dbtest.Empty(t)
		conn := connect(t, url)
		exec(t, conn, `CREATE TABLE user_profile ()`)
		applied, err := migrations.Up(t.Context(), url)
		if err == nil || !strings.Contains(err.Error(), "0002_user_profile.sql") {
			t.Errorf("got %v, want the name of the file", err)
		}
		if diff := cmp.Diff(applied, files(t)[:1]); diff != "" {
			t.Errorf("applied, got - want +:\n%s", diff)
		}
		if value[bool](t, conn, "SELECT bool_or(locked) FROM goose_lock") {
			t.Error("the lock is still held")
		}
	})
}

func newUser(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	return value[string](t, conn, `INSERT INTO "user" (name, email, "emailVerified") VALUES ('', gen_random_uuid()::text, false) RETURNING id::text`)
}

// A database whose bans the library's admin plugin has written keeps them.
func TestBan_ColumnsMayBeThere(t *testing.T) {
	t.Parallel()
	url := dbtest.Empty(t)
	if _, err := migrations.Up(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, url)
	exec(t, conn, "DELETE FROM goose_db_version WHERE version_id = 3")
	exec(t, conn, `UPDATE "user" SET banned = true, "banReason" = 'spam', "banExpires" = 'infinity' WHERE id = $1`, newUser(t, conn))
	if _, err := migrations.Up(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	if !value[bool](t, conn, `SELECT banned AND "banReason" = 'spam' AND "banExpires" = 'infinity' FROM "user"`) {
		t.Error("the ban is gone")
	}
}

func TestProfileChecks(t *testing.T) {
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
				t.Errorf("%s %v: %v", test.column, v, err)
			}
		}
		for _, v := range test.bad {
			_, err := conn.Exec(t.Context(), insert, newUser(t, conn), v)
			var pg *pgconn.PgError
			if !errors.As(err, &pg) || pg.Code != "23514" && pg.Code != "23502" {
				t.Errorf("%s %v: got %v, want a violated check", test.column, v, err)
			}
		}
	}
}

func TestProfileIsOneAUserAndGoesWithThem(t *testing.T) {
	t.Parallel()
	conn := connect(t, dbtest.New(t))
	user := newUser(t, conn)
	exec(t, conn, "INSERT INTO user_profile (user_id) VALUES ($1)", user)
	if got, want := value[string](t, conn, "SELECT preferred_language FROM user_profile"), "en"; got != want {
		t.Errorf("language: got %q, want %q", got, want)
	}
	_, err := conn.Exec(t.Context(), "INSERT INTO user_profile (user_id) VALUES ($1)", user)
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "23505" || pg.ConstraintName != "user_profile_user_id_key" {
		t.Errorf("second profile: got %v, want a violated user_profile_user_id_key", err)
	}
	exec(t, conn, `DELETE FROM "user" WHERE id = $1`, user)
	if got := value[int](t, conn, "SELECT count(*) FROM user_profile"); got != 0 {
		t.Errorf("profiles after the user: got %d, want 0", got)
	}
}

// updated_at is the ETag: every update gives a later one, whatever the statement says and the clock shows.
func TestProfileVersionsDiffer(t *testing.T) {
	t.Parallel()
	conn := connect(t, dbtest.New(t))
	exec(t, conn, "INSERT INTO user_profile (user_id, updated_at) VALUES ($1, now() + interval '1 hour')", newUser(t, conn))
	exec(t, conn, "BEGIN")
	last := value[time.Time](t, conn, "SELECT updated_at FROM user_profile")
	for _, statement := range []string{
		"UPDATE user_profile SET time_per_week = 1",
		"UPDATE user_profile SET time_per_week = 1",
		"UPDATE user_profile SET updated_at = '2000-01-01'",
	} {
		next := value[time.Time](t, conn, statement+" RETURNING updated_at")
		if !next.After(last) {
			t.Errorf("%s: got %v, want later than %v", statement, next, last)
		}
		last = next
	}
	exec(t, conn, "COMMIT")
	exec(t, conn, "INSERT INTO user_profile (user_id) VALUES ($1)", newUser(t, conn))
	if !value[bool](t, conn, `UPDATE user_profile SET time_per_week = 2 WHERE updated_at < now() RETURNING updated_at > now()`) {
		t.Error("updated_at is not the time of the update")
	}
}
