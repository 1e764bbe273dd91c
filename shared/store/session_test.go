package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/store"
)

// storeTwoUsers stores two users: Ada with three sessions, one of which has expired at now, and Bob with one session.
func storeTwoUsers(t *testing.T, db *store.Store) (ada, bob store.User) {
	t.Helper()
	ada, _ = signUp(t, db, "ada@example.com")
	bob, _ = signUp(t, db, "bob@example.com")
	times := map[string]time.Time{"second": testTime.Add(time.Minute), "expired": testTime.Add(-2 * time.Hour)}
	for token, at := range times {
		s := newSession(token, at)
		s.UserID = ada.ID
		if _, err := db.InsertSession(t.Context(), *s); err != nil {
			t.Fatal(err)
		}
	}
	return ada, bob
}

// tokensOfSessions returns the tokens of all sessions that storeTwoUsers has stored for a user, oldest first. The
// expired session was still live 90 minutes before now.
func tokensOfSessions(t *testing.T, db *store.Store, userID string) []string {
	t.Helper()
	list, err := db.SessionsOfUser(t.Context(), userID, testTime.Add(-90*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, s := range list {
		got = append(got, s.Token)
	}
	return got
}

func TestSessionsOfUserReturnsOnlyLiveSessions(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1)
	ada, _ := storeTwoUsers(t, db)
	got, err := db.SessionsOfUser(t.Context(), ada.ID, testTime)
	if err != nil || len(got) != 2 || got[0].Token != "token-of-ada@example.com" || got[1].Token != "second" {
		t.Fatalf("SessionsOfUser: got %+v, error %v; want the first and the second, but not the expired one", got, err)
	}
	want, _, err := db.SessionWithUser(t.Context(), []string{"second"}, testTime)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got[1]); diff != "" {
		t.Errorf("second session (-from SessionWithUser +from SessionsOfUser):\n%s", diff)
	}
}

func TestExtendSessionChangesOnlyItsSession(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1)
	ada, _ := storeTwoUsers(t, db)
	ends, at := testTime.Add(48*time.Hour), testTime.Add(time.Hour)
	if err := db.ExtendSession(t.Context(), "second", ends, at); err != nil {
		t.Fatal(err)
	}
	got, err := db.SessionsOfUser(t.Context(), ada.ID, testTime.Add(24*time.Hour))
	if err != nil || len(got) != 1 || got[0].Token != "second" || !got[0].ExpiresAt.Equal(ends) ||
		!got[0].UpdatedAt.Equal(at) {
		t.Errorf("sessions a day later: got %+v, error %v; want only the extended session", got, err)
	}
}

func TestDeletingSessionsKeepsOtherSessions(t *testing.T) {
	t.Parallel()
	all := []string{"expired", "token-of-ada@example.com", "second"}
	for _, c := range []struct {
		name string
		end  func(*store.Store, store.User) error
		left []string
	}{
		{"one session of the user", func(db *store.Store, ada store.User) error {
			return db.DeleteSessionOfUser(t.Context(), ada.ID, "second")
		}, all[:2]},
		{"an expired session of the user", func(db *store.Store, ada store.User) error {
			return db.DeleteSessionOfUser(t.Context(), ada.ID, "expired")
		}, all[1:]},
		{"a session of another user", func(db *store.Store, ada store.User) error {
			return db.DeleteSessionOfUser(t.Context(), ada.ID, "token-of-bob@example.com")
		}, all},
		{"an unknown token", func(db *store.Store, ada store.User) error {
			return db.DeleteSessionOfUser(t.Context(), ada.ID, "an unknown token")
		}, all},
		{"a token with NUL", func(db *store.Store, ada store.User) error {
			return db.DeleteSessionOfUser(t.Context(), ada.ID, "\x00")
		}, all},
		{"all sessions of the user", func(db *store.Store, ada store.User) error {
			return db.DeleteSessionsOfUser(t.Context(), ada.ID, testTime)
		}, []string{}},
		{"all live sessions but one", func(db *store.Store, ada store.User) error {
			return db.DeleteSessionsExcept(t.Context(), ada.ID, "token-of-ada@example.com", testTime)
		}, all[:2]},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := openStore(t, dbtest.New(t), 1)
			ada, bob := storeTwoUsers(t, db)
			if err := c.end(db, ada); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.left, tokensOfSessions(t, db, ada.ID)); diff != "" {
				t.Errorf("sessions that are left (-want +got):\n%s", diff)
			}
			if got := tokensOfSessions(t, db, bob.ID); len(got) != 1 {
				t.Errorf("sessions of another user: got %v, want one", got)
			}
		})
	}
}
