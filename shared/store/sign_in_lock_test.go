package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/store"
)

// writesThatEndSessions are the writes that end the sessions of ada@example.com, who has the email not verified.
var writesThatEndSessions = map[string]func(context.Context, *store.Store, store.User) error{
	"ChangePasswordAndSessions": func(ctx context.Context, db *store.Store, ada store.User) error {
		old, err := db.PasswordAccountOfUser(ctx, ada.ID)
		if err != nil {
			return err
		}
		next := newSession("kept", testTime)
		next.UserID = ada.ID
		return db.ChangePasswordAndSessions(ctx, old, "new hash", next)
	},
	"ResetPassword": func(ctx context.Context, db *store.Store, ada store.User) error {
		link := store.ResetPasswordLinkPrefix + "link"
		if _, err := db.InsertPasswordResetLink(ctx, link, ada.Email, testTime.Add(time.Hour), testTime); err != nil {
			return err
		}
		_, err := db.ResetPassword(ctx, link, "new hash", true, nil, testTime)
		return err
	},
	"ResetPasswordWithCode": func(ctx context.Context, db *store.Store, ada store.User) error {
		if _, err := db.InsertCode(ctx, "reset", ada.Email, "1", testTime.Add(time.Hour), testTime); err != nil {
			return err
		}
		_, _, err := db.ResetPasswordWithCode(ctx, "reset", ada.Email, "1", "new hash", true, nil, testTime)
		return err
	},
	"VerifyEmailWithCode after two sign-ups": func(ctx context.Context, db *store.Store, ada store.User) error {
		if err := db.InsertVerification(ctx, "sign-up-conflict:"+ada.ID, ada.ID, testTime, testTime); err != nil {
			return err
		}
		if _, err := db.InsertCode(ctx, "verify", ada.Email, "1", testTime.Add(time.Hour), testTime); err != nil {
			return err
		}
		_, err := db.VerifyEmailWithCode(ctx, "verify", ada.Email, "1", testTime)
		return err
	},
	"ConfirmEmail after two sign-ups": func(ctx context.Context, db *store.Store, ada store.User) error {
		if err := db.InsertVerification(ctx, "sign-up-conflict:"+ada.ID, ada.ID, testTime, testTime); err != nil {
			return err
		}
		_, err := db.ConfirmEmail(ctx, "", ada.ID, ada.Email, testTime)
		return err
	},
	"SignInWithMagicLink": func(ctx context.Context, db *store.Store, ada store.User) error {
		expiresAt := store.Time{Time: testTime.Add(time.Hour)}
		if err := db.InsertMagicLink(ctx, "link", "value", expiresAt, store.Time{Time: testTime}); err != nil {
			return err
		}
		in := store.EmailSignIn{Email: ada.Email, Session: newSession("kept", testTime)}
		_, err := db.SignInWithMagicLink(ctx, "link", "value", in)
		return err
	},
	"DeleteSessionsOfUser": func(ctx context.Context, db *store.Store, ada store.User) error {
		return db.DeleteSessionsOfUser(ctx, ada.ID, testTime)
	},
	"DeleteSessionsExcept": func(ctx context.Context, db *store.Store, ada store.User) error {
		return db.DeleteSessionsExcept(ctx, ada.ID, "kept", testTime)
	},
}

// locksOfSignIns are the locks that a sign-in holds when it stores its session: after a password, and after a second
// factor.
var locksOfSignIns = map[string]string{
	"password":      `SELECT FROM account FOR SHARE`,
	"second factor": `DELETE FROM verification WHERE identifier = '2fa-1'`,
}

// A sign-in that stores its session at the same time must not keep it: it may be of the person because of whom the
// sessions end.
func TestWritesThatEndSessionsEndTheOneThatIsBeingStored(t *testing.T) {
	t.Parallel()
	for name, write := range writesThatEndSessions {
		for proof, lock := range locksOfSignIns {
			t.Run(name+" during a sign-in with a "+proof, func(t *testing.T) {
				t.Parallel()
				url := dbtest.New(t)
				db := openStore(t, url, 1)
				ada, _ := signUp(t, db, "ada@example.com")
				if err := db.InsertVerification(t.Context(), "2fa-1", ada.ID, testTime.Add(time.Hour), testTime); err != nil {
					t.Fatal(err)
				}
				signIn := beginSignIn(t, url, lock)
				done := make(chan error, 1)
				go func() { done <- write(t.Context(), db, ada) }()
				dbtest.AwaitLockWaits(t, url, 1, nil)
				if err := signIn.Commit(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := <-done; err != nil {
					t.Error(err)
				}
				if n := dbtest.Value[int](t, url, `SELECT count(*) FROM session WHERE token <> 'kept'`); n != 0 {
					t.Errorf("other sessions after %s: got %d, want none", name, n)
				}
			})
		}
	}
}

// beginSignIn returns a transaction that has the lock of a sign-in and has stored a session.
func beginSignIn(t *testing.T, url, lock string) pgx.Tx {
	t.Helper()
	tx, err := connectTo(t, url).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{lock, `
		INSERT INTO session ("userId", token, "expiresAt", "createdAt", "updatedAt")
		SELECT id, 'another person', $1, $1, $1 FROM "user"`} {
		args := []any{testTime.Add(time.Hour)}
		if sql == lock {
			args = nil
		}
		if _, err := tx.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	return tx
}
