package dbtest

import (
	"context"
	"crypto/rand"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func queryValue[T any](t testing.TB, conn *pgx.Conn, sql string, args ...any) T {
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

func testServer(t testing.TB) *server {
	t.Helper()
	s, err := startServer()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// serverWithOwnPrefix returns the server with another prefix for database names, so that no other test uses its
// databases.
func serverWithOwnPrefix(t testing.TB) *server {
	t.Helper()
	s := *testServer(t)
	s.prefix = "xenon_apart_" + strings.ToLower(rand.Text()[:8]) + "_"
	return &s
}

func TestEveryTestHasItsOwnDatabase(t *testing.T) {
	t.Parallel()
	for range 8 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			conn := connect(t, New(t))
			if _, err := conn.Exec(
				t.Context(),
				`INSERT INTO "user" (name, email, "emailVerified") VALUES ('', 'a@b.co', false)`,
			); err != nil {
				t.Fatal(err)
			}
			if got, want := queryValue[int](t, conn, `SELECT count(*) FROM "user"`), 1; got != want {
				t.Errorf("rows in \"user\": got %d, want %d, the row of this test", got, want)
			}
		})
	}
}

func TestEmptyHasNoTables(t *testing.T) {
	t.Parallel()
	conn := connect(t, NewEmpty(t))
	if got := queryValue[int](t, conn, `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`); got != 0 {
		t.Errorf("tables of an empty database: got %d, want 0", got)
	}
}

func TestDatabaseIsDroppedWithItsTest(t *testing.T) {
	t.Parallel()
	var name string
	t.Run("a test that leaves a connection open", func(t *testing.T) {
		conn, err := pgx.Connect(t.Context(), New(t))
		if err != nil {
			t.Fatal(err)
		}
		name = conn.Config().Database
	})
	if found, err := testServer(t).findDatabases(t.Context(), "datname = $1", name); err != nil || len(found) != 0 {
		t.Errorf("databases with the name of the ended test: got %v and the error %v, want none", found, err)
	}
}

// Several test binaries can share a server and create the template at the same time.
func TestConcurrentCallsOfCreateTemplateCreateOneTemplate(t *testing.T) {
	t.Parallel()
	s := serverWithOwnPrefix(t)
	day := time.Now()
	names := make([]string, 4)
	errs := make([]error, len(names))
	var all sync.WaitGroup
	for i := range names {
		all.Go(func() { names[i], errs[i] = s.createTemplate(t.Context(), day, "test", migrate) })
	}
	all.Wait()
	for i := range names {
		if errs[i] != nil || names[i] != names[0] {
			t.Errorf("concurrent calls of createTemplate: call %d returned %q and the error %v, want the %q of call 0",
				i, names[i], errs[i], names[0])
		}
	}
	found, err := s.findDatabases(t.Context(), "starts_with(datname, $1)", s.prefix)
	if diff := cmp.Diff(found, names[:1]); diff != "" || err != nil {
		t.Errorf("databases after four concurrent calls of createTemplate: error %v (-got +want):\n%s", err, diff)
	}
	if err := s.dropDatabase(t.Context(), names[0]); err != nil {
		t.Error(err)
	}
}

func TestDropOldKeepsRecentAndConnectedDatabases(t *testing.T) {
	t.Parallel()
	s := serverWithOwnPrefix(t)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	left := s.databaseNameWithDate(now.AddDate(0, 0, -2), "left")
	busy := s.databaseNameWithDate(now.AddDate(0, 0, -2), "busy")
	young := s.databaseNameWithDate(now.AddDate(0, 0, -1), "young")
	for _, name := range []string{left, busy, young} {
		if err := s.execStatement(t.Context(), "CREATE DATABASE "+name); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.dropDatabase(context.WithoutCancel(t.Context()), name) })
	}
	connect(t, s.databaseURL(busy))

	if err := s.dropOldDatabases(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	found, err := s.findDatabases(t.Context(), "starts_with(datname, $1)", s.prefix)
	if diff := cmp.Diff(found, []string{busy, young}); diff != "" || err != nil {
		t.Errorf("databases after dropOld: error %v (-got +want):\n%s", err, diff)
	}
}

func TestHashChangesWithMigrations(t *testing.T) {
	t.Parallel()
	of := func(names ...string) string {
		files := fstest.MapFS{}
		for _, name := range names {
			files[name] = &fstest.MapFile{Data: []byte("SELECT 1")}
		}
		got, err := hashFiles(files)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if one, two := of("1.sql"), of("1.sql", "2.sql"); one == two || one != of("1.sql") {
		t.Errorf("hashes of one and two migrations: got %s and %s, want two different ones, the first the same at each call",
			one, two)
	}
}

func TestDatabaseNamesAreShortEnoughForPostgres(t *testing.T) {
	t.Parallel()
	if got, most := len(testServer(t).databaseNameWithDate(time.Now(), "for_"+strings.Repeat("x", 26))), 63; got > most {
		t.Errorf("the name of a database: got %d characters, want at most the %d that Postgres keeps", got, most)
	}
}

// Without sslmode in the URL, pgx makes a second attempt to connect, which a test that counts connections would count.
func TestTLSIsDisabledForServersOnThisMachine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ given, want string }{
		{"postgres://u:p@localhost/d", "postgres://u:p@localhost/d?sslmode=disable"},
		{"postgres://u:p@127.0.0.1:5432/d?a=b", "postgres://u:p@127.0.0.1:5432/d?a=b&sslmode=disable"},
		{"postgres://u:p@[::1]/d?sslmode=require", "postgres://u:p@[::1]/d?sslmode=require"},
		{"postgres://u:p@db.example.com/d", "postgres://u:p@db.example.com/d"},
	} {
		u, err := url.Parse(test.given)
		if err != nil {
			t.Fatal(err)
		}
		s := server{url: u}
		s.disableLocalTLS()
		if got := s.url.String(); got != test.want {
			t.Errorf("the URL with the chosen sslmode: got %s, want %s", got, test.want)
		}
	}
}
