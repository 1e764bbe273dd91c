package store_test

import (
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/store"
)

// A sign-up whose email has to be verified stores a link, unless a user who uses the account has the email.
func TestSignUpUnverifiedStoresUserOrLink(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1)
	signUp(t, db, "bob@example.com") // has a session, so the account is in use
	first := ""
	for _, c := range []struct {
		email, link   string
		exists, isNew bool // whether the sign-up returns a user, and whether it created the user
	}{
		{"ada@example.com", "one", true, true},
		{"ada@example.com", "two", true, false},
		{"bob@example.com", "three", false, false},
	} {
		n := store.NewUser{Name: "Ada", Email: c.email, Hash: "hash of " + c.link, At: testTime}
		id, made, err := db.SignUpUnverified(t.Context(), n, c.link, testTime.Add(time.Hour))
		if err != nil || (id != "") != c.exists || made != c.isNew {
			t.Errorf("sign-up with link %s: got user id %q, created %v, error %v; want an id: %v, created %v",
				c.link, id, made, err, c.exists, c.isNew)
		}
		if c.isNew {
			first = id
		} else if c.exists && id != first {
			t.Errorf("sign-up with link %s: got user id %s, want %s as in the first sign-up", c.link, id, first)
		}
	}
	if got, err := db.PasswordAccountOfUser(t.Context(), first); got.Hash != "hash of one" || err != nil {
		t.Errorf("before a link is opened: got the credential %+v, error %v; want \"hash of one\"", got, err)
	}
	user, err := db.ConfirmEmail(t.Context(), "two", first, "ada@example.com", testTime)
	if err != nil || !user.EmailVerified {
		t.Errorf("ConfirmEmail with link two: got user %+v, error %v; want a verified email", user, err)
	}
	if got, err := db.PasswordAccountOfUser(t.Context(), first); got.Hash != "hash of two" || err != nil {
		t.Errorf("after ConfirmEmail with link two: got the credential %+v, error %v; want \"hash of two\"", got, err)
	}
}
