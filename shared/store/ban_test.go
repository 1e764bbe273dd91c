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

func connectDirectly(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

// ban is the three columns of a user's ban, and when the row was last changed.
type ban struct {
	Banned          *bool
	Reason, Expires *string
	UpdatedAt       time.Time
}

func readBan(t *testing.T, conn *pgx.Conn, userID string) (b ban) {
	t.Helper()
	err := conn.QueryRow(t.Context(), `
		SELECT banned, "banReason", "banExpires"::text, "updatedAt" FROM "user" WHERE id = $1`, userID).
		Scan(&b.Banned, &b.Reason, &b.Expires, &b.UpdatedAt)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The test has every combination of values of the columns. It checks whether the user can have a session, and whether a
// new session clears the ban.
func TestSessionsOfBannedUsersAreRefused(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	wire := &dbtest.CountingDialer{}
	db, conn := openCounted(t, url, 1, wire), connectDirectly(t, url)
	ada, old := signUp(t, db, "ada@example.com")
	if fresh := readBan(t, conn, ada.ID); fresh.Banned != nil || fresh.Reason != nil || fresh.Expires != nil {
		t.Errorf("columns of the ban of a new user: got %+v, want all NULL", fresh)
	}
	no := false
	for _, c := range []struct {
		name, banned, expires string // SQL; the clock of the tests is at 2026-01-15 12:00:00.123
		out, cleared          bool
	}{
		{name: "banned without end", banned: "true", expires: "NULL", out: true},
		{name: "until later", banned: "true", expires: "'2026-01-15 12:00:00.124+00'", out: true},
		{name: "until now", banned: "true", expires: "'2026-01-15 12:00:00.123+00'", out: true},
		{name: "until infinity", banned: "true", expires: "'infinity'", out: true},
		{name: "until a year that JavaScript cannot represent", banned: "true", expires: "'290000-01-01'", out: true},
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
		_, user, err := db.SessionWithUser(t.Context(), []string{old.Token}, now)
		if errors.Is(err, store.ErrNotFound) != c.out || !c.out && (err != nil || user.ID != ada.ID) {
			t.Errorf("%s: the session: got %v, want it rejected: %v", c.name, err, c.out)
		}
		next := session(c.name, now)
		next.UserID = ada.ID
		id, err := db.InsertSession(t.Context(), *next)
		if errors.Is(err, store.ErrBanned) != c.out || c.out != (id == "") || !c.out && err != nil {
			t.Errorf("%s: a new session: got %q, %v, want rejected: %v", c.name, id, err, c.out)
		}
		if got := wire.RoundTrips() - trips; got != 2 {
			t.Errorf("%s: got %d round trips, want 2", c.name, got)
		}

		want := before
		if c.cleared {
			want = ban{Banned: &no, UpdatedAt: now}
		}
		if diff := cmp.Diff(want, readBan(t, conn, ada.ID)); diff != "" {
			t.Errorf("%s: the columns (-want +got):\n%s", c.name, diff)
		}
	}
	if got := len(tokens(t, db, ada.ID)); got != 1+6 {
		t.Errorf("got %d sessions, want the first and the six that were granted", got)
	}
}

// A ban is of one user, and a deleted user is not banned.
func TestBanDoesNotAffectOtherUsers(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db, conn := open(t, url, 1), connectDirectly(t, url)
	ada, bob := twoUsers(t, db)
	if _, err := conn.Exec(t.Context(), `UPDATE "user" SET banned = true WHERE id = $1`, ada.ID); err != nil {
		t.Fatal(err)
	}
	_, u, err := db.SessionWithUser(t.Context(), []string{"token-of-bob@example.com"}, now)
	if err != nil || u.ID != bob.ID {
		t.Errorf("session of another user: got %+v, %v, want that user", u, err)
	}
	next := session("next", now)
	next.UserID = bob.ID
	if _, err := db.InsertSession(t.Context(), *next); err != nil {
		t.Errorf("new session of another user: %v", err)
	}
	deleted := session("of a deleted user", now)
	deleted.UserID = "00000000-0000-4000-8000-000000000000"
	if _, err := db.InsertSession(t.Context(), *deleted); !errors.Is(err, store.ErrOrphan) {
		t.Errorf("new session of a deleted user: got %v, want ErrOrphan", err)
	}
}

// Sign-ins at the same time, just after the end of a ban, all succeed.
func TestConcurrentSignInsClearAnExpiredBan(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db, conn := open(t, url, 8), connectDirectly(t, url)
	ada, _ := signUp(t, db, "ada@example.com")
	_, err := conn.Exec(t.Context(), `UPDATE "user" SET banned = true, "banExpires" = '2026-01-15 12:00:00+00'`)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 24 {
		group.Go(func() {
			n := session(string(rune('a'+i)), now)
			n.UserID = ada.ID
			if _, err := db.InsertSession(t.Context(), *n); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if b := readBan(t, conn, ada.ID); b.Banned == nil || *b.Banned || b.Expires != nil {
		t.Errorf("after sign-ins when the ban has expired: got %+v, want the ban cleared", b)
	}
}
