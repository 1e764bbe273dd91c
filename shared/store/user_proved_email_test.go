package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/store"
)

// signInByLink stores a mailed link for an email and redeems it. It returns the session of the owner of the email.
func signInByLink(t *testing.T, db *store.Store, email string) (store.EmailSignInResult, store.Session) {
	t.Helper()
	const token, value = "token", "value"
	if err := db.InsertMagicLink(t.Context(), token, value, store.Time{Time: testTime.Add(time.Hour)},
		store.Time{Time: testTime}); err != nil {
		t.Fatal(err)
	}
	s := newSession("session of the owner", testTime)
	got, err := db.SignInWithMagicLink(t.Context(), token, value, store.EmailSignIn{Email: email, Session: s})
	if err != nil {
		t.Error(err)
	}
	return got, *s
}

// checkSessions fails the test unless the database has the session with the token only.
func checkSessions(t *testing.T, url, token string) {
	t.Helper()
	got := dbtest.Value[string](t, url, `SELECT coalesce(string_agg(token, ', ' ORDER BY token), '') FROM session`)
	if got != token {
		t.Errorf("sessions: got %q, want %q", got, token)
	}
}

// A person who has given the password just before it is removed or changed must not get a session afterwards.
func TestSessionAfterPasswordNeedsTheSamePassword(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"removed": `DELETE FROM account`,
		"changed": `UPDATE account SET password = 'another hash'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.New(t)
			db := openStore(t, url, 1)
			user, first := signUp(t, db, "ada@example.com")
			dbtest.Exec(t, url, change)
			s := newSession("second", testTime)
			s.UserID = user.ID
			if _, err := db.InsertSessionAfterPassword(t.Context(), *s, "the hash"); !errors.Is(err, store.ErrChanged) {
				t.Errorf("session after a password that was %s: got the error %v, want ErrChanged", name, err)
			}
			checkSessions(t, url, first.Token)
		})
	}
}

// A sign-in with a password that begins while another request changes the password waits for it, and then fails.
func TestSessionAfterPasswordWaitsForAChangeOfThePassword(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := openStore(t, url, 1)
	user, first := signUp(t, db, "ada@example.com")
	tx, err := connectTo(t, url).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `UPDATE account SET password = 'another hash'`); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		s := newSession("second", testTime)
		s.UserID = user.ID
		_, err := db.InsertSessionAfterPassword(t.Context(), *s, "the hash")
		done <- err
	}()
	dbtest.AwaitLockWaits(t, url, 1, nil)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, store.ErrChanged) {
		t.Errorf("session after a password that changed meanwhile: got the error %v, want ErrChanged", err)
	}
	checkSessions(t, url, first.Token)
}

// A sign-in with the password of an email that is not verified has locked the account when the owner of the email signs
// in. Its session must end, too.
func TestProofOfAnEmailEndsASessionThatBeginsAtTheSameTime(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := openStore(t, url, 1)
	user, _ := signUp(t, db, "ada@example.com")
	tx, err := connectTo(t, url).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		`SELECT FROM account FOR SHARE`,
		`INSERT INTO session ("userId", token, "expiresAt", "createdAt", "updatedAt")
			SELECT id, 'another person', now(), now(), now() FROM "user"`,
	} {
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan store.Session, 1)
	go func() {
		_, s := signInByLink(t, db, user.Email)
		done <- s
	}()
	dbtest.AwaitLockWaits(t, url, 1, nil)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := <-done
	checkSessions(t, url, s.Token)
}

// The person who signed up with an email that is not theirs may have set up a second factor.
func TestProofOfAnEmailDeletesTheSecondFactorOfAnotherPerson(t *testing.T) {
	t.Parallel()
	for _, isVerified := range []bool{false, true} {
		url := dbtest.New(t)
		db := openStore(t, url, 1)
		user, _ := signUp(t, db, "ada@example.com")
		dbtest.Exec(t, url, `UPDATE "user" SET "twoFactorEnabled" = true, "emailVerified" = $1`, isVerified)
		dbtest.Exec(t, url, `INSERT INTO "twoFactor" (secret, "backupCodes", "userId") SELECT 's', 'c', id FROM "user"`)
		signInByLink(t, db, user.Email)
		if got := dbtest.Value[bool](t, url, `SELECT "twoFactorEnabled" FROM "user"`); got != isVerified {
			t.Errorf("twoFactorEnabled of an email with emailVerified %t: got %t, want %[1]t", isVerified, got)
		}
		if got := dbtest.Value[bool](t, url, `SELECT EXISTS (SELECT FROM "twoFactor")`); got != isVerified {
			t.Errorf("second factor of an email with emailVerified %t is there: got %t, want %[1]t", isVerified, got)
		}
	}
}
