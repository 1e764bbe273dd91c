package store_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/store"
)

const usesUntilPrepared = 40 // more than prepareBeforeUse, so that a statement is prepared

func TestFrequentStatementsArePreparedInOneMoreRoundTrip(t *testing.T) {
	t.Parallel()
	wire := &dbtest.CountingDialer{}
	db := openStoreCountingRoundTrips(t, dbtest.New(t), 1, wire)
	user, made := signUp(t, db, "ada@example.com")
	first, owner, err := db.SessionWithUser(t.Context(), []string{made.Token}, testTime)
	if err != nil {
		t.Fatal(err)
	}
	before := wire.RoundTrips()
	for range usesUntilPrepared {
		row, found, err := db.SessionWithUser(t.Context(), []string{made.Token}, testTime)
		if err != nil || row != withPointersOfEqualTexts(row, first) || found != owner || found.ID != user.ID {
			t.Fatalf("SessionWithUser: got session %+v, user %+v, error %v; want %+v and %+v as in the first read",
				row, found, err, first, owner)
		}
	}
	if got, want := wire.RoundTrips()-before, usesUntilPrepared+1; got != want {
		t.Errorf("%d reads: got %d round trips, want %d, one more to prepare the statement", usesUntilPrepared, got, want)
	}
	if _, _, err := db.SessionWithUser(t.Context(), []string{"unknown"}, testTime); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("session of an unknown token: got %v, want ErrNotFound", err)
	}
}

// Postgres keeps one plan of a prepared statement for all parameters if it costs no more than the plans for single
// parameters. This is true of the statement for one token, but not of the one for an array of tokens, and not of a
// statement that also deletes expired rows.
func TestPostgresPlansFrequentStatementsOnce(t *testing.T) {
	t.Parallel()
	for part, use := range map[string]func(db *store.Store, token, userID string) error{
		"FROM session s": func(db *store.Store, token, _ string) error {
			_, _, err := db.SessionWithUser(t.Context(), []string{token}, testTime)
			return err
		},
		"DELETE FROM session WHERE token = $1": func(db *store.Store, _, _ string) error {
			if _, err := db.EndSessions(t.Context(), []string{"unknown"}); !errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("end an unknown session: got %w, want ErrNotFound", err)
			}
			return nil
		},
		"ended_sessions AS": func(db *store.Store, _, userID string) error {
			return db.DeleteSessionOfUser(t.Context(), userID, "unknown")
		},
		"link_owner": func(db *store.Store, _, _ string) error {
			_, err := db.InsertPasswordResetLink(t.Context(), rand.Text(), "ada@example.com", testTime.Add(time.Hour), testTime)
			return err
		},
	} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			url := dbtest.New(t)
			db := openStore(t, url, 1)
			user, made := signUp(t, db, "ada@example.com")
			for range usesUntilPrepared {
				if err := use(db, made.Token, user.ID); err != nil {
					t.Fatal(err)
				}
			}
			reused, planned := countPlans(t, url, db, part)
			if reused == 0 || planned > 5 {
				t.Errorf("got %d executions with the kept plan and %d with a new plan, want at most five with a new plan",
					reused, planned)
			}
		})
	}
}

// countPlans returns how often the only connection of db has executed the prepared statement that contains part, with
// the plan that Postgres keeps and with a new plan.
func countPlans(t *testing.T, url string, db *store.Store, part string) (reused, planned int) {
	t.Helper()
	if err := db.Exec(t.Context(), `
		CREATE TABLE plans AS SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements`); err != nil {
		t.Fatal(err)
	}
	err := connectTo(t, url).QueryRow(t.Context(), `
		SELECT generic_plans, custom_plans FROM plans WHERE strpos(statement, $1) > 0`, part).Scan(&reused, &planned)
	if err != nil {
		t.Fatal(err)
	}
	return reused, planned
}

// withPointersOfEqualTexts returns b with the pointers of a, if they point to equal texts, so that == can compare a and
// b.
func withPointersOfEqualTexts(a, b store.Session) store.Session {
	if *a.IPAddress == *b.IPAddress && *a.UserAgent == *b.UserAgent {
		b.IPAddress, b.UserAgent = a.IPAddress, a.UserAgent
	}
	return b
}

// Postgres rejects a parameter that is not a UUID. After the statement is prepared, pgx rejects it. The result is the
// same.
func TestInvalidIDIsNotFoundAlsoByPreparedStatements(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1)
	user, _ := signUp(t, db, "ada@example.com")
	for i := range usesUntilPrepared {
		if _, err := db.UserByID(t.Context(), "no uuid"); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("UserByID of an invalid id, call %d: got %v, want ErrNotFound", i, err)
		}
		if _, err := db.UserByID(t.Context(), user.ID); err != nil {
			t.Fatalf("UserByID of a valid id, call %d: %v", i, err)
		}
	}
	// A request with an invalid id is counted, too.
	c := store.Charge{Key: "k", Window: time.Minute, Max: usesUntilPrepared, At: testTime}
	for range usesUntilPrepared {
		if _, err := db.WithCharges(c).UserByID(t.Context(), "no uuid"); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("UserByID of an invalid id with a charge: got %v, want ErrNotFound", err)
		}
	}
	if err := db.CountCharge(t.Context(), c); !errors.As(err, new(*store.RateLimitError)) {
		t.Errorf("one charge more than the limit: got %v, want a *RateLimitError", err)
	}
}

// A prepared statement fails after a pooler has moved the connection to another server, or after a column has changed.
// Then the Store repeats the read, and the rate limit counts the request once.
func TestLostPreparedStatementsAreRepeatedAndChargedOnce(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"another server": "DEALLOCATE ALL", // the new server has no prepared statements
		"changed column": `ALTER TABLE "user" ALTER COLUMN name TYPE varchar(200)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.New(t)
			db := openStore(t, url, 1)
			user, made := signUp(t, db, "ada@example.com")
			c := store.Charge{Key: "k", Window: time.Minute, Max: 3 * usesUntilPrepared, At: testTime}
			read := func() {
				t.Helper()
				_, found, err := db.WithCharges(c).SessionWithUser(t.Context(), []string{made.Token}, testTime)
				if err != nil || found.ID != user.ID {
					t.Fatalf("read before or after the prepared statement becomes invalid: got user %+v, error %v; want %s",
						found, err, user.ID)
				}
			}
			for range usesUntilPrepared {
				read()
			}
			if err := db.Exec(t.Context(), change); err != nil {
				t.Fatal(err)
			}
			for range usesUntilPrepared {
				read()
			}
			conn, err := pgx.Connect(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context())
			var count int
			err = conn.QueryRow(t.Context(), `SELECT count FROM "rateLimit" WHERE key = 'k'`).Scan(&count)
			if err != nil || count != 2*usesUntilPrepared {
				t.Errorf("reads with a charge: got %d counted charges, error %v; want %d, one for each read",
					count, err, 2*usesUntilPrepared)
			}
		})
	}
}

func TestLostPreparedWriteIsRepeatedAndHappensOnce(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1)
	user, _ := signUp(t, db, "ada@example.com")
	insert := func() {
		t.Helper()
		s := newSession(rand.Text(), testTime)
		s.UserID = user.ID
		if _, err := db.InsertSession(t.Context(), *s); err != nil {
			t.Fatal(err)
		}
	}
	for range usesUntilPrepared {
		insert()
	}
	if err := db.Exec(t.Context(), "DEALLOCATE ALL"); err != nil {
		t.Fatal(err)
	}
	insert()
	sessions, err := db.SessionsOfUser(t.Context(), user.ID, testTime)
	if want := 1 + usesUntilPrepared + 1; err != nil || len(sessions) != want { // signUp stores the first session
		t.Errorf("writes before and after DEALLOCATE ALL: got %d sessions, error %v; want %d, one for each write",
			len(sessions), err, want)
	}
}

// Several processes run the same statements many times, at the same time, through a pooler that gives each transaction
// another server connection and does not support prepared statements. Every request succeeds, every charge counts once,
// and every change happens once.
func TestR44_FrequentStatementsThroughPgbouncer(t *testing.T) {
	t.Parallel()
	const processes, each = 6, 40
	url := dbtest.New(t)
	bouncer := dbtest.StartPgbouncer(t, url)
	first := openStore(t, bouncer, 1)
	user, made := signUp(t, first, "ada@example.com")
	var group sync.WaitGroup
	for range processes {
		db := openStore(t, bouncer, 2)
		for range 2 {
			group.Go(func() {
				for range each {
					ctx := context.WithoutCancel(t.Context())
					db := db.WithCharges(store.Charge{Key: "k", Window: time.Minute, Max: 1 << 20, At: testTime})
					if _, found, err := db.SessionWithUser(ctx, []string{made.Token}, testTime); err != nil || found.ID != user.ID {
						t.Errorf("read through PgBouncer: got user %+v, error %v; want the owner of the session", found, err)
					}
					s := newSession("", testTime)
					s.Token, s.UserID = rand.Text(), user.ID
					if _, err := db.InsertSession(ctx, *s); err != nil {
						t.Errorf("write through PgBouncer: %v", err)
					}
				}
			})
		}
	}
	group.Wait()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var count, sessions int
	err = conn.QueryRow(t.Context(), `
		SELECT (SELECT count FROM "rateLimit" WHERE key = 'k'), (SELECT count(*) FROM session)`).Scan(&count, &sessions)
	if want := 2 * processes * each; err != nil || count != want || sessions != want+1 {
		t.Errorf("after all requests: got %d charges and %d sessions, error %v; want %d charges and one session more",
			count, sessions, err, want)
	}
}
