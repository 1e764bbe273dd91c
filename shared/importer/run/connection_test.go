package run

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

func TestCheckURLRefusesPoolersWithoutSessions(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"postgres://u:p@ep-x.eu-central-1.aws.neon.tech/db":                   "",
		"postgres://u:p@ep-x-pooler.eu-central-1.aws.neon.tech/db":            "Neon's pooler",
		"postgres://u:p@db-pooler.example.com/db":                             "",
		"postgres://u:p@aws-0-eu-central-1.pooler.supabase.com:5432/postgres": "",
		"postgres://u:p@aws-0-eu-central-1.pooler.supabase.com:6543/postgres": "port 6543",
		"mysql://u:p@host/db": "the database URL",
	} {
		err := CheckURL(url)
		if want == "" && err != nil || want != "" && (!errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), want)) {
			t.Errorf("CheckURL(%s): got %v, want a refusal with %q (\"\": no error)", url, err, want)
		}
	}
}

// connectTarget returns a connection to e.To, opened by e. If e.To is empty, it first creates a database.
func connectTarget(t *testing.T, e *Env) *pgx.Conn {
	t.Helper()
	if e.To == "" {
		e.To = dbtest.NewEmpty(t)
	}
	conn, err := e.Target(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// Postgres ends a slow statement before the client closes the connection, so that the import can halve the batch.
func TestStatementTimeoutComesBeforeTheTimeoutOfTheConnection(t *testing.T) {
	t.Parallel()
	conn := connectTarget(t, &Env{Timeout: 2 * time.Second})
	err := Exec(t.Context(), conn, "SELECT pg_sleep(60)")
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || e.Code != QueryCanceled {
		t.Errorf("a statement of 60 s with a timeout of 2 s: got %v, want SQLSTATE %s", err, QueryCanceled)
	}
}

// If the server does not answer, the client closes the connection after 1.25 times the timeout: Postgres would have
// ended the statement before.
func TestConnectionIsClosedIfTheServerDoesNotAnswer(t *testing.T) {
	t.Parallel()
	conn := connectTarget(t, &Env{Timeout: time.Second})
	if err := Exec(t.Context(), conn, "SET statement_timeout = 0"); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	err := Exec(t.Context(), conn, "SELECT pg_sleep(60)")
	if took := time.Since(start); err == nil || !conn.IsClosed() || took < time.Second || took > 4*time.Second {
		t.Errorf("got the error %v after %v, closed %t; want an error and a closed connection after about 1.25 s",
			err, took, conn.IsClosed())
	}
}

func TestExecCountingAddsTheRowsOfAllStatements(t *testing.T) {
	t.Parallel()
	conn := connectTarget(t, &Env{})
	n, err := ExecCounting(t.Context(), conn, `CREATE TABLE x (n int);
INSERT INTO x SELECT generate_series(1, 5);
DELETE FROM x WHERE n > 3`)
	if n != 7 || err != nil {
		t.Errorf("5 inserted and 2 deleted rows: got %d, %v, want 7", n, err)
	}
}

func TestQueryNumbersReadsOneRowWithTheExpectedNumberOfColumns(t *testing.T) {
	t.Parallel()
	conn := connectTarget(t, &Env{})
	for sql, want := range map[string][2]int64{
		"SELECT 0, 0; SELECT 1, 2":    {1, 2},
		"SELECT 1":                    {},
		"SELECT 1, 2, 3":              {},
		"SELECT 1, 2 WHERE false":     {},
		"SELECT n, n FROM x":          {},
		"SELECT 'one', 'two'":         {},
		"VALUES (1, 2), (3, 4)":       {},
		"SELECT 1, 2; SELECT 1, 2, 3": {},
	} {
		var got [2]int64
		err := QueryNumbers(t.Context(), conn, sql, &got[0], &got[1])
		if got != want || (err == nil) != (want != [2]int64{}) {
			t.Errorf("%s: got %v and error %v, want %v (0 0: an error)", sql, got, err, want)
		}
	}
}

func TestQueryTextsIsNotNilWithoutAnError(t *testing.T) {
	t.Parallel()
	conn := connectTarget(t, &Env{})
	for sql, want := range map[string][]string{
		"SELECT 'a' UNION ALL SELECT 'b'": {"a", "b"},
		"SELECT 'a' WHERE false":          {},
	} {
		got, err := QueryTexts(t.Context(), conn, sql)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: error %v, want nil; values (-want +got):\n%s", sql, err, diff)
		}
	}
	if _, err := QueryTexts(t.Context(), conn, "SELECT FROM no_table"); err == nil {
		t.Error("a query of a table that does not exist: got no error, want one")
	}
}

func TestTargetHasTheSearchPathOfItsSchema(t *testing.T) {
	t.Parallel()
	to := dbtest.NewEmpty(t)
	for schema, want := range map[string]string{"": `"$user", public`, "public": `"$user", public`, "x": `x`} {
		conn := connectTarget(t, &Env{To: to, Schema: schema})
		got, err := QueryTexts(t.Context(), conn, "SHOW search_path")
		if err != nil || got[0] != want {
			t.Errorf("schema %q: got the search path %q, %v, want %q", schema, got, err, want)
		}
	}
}

func TestErrorOfAConnectionContainsNoHost(t *testing.T) {
	t.Parallel()
	starting := &pgconn.PgError{Code: "57P03", Message: "the database system is starting up"}
	for name, test := range map[string]struct {
		err, want error
		text      string // the beginning of the error
	}{
		"a wrong password":      {postgresError("28P01"), ErrRefused, "refused: "},
		"a server that starts":  {fmt.Errorf("host.example: %w", starting), starting, starting.Error()},
		"no server at the host": {errors.New("dial host.example: refused"), ErrUnavailable, "database unavailable: "},
	} {
		got := withoutHost(test.err)
		if !errors.Is(got, test.want) || !strings.HasPrefix(got.Error(), test.text) ||
			strings.Contains(got.Error(), "host.example") {
			t.Errorf("%s: got %v, want %v without the host", name, got, test.want)
		}
	}
}
