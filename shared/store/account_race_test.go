package store_test

import (
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/store"
)

// A deletion of a user locks the user before their accounts. Each statement here locks both in the same order, so that
// it does not deadlock with the deletion. The test locks an account until the statement and the deletion both wait.
func TestDeletionOfAUserDoesNotDeadlock(t *testing.T) {
	t.Parallel()
	const first, second = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
	for name, statement := range map[string]func(db *store.Store, user store.User) error{
		"sign-in": func(db *store.Store, user store.User) error {
			_, err := db.SignInWithAccount(t.Context(), first, nil, store.ProviderSignIn{
				Expected: store.ExpectedUser{ID: user.ID, Email: user.Email},
				Session:  providerSession("second"), At: timeAtProvider,
			})
			return err
		},
		"unlink": func(db *store.Store, user store.User) error {
			return db.DeleteAccount(t.Context(), user.ID, second, false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.New(t)
			db := openStore(t, url, 2)
			user, _ := signUp(t, db, "ada@example.com")
			dbtest.Exec(t, url, `DELETE FROM account`)
			for _, id := range []string{second, first} { // a deletion of the user deletes the accounts in this order
				dbtest.Exec(t, url, `
					INSERT INTO account (id, "accountId", "providerId", "userId", "createdAt", "updatedAt")
					VALUES ($1::text::uuid, $1::text, 'google', $2, now(), now())`, id, user.ID)
			}
			holder := connectTo(t, url)
			tx, err := holder.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(t.Context(), `SELECT FROM account WHERE id = $1 FOR UPDATE`, first); err != nil {
				t.Fatal(err)
			}
			errs := make(chan error, 2)
			go func() { errs <- statement(db, user) }()
			dbtest.AwaitLockWaits(t, url, 1, nil)
			go func() { errs <- db.DeleteUser(t.Context(), user.ID) }()
			dbtest.AwaitLockWaits(t, url, 2, nil)
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			for range cap(errs) {
				if err := <-errs; err != nil {
					t.Errorf("%s at the same time as the deletion of the user: got %v, want no error", name, err)
				}
			}
			if n := dbtest.Value[int](t, url, `SELECT count(*) FROM "user"`); n != 0 {
				t.Errorf("after the deletion of the only user: got %d users, want none", n)
			}
		})
	}
}
