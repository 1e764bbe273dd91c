package store_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/store"
)

// connectDirectly opens a connection that does not belong to a Store.
func connectDirectly(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

// storedBan has the three columns of a user's ban, and the time when the row was last changed.
type storedBan struct {
	Banned          *bool
	Reason, Expires *string
	UpdatedAt       time.Time
}

func readBan(t *testing.T, conn *pgx.Conn, userID string) (b storedBan) {
	t.Helper()
	err := conn.QueryRow(t.Context(), `
		SELECT banned, "banReason", "banExpires"::text, "updatedAt" FROM "user" WHERE id = $1`, userID).
		Scan(&b.Banned, &b.Reason, &b.Expires, &b.UpdatedAt)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// For each value of the columns, the test checks whether an old session is found, whether a new one can be stored, and
// whether that clears the ban.
func TestSessionsOfBannedUsersAreRejected(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	wire := &dbtest.CountingDialer{}
	db, conn := openStoreCountingRoundTrips(t, url, 1, wire), connectDirectly(t, url)
	ada, old := signUp(t, db, "ada@example.com")
	if fresh := readBan(t, conn, ada.ID); fresh.Banned != nil || fresh.Reason != nil || fresh.Expires != nil {
		t.Errorf("columns of the ban of a new user: got %+v, want all NULL", fresh)
	}
	no := false
	for _, c := range []struct {
		name, banned, expires string // SQL; the clock of the tests is at 2026-01-15 12:00:00.123
		rejected, cleared     bool
	}{
		{name: "banned without end", banned: "true", expires: "NULL", rejected: true},
		{name: "until later", banned: "true", expires: "'2026-01-15 12:00:00.124+00'", rejected: true},
		{name: "until now", banned: "true", expires: "'2026-01-15 12:00:00.123+00'", rejected: true},
		{name: "until infinity", banned: "true", expires: "'infinity'", rejected: true},
		{name: "until a year that JavaScript cannot represent", banned: "true", expires: "'290000-01-01'", rejected: true},
		{name: "until a moment ago", banned: "true", expires: "'2026-01-15 12:00:00.122+00'", cleared: true},
		{name: "until long ago", banned: "true", expires: "'-infinity'", cleared: true},
		{name: "not banned", banned: "false", expires: "NULL"},
		{name: "not banned, as an imported row", banned: "NULL", expires: "NULL"},
		{name: "not banned, with an end", banned: "false", expires: "'infinity'"},
		{name: "NULL, with an end", banned: "NULL", expires: "'infinity'"},
	} {
		sql := `UPDATE "user" SET "updatedAt" = '2026-01-01', "banReason" = 'spam', banned = ` + c.banned +
			`, "banExpires" = ` + c.expires
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
		before := readBan(t, conn, ada.ID)

		trips := wire.RoundTrips()
		_, user, err := db.SessionWithUser(t.Context(), []string{old.Token}, testTime)
		if errors.Is(err, store.ErrNotFound) != c.rejected || !c.rejected && (err != nil || user.ID != ada.ID) {
			t.Errorf("%s, old session: got user %q, error %v; want ErrNotFound: %v", c.name, user.ID, err, c.rejected)
		}
		next := newSession(c.name, testTime)
		next.UserID = ada.ID
		id, err := db.InsertSession(t.Context(), *next)
		if errors.Is(err, store.ErrBanned) != c.rejected || c.rejected != (id == "") || !c.rejected && err != nil {
			t.Errorf("%s, new session: got id %q, error %v; want ErrBanned: %v", c.name, id, err, c.rejected)
		}
		if got := wire.RoundTrips() - trips; got != 2 {
			t.Errorf("%s: got %d round trips, want 2, one for each session", c.name, got)
		}

		want := before
		if c.cleared {
			want = storedBan{Banned: &no, UpdatedAt: testTime}
		}
		if diff := cmp.Diff(want, readBan(t, conn, ada.ID)); diff != "" {
			t.Errorf("%s: columns of the ban afterwards (-want +got):\n%s", c.name, diff)
		}
	}
	if got := len(tokensOfSessions(t, db, ada.ID)); got != 1+6 {
		t.Errorf("got %d sessions in the end, want the first one and the six new ones that were not rejected", got)
	}
}

// A user who does not exist counts as not banned: the error is ErrOrphan.
func TestBanDoesNotAffectOtherUsers(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db, conn := openStore(t, url, 1), connectDirectly(t, url)
	ada, bob := storeTwoUsers(t, db)
	if _, err := conn.Exec(t.Context(), `UPDATE "user" SET banned = true WHERE id = $1`, ada.ID); err != nil {
		t.Fatal(err)
	}
	_, u, err := db.SessionWithUser(t.Context(), []string{"token-of-bob@example.com"}, testTime)
	if err != nil || u.ID != bob.ID {
		t.Errorf("session of a user who is not banned: got user %+v, error %v; want bob", u, err)
	}
	next := newSession("next", testTime)
	next.UserID = bob.ID
	if _, err := db.InsertSession(t.Context(), *next); err != nil {
		t.Errorf("new session of a user who is not banned: %v", err)
	}
	deleted := newSession("of a deleted user", testTime)
	deleted.UserID = "00000000-0000-4000-8000-000000000000"
	if _, err := db.InsertSession(t.Context(), *deleted); !errors.Is(err, store.ErrOrphan) {
		t.Errorf("new session of a deleted user: got %v, want ErrOrphan", err)
	}
}

// If a user signs in several times concurrently just after the end of a ban, all sign-ins succeed.
func TestConcurrentSignInsClearAnExpiredBan(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db, conn := openStore(t, url, 8), connectDirectly(t, url)
	ada, _ := signUp(t, db, "ada@example.com")
	_, err := conn.Exec(t.Context(), `UPDATE "user" SET banned = true, "banExpires" = '2026-01-15 12:00:00+00'`)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 24 {
		group.Go(func() {
			n := newSession(string(rune('a'+i)), testTime)
			n.UserID = ada.ID
			if _, err := db.InsertSession(t.Context(), *n); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if b := readBan(t, conn, ada.ID); b.Banned == nil || *b.Banned || b.Expires != nil {
		t.Errorf("after sign-ins at the end of a ban: got the columns %+v, want the ban cleared", b)
	}
}
