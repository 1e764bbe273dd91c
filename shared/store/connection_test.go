package store_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/store"
)

// countingURLs is a store.URLSource that returns its URLs one after the other, and then the last one again. It counts
// the calls of DatabaseURL (asked) and Invalidate (invalidated).
type countingURLs struct {
	urls               []string
	asked, invalidated int
}

func (c *countingURLs) DatabaseURL(context.Context) (string, error) {
	c.asked++
	return c.urls[min(c.asked, len(c.urls))-1], nil
}

func (c *countingURLs) Invalidate() { c.invalidated++ }

func TestR44_StatementsWorkThroughPgbouncer(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.StartPgbouncer(t, dbtest.New(t)), 5)
	user, s := signUp(t, db, "ada@example.com")
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			n := newSession(fmt.Sprint("token", i), testTime)
			n.UserID = user.ID
			if _, err := db.InsertSession(t.Context(), *n); err != nil {
				t.Error(err)
			}
			if _, _, err := db.SessionWithUser(t.Context(), []string{s.Token}, testTime); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if _, err := db.CreateProfile(t.Context(), tokenHolder(user, s), nil); err != nil {
		t.Error(err)
	}
	if err := db.CheckReady(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestR45_NextStatementWorksAfterTheServerClosedAllSockets(t *testing.T) {
	t.Parallel()
	proxy := dbtest.NewProxy(t, dbtest.New(t))
	db := openStore(t, proxy.URL(), 3)
	_, s := signUp(t, db, "ada@example.com")
	var group sync.WaitGroup
	for range 3 { // opens all connections of the pool
		group.Go(func() { _, _, _ = db.SessionWithUser(t.Context(), []string{s.Token}, testTime) })
	}
	group.Wait()
	for range 5 {
		proxy.CloseConnections()
		if _, _, err := db.SessionWithUser(t.Context(), []string{s.Token}, testTime); err != nil {
			t.Errorf("read after the server closed all connections: %v", err)
		}
	}
}

// The check of idle connections notices the closed socket, so that the write uses a new connection.
func TestR45_WriteSucceedsAfterAnIdleSocketWasClosed(t *testing.T) {
	t.Parallel()
	proxy := dbtest.NewProxy(t, dbtest.New(t))
	db := openStore(t, proxy.URL(), 1)
	user, _ := signUp(t, db, "ada@example.com")
	proxy.CloseConnections()
	time.Sleep(1100 * time.Millisecond) // longer than checkIfIdleFor
	n := newSession("after", testTime)
	n.UserID = user.ID
	if _, err := db.InsertSession(t.Context(), *n); err != nil {
		t.Error(err)
	}
}

func TestConnectionIsReplacedAfterFourIdleMinutesAndWhenTheClockWasSetBack(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1)
	for idle, want := range map[time.Duration]bool{
		0: true, 2 * time.Second: true, 3 * time.Minute: true, 5 * time.Minute: false, -time.Minute: false,
	} {
		if got, err := db.UsableAfter(t.Context(), idle); got != want || err != nil {
			t.Errorf("connection that was idle for %s: got usable %t, error %v; want usable %t", idle, got, err, want)
		}
	}
}

func TestUnreachableDatabaseIsUnavailable(t *testing.T) {
	t.Parallel()
	proxy := dbtest.NewProxy(t, dbtest.New(t))
	db := openStore(t, proxy.URL(), 1)
	_, s := signUp(t, db, "ada@example.com")
	proxy.RefuseConnections()
	_, _, err := db.SessionWithUser(t.Context(), []string{s.Token}, testTime)
	if !isUnavailable(err) || !strings.Contains(err.Error(), "failed to connect") {
		t.Errorf("read while connections are refused: got %v, want an Unavailable error with \"failed to connect\"", err)
	}
	proxy.Resume()
	if _, _, err := db.SessionWithUser(t.Context(), []string{s.Token}, testTime); err != nil {
		t.Errorf("read after connections are accepted again: got %v, want no error", err)
	}
	proxy.Freeze()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, _, err := db.SessionWithUser(ctx, []string{s.Token}, testTime); !isUnavailable(err) {
		t.Errorf("read while the server does not answer: got %v, want an Unavailable error", err)
	}
	proxy.Resume()
	if _, _, err := db.SessionWithUser(t.Context(), []string{s.Token}, testTime); err != nil {
		t.Errorf("read after the server answers again: got %v, want no error", err)
	}
}

func TestR46_FullPoolIsUnavailableWithinTheTimeout(t *testing.T) {
	t.Parallel()
	databaseURL := dbtest.New(t)
	db := openStore(t, databaseURL, 1)
	user, _ := signUp(t, db, "ada@example.com")

	blocker, err := pgx.Connect(t.Context(), databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer blocker.Close(t.Context())
	if _, err := blocker.Exec(t.Context(), `BEGIN; LOCK TABLE session IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	busy := make(chan error, 1)
	go func() { // uses the only connection of the pool until the lock is released
		n := newSession("busy", testTime)
		n.UserID = user.ID
		_, err := db.InsertSession(t.Context(), *n)
		busy <- err
	}()
	waitUntilTrue(t, blocker, `SELECT count(*) = 1 FROM pg_locks WHERE NOT granted AND relation = 'session'::regclass`)
	_, err = db.IsEmailTaken(t.Context(), "x")
	if !isUnavailable(err) || !strings.Contains(err.Error(), "all connections are in use") {
		t.Errorf("read while the only connection is in use: got %v, want an Unavailable error that says so", err)
	}
	if _, err := blocker.Exec(t.Context(), `COMMIT`); err != nil {
		t.Fatal(err)
	}
	if err := <-busy; err != nil {
		t.Errorf("statement that waited for a lock: got %v, want no error after the lock was released", err)
	}
	if first, second := db.TakeWaitCount(), db.TakeWaitCount(); first != 1 || second != 0 {
		t.Errorf("TakeWaitCount twice after one statement waited: got %d, then %d, want 1, then 0", first, second)
	}
}

// waitUntilTrue repeats the query condition until its result is true.
func waitUntilTrue(t *testing.T, c *pgx.Conn, condition string) {
	t.Helper()
	for ok := false; !ok; time.Sleep(5 * time.Millisecond) {
		if err := c.QueryRow(t.Context(), condition).Scan(&ok); err != nil {
			t.Fatal(err)
		}
	}
}

func isUnavailable(err error) bool {
	var u interface{ Unavailable() bool }
	return errors.As(err, &u) && u.Unavailable()
}

func TestReadSucceedsAfterThePasswordWasRotated(t *testing.T) {
	t.Parallel()
	good := dbtest.New(t)
	u, err := url.Parse(good)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("rotated_away", "rotated away") // no server has a role with this name
	wrong := u.String()
	source := &countingURLs{urls: []string{wrong, good}}
	db := store.Open(source, 1)
	t.Cleanup(db.Close)
	if err := db.CheckReady(t.Context()); err != nil {
		t.Errorf("read after the password was rotated: %v", err)
	}
	if source.invalidated != 1 || source.asked != 2 {
		t.Errorf("read after the password was rotated: got %d calls of DatabaseURL and %d of Invalidate, want 2 and 1",
			source.asked, source.invalidated)
	}
}
