package versus

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/password"
	"github.com/xenon-auth/xenon/shared/session"
)

const userPassword = "bench-Password-1"

const (
	userCount   = 10_000 // the number of users in a database
	activeCount = 64     // the number of active users: those that send most requests, one for each of 64 connections
)

// sessionTokenBase makes the session tokens: that of user i is the number sessionTokenBase+i. Users are numbered from
// 1. The tokens are numbers, because pgbench can generate numbers.
const sessionTokenBase = 4_000_000_000_000_000_000

func sessionTokenOf(i int) string { return strconv.Itoa(sessionTokenBase + i) }

// sessionCookieOf returns the session cookie of user i, which is valid for both servers.
func sessionCookieOf(i int) string {
	signed := session.Sign([]byte(cookieSecret), sessionTokenOf(i))
	return "better-auth.session_token=" + strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(signed)
}

// newDatabaseWithUsers returns the URL of a database with n users, each with a password in a format, a session and a
// profile, and with the rows that more statements insert. Their argument $1 is n.
func newDatabaseWithUsers(tb testing.TB, n int, format string, more ...string) string {
	tb.Helper()
	url := dbtest.New(tb)
	fillDatabase(tb, url, n, format, more...)
	return url
}

// fillDatabase inserts the rows of newDatabaseWithUsers into a database with all tables.
func fillDatabase(tb testing.TB, url string, n int, format string, more ...string) {
	tb.Helper()
	hash, err := password.New(format).Hash(tb.Context(), userPassword)
	if err != nil {
		tb.Fatal(err)
	}
	conn := connect(tb, url)
	defer conn.Close(tb.Context())
	exec := func(sql string, arguments ...any) {
		tb.Helper()
		if _, err := conn.Exec(tb.Context(), sql, arguments...); err != nil {
			tb.Fatalf("execute %.60s: %v", sql, err)
		}
	}
	// Foreign keys are not checked, and the indexes are built at the end: for a million rows this is much faster.
	exec(`SET session_replication_role = replica`)
	exec(`SET maintenance_work_mem = '256MB'`)
	exec(`UPDATE pg_index SET indisready = false
		FROM pg_class c
		WHERE c.oid = indrelid AND c.relnamespace = 'public'::regnamespace`)
	exec(`INSERT INTO "user" (id, name, email, "emailVerified")
		SELECT md5(i::text)::uuid, 'Person ' || i, 'person' || i || '@example.com', true
		FROM generate_series(1, $1) i`, n)
	exec(`INSERT INTO account ("accountId", "providerId", "userId", password, "updatedAt")
		SELECT id::text, 'credential', id, $1, now() FROM "user"`, hash)
	exec(`INSERT INTO session ("userId", token, "expiresAt", "updatedAt", "ipAddress", "userAgent")
		SELECT md5(i::text)::uuid, ($2::bigint + i)::text, now() + interval '7 days', now(), '127.0.0.1',
		       'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36'
		FROM generate_series(1, $1) i`, n, sessionTokenBase)
	exec(`INSERT INTO user_profile (user_id, age_range, learning_mode, time_per_week)
		SELECT id, '25_34', 'code_first', 5 FROM "user"`)
	for _, sql := range more {
		exec(sql, n)
	}
	exec(`REINDEX SCHEMA public`)
	exec(`VACUUM ANALYZE`)
	exec(`CHECKPOINT`)
}

func connect(tb testing.TB, url string) *pgx.Conn {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	return conn
}

// postmasterID returns the process id of the main process of the Postgres server of a database.
func postmasterID(tb testing.TB, url string) int {
	tb.Helper()
	conn := connect(tb, url)
	defer conn.Close(tb.Context())
	var directory string
	if err := conn.QueryRow(tb.Context(), "SHOW data_directory").Scan(&directory); err != nil {
		tb.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(directory, "postmaster.pid"))
	if err != nil {
		tb.Fatalf("read the process id of Postgres: %v; the benchmark needs a Postgres on this machine whose files it "+
			"may read", err)
	}
	pid, err := strconv.Atoi(strings.SplitN(string(text), "\n", 2)[0])
	if err != nil {
		tb.Fatal(err)
	}
	return pid
}

// lastStatement returns the statement that contains part and that Xenon has sent to the database last. Other statements
// can follow on other connections only.
func lastStatement(ctx context.Context, url, part string) (string, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	var text string
	var most int
	err = conn.QueryRow(ctx, `SELECT query, pg_size_bytes(current_setting('track_activity_query_size'))
		FROM pg_stat_activity
		WHERE application_name = 'xenon' AND strpos(query, $1) > 0
		ORDER BY query_start DESC LIMIT 1`, part).Scan(&text, &most)
	if err == nil && len(text) >= most-1 {
		err = fmt.Errorf("the statement is cut at %d bytes; increase track_activity_query_size of Postgres", most)
	}
	return text, err
}

// benchmarkSetup has the servers and functions that are measured.
type benchmarkSetup struct {
	argon2id, scrypt, betterAuth server
	bare                         server
	null                         string   // the host and port of the null server
	postgres                     int      // the process id of Postgres
	jwts                         []string // of the active users, issued by Xenon

	events     *apiEvents
	sizes      map[string]int    // MB of memory of a function, by folder
	bootstraps map[string]string // the built files by folder
	functions  map[string]server // by functionName

	bareFunction *bareFunction // nil until startBareFunction
}

func newBenchmarkSetup(tb testing.TB, program string) *benchmarkSetup {
	tb.Helper()
	w := &benchmarkSetup{
		argon2id: startXenon(tb, program, newDatabaseWithUsers(tb, userCount, config.Argon2id), config.Argon2id),
		scrypt:   startXenon(tb, program, newDatabaseWithUsers(tb, userCount, config.Scrypt), config.Scrypt),
		null:     serveNull(tb),
		events:   newAPIEvents(tb), sizes: readFunctionMemorySizes(tb),
		bootstraps: map[string]string{}, functions: map[string]server{},
	}
	if isSubjectSelected(betterAuthSubject) || isSubjectSelected(betterAuthScryptSubject) {
		w.betterAuth = startBetterAuth(tb, newDatabaseWithUsers(tb, userCount, config.Scrypt))
	}
	w.postgres = postmasterID(tb, w.argon2id.database)
	for i := range activeCount {
		w.jwts = append(w.jwts, jwtOfUser(tb, w.argon2id, i+1))
	}
	w.bare = startBareServer(tb, buildRelease(tb, bareServerFolder), w.argon2id, w.jwts)
	return w
}

// jwtOfUser returns the JWT of user i.
func jwtOfUser(tb testing.TB, s server, i int) string {
	tb.Helper()
	body, err := sendOne(tb.Context(), s.address, getTokenCalls(s)(i))
	if err != nil {
		tb.Fatal(err)
	}
	return strings.TrimSuffix(strings.TrimPrefix(body, `{"token":"`), `"}`)
}
