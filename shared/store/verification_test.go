package store_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/store"
)

// storedVerification is a row of verification: age is how long before now it was created, left how long after now it
// expires.
type storedVerification struct{ age, left time.Duration }

// The test redeems links of resets and of deletions, with one request and with fifty concurrent ones. If several rows
// have the same identifier, only the newest row is valid, and redeeming deletes all of them. An expired row is deleted,
// too, but has no effect. A failed attempt changes nothing else.
func TestR41_LinksAreRedeemedOnce(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 10)
	for _, c := range []struct {
		name string
		rows []storedVerification
		wins int
	}{
		{"unknown", nil, 0},
		{"good", []storedVerification{{0, time.Hour}}, 1},
		{"at its expiry", []storedVerification{{0, 0}}, 1},
		{"expired", []storedVerification{{0, -time.Millisecond}}, 0},
		{"older rows", []storedVerification{{2 * time.Second, time.Hour}, {time.Second, time.Hour}, {0, time.Hour}}, 1},
		{"rows of the same time", []storedVerification{{0, time.Hour}, {0, time.Hour}, {0, time.Hour}}, 1},
		{"expired, but older rows are valid", []storedVerification{{time.Second, time.Hour}, {0, -time.Second}}, 0},
	} {
		for _, requests := range []int{1, 50} {
			for _, deletion := range []bool{false, true} {
				user, _ := signUp(t, db, "ada@example.com")
				for _, v := range c.rows {
					if err := db.InsertVerification(
						t.Context(),
						"x",
						user.ID,
						testTime.Add(v.left),
						testTime.Add(-v.age),
					); err != nil {
						t.Fatal(err)
					}
				}
				redeem := func() error {
					_, err := db.ResetPassword(t.Context(), "x", "new hash", true, nil, testTime)
					return err
				}
				if deletion {
					redeem = func() error { return db.DeleteUserByLink(t.Context(), "x", user.ID, testTime) }
				}
				if got := countConcurrentSuccesses(t, requests, redeem); got != c.wins {
					t.Errorf("link (%s), %d requests, deletion: %v: %d requests succeeded, want %d",
						c.name, requests, deletion, got, c.wins)
				}
				if _, _, err := db.UserOfLink(
					t.Context(),
					"x",
					testTime.Add(-time.Hour),
				); !errors.Is(
					err,
					store.ErrNotFound,
				) {
					t.Errorf("link (%s), %d requests, deletion: %v: UserOfLink afterwards: got %v, want ErrNotFound",
						c.name, requests, deletion, err)
				}
				credential, err := db.PasswordAccountOfUser(t.Context(), user.ID)
				want := map[bool]string{true: "new hash", false: "the hash"}[c.wins == 1]
				if deletion && c.wins == 1 {
					want = ""
				}
				if err != nil || credential.Hash != want {
					t.Errorf("link (%s), %d requests, deletion: %v: got the stored hash %q, error %v; want %q",
						c.name, requests, deletion, credential.Hash, err, want)
				}
				if err := db.DeleteUser(t.Context(), user.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// countConcurrentSuccesses calls f n times concurrently and returns how many calls succeeded. The others must return
// ErrNotFound.
func countConcurrentSuccesses(t *testing.T, n int, f func() error) (wins int) {
	t.Helper()
	var group sync.WaitGroup
	errs := make([]error, n)
	for i := range errs {
		group.Go(func() { errs[i] = f() })
	}
	group.Wait()
	for _, err := range errs {
		if err == nil {
			wins++
		} else if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("redeem a link concurrently: got %v, want no error or ErrNotFound", err)
		}
	}
	return wins
}

// A request with the link of another user deletes no user, and the link cannot be used again.
func TestR41_LinkOfAnotherUserIsUsedUpWithoutEffect(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1)
	ada, _ := signUp(t, db, "ada@example.com")
	eve, _ := signUp(t, db, "eve@example.com")
	if err := db.InsertVerification(t.Context(), "x", ada.ID, testTime.Add(time.Hour), testTime); err != nil {
		t.Fatal(err)
	}
	for _, user := range []store.User{eve, ada} {
		if err := db.DeleteUserByLink(t.Context(), "x", user.ID, testTime); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("delete %s with Ada's link, which Eve's request uses up: got %v, want ErrNotFound", user.Email, err)
		}
		found, err := db.UserByID(t.Context(), user.ID)
		if diff := cmp.Diff(user, found); err != nil || diff != "" {
			t.Errorf("%s after the deletion that failed: error %v (-want +got):\n%s", user.Email, err, diff)
		}
	}
}

// A reset is one transaction: if the password cannot be stored, the link stays valid and the sessions stay live.
func TestR41_FailedResetKeepsTheLink(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1)
	user, made := signUp(t, db, "ada@example.com")
	if err := db.InsertVerification(t.Context(), "x", user.ID, testTime.Add(time.Hour), testTime); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ResetPassword(t.Context(), "x", "a hash\x00", true, nil, testTime); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("reset with a hash that Postgres cannot store: got %v, want ErrInvalid", err)
	}
	if _, _, err := db.SessionWithUser(t.Context(), []string{made.Token}, testTime); err != nil {
		t.Errorf("session after the failed reset: got %v, want it live", err)
	}
	if id, email, err := db.UserOfLink(
		t.Context(),
		"x",
		testTime,
	); err != nil || id != user.ID ||
		email != user.Email {
		t.Errorf("link after the failed reset: got user %q, email %q, error %v; want the link of %q", id, email, err, user.ID)
	}
}

func TestChangeEmailNeedsTheOldEmail(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1)
	ada, _ := signUp(t, db, "ada@example.com")
	signUp(t, db, "eve@example.com")
	later := testTime.Add(time.Second)
	for _, c := range []struct {
		from, to string
		want     error
	}{
		{"old@example.com", "new@example.com", store.ErrNotFound},
		{"ada@example.com", "eve@example.com", store.ErrDuplicate},
		{"ada@example.com", "new@example.com", nil},
		{"ada@example.com", "new@example.com", store.ErrNotFound},
	} {
		if _, err := db.ChangeEmail(t.Context(), "", ada.ID, c.from, c.to, true, later); !errors.Is(err, c.want) {
			t.Errorf("ChangeEmail from %s to %s: got %v, want %v", c.from, c.to, err, c.want)
		}
	}
	if _, err := db.ConfirmEmail(t.Context(), "", ada.ID, "ada@example.com", later); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("ConfirmEmail of the old email: got %v, want ErrNotFound", err)
	}
	got, err := db.ConfirmEmail(t.Context(), "", ada.ID, "new@example.com", later)
	if err != nil || !got.EmailVerified || !got.UpdatedAt.Equal(later) {
		t.Errorf("ConfirmEmail of the new email: got %+v, error %v; want a verified email and updatedAt %v", got, err, later)
	}
	for _, keep := range []bool{true, false} {
		got, err = db.ChangeEmail(t.Context(), "", ada.ID, "new@example.com", "new@example.com", keep, later)
		if err != nil || got.EmailVerified != keep {
			t.Errorf("ChangeEmail with keepVerified %v: got %+v, error %v; want emailVerified %v", keep, got, err, keep)
		}
	}
}

// A request can store its link after another request has deleted the user's links and the session. This link must not
// work.
func TestChangeEmailIsRefusedAfterItsSessionHasEnded(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1)
	ada, session := signUp(t, db, "ada@example.com")
	later := testTime.Add(time.Minute)
	requestChange := func(name string) string {
		c := store.EmailChange{
			Link: store.ChangeEmailLinkPrefix + name, UserID: ada.ID, SessionID: session.ID, To: "new@example.com",
		}
		if _, err := db.InsertEmailChange(t.Context(), c, later, testTime); err != nil {
			t.Fatal(err)
		}
		return c.Link
	}
	reset := store.ResetPasswordLinkPrefix + "ada"
	if err := db.InsertVerification(t.Context(), reset, ada.ID, later, testTime); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ResetPassword(t.Context(), reset, "hash", true, nil, testTime); err != nil {
		t.Fatal(err)
	}
	link := requestChange("late")
	if err := db.InsertVerification(t.Context(), reset, ada.ID, later, testTime); err != nil {
		t.Fatal(err)
	}
	_, err := db.ChangeEmail(t.Context(), link, ada.ID, "ada@example.com", "new@example.com", true, testTime)
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("ChangeEmail with a link of an ended session: got %v, want ErrNotFound", err)
	}
	if _, _, err := db.UserOfLink(t.Context(), reset, testTime); err != nil {
		t.Errorf("the user's reset link after the failed change: got %v, want it valid", err)
	}
	session.Token += "-next"
	id, err := db.InsertSession(t.Context(), session)
	if err != nil {
		t.Fatal(err)
	}
	session.ID = id
	_, err = db.ChangeEmail(
		t.Context(),
		requestChange("live"),
		ada.ID,
		"ada@example.com",
		"new@example.com",
		true,
		testTime,
	)
	if err != nil {
		t.Errorf("ChangeEmail with a link of a live session: %v", err)
	}
}

// Statements that delete several links of one user at the same time do not deadlock, and a deleted link cannot be
// redeemed.
func TestLinksOfAUserAreDeletedTogetherWithoutDeadlock(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 10)
	for range 5 {
		ada, _ := signUp(t, db, "ada@example.com")
		eve, _ := signUp(t, db, "eve@example.com")
		var redeem []func() error
		for i := range 20 {
			prefix := []string{store.ResetPasswordLinkPrefix, store.ChangeEmailLinkPrefix, store.DeleteAccountLinkPrefix}[i%3]
			link := fmt.Sprintf("%s%d", prefix, i)
			if err := db.InsertVerification(t.Context(), link, ada.ID, testTime.Add(time.Hour), testTime); err != nil {
				t.Fatal(err)
			}
			redeem = append(redeem, func() (err error) {
				switch i % 3 {
				case 0:
					_, err = db.ResetPassword(t.Context(), link, "new hash", true, nil, testTime)
				case 1:
					_, err = db.ChangeEmail(t.Context(), link, ada.ID, "ada@example.com", "new@example.com", true, testTime)
				case 2:
					err = db.DeleteUserByLink(t.Context(), link, eve.ID, testTime) // uses up Ada's link without effect
				}
				return err
			})
		}
		var group sync.WaitGroup
		errs := make([]error, len(redeem))
		for i, f := range redeem {
			group.Go(func() { errs[i] = f() })
		}
		for range 5 {
			group.Go(func() {
				if err := db.DeleteSessionsExcept(t.Context(), ada.ID, "", testTime); err != nil {
					t.Errorf("DeleteSessionsExcept at the same time: %v", err)
				}
			})
		}
		group.Wait()
		wins := 0
		for _, err := range errs {
			if err == nil {
				wins++
			} else if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("redeem one of the links: got %v, want no error or ErrNotFound", err)
			}
		}
		if wins > 1 {
			t.Errorf("%d links were redeemed, want at most 1, because the first one deletes the others", wins)
		}
		for _, user := range []store.User{ada, eve} {
			if err := db.DeleteUser(t.Context(), user.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Deleting the mailed links of a user keeps the rows of other features in the table verification. The value of such a
// row may be too long for an index.
func TestDeletingTheLinksOfAUserKeepsOtherRows(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1)
	ada, _ := signUp(t, db, "ada@example.com")
	eve, _ := signUp(t, db, "eve@example.com")
	long := ada.ID + strings.Repeat("0123456789abcdef", 4096)
	for identifier, value := range map[string]string{
		"2fa-x": ada.ID, "trust-device-x": ada.ID, "of-another-feature": ada.ID, "state": long,
		store.ResetPasswordLinkPrefix + "eve": eve.ID,
		store.ResetPasswordLinkPrefix + "ada": ada.ID, store.ChangeEmailLinkPrefix + "ada": long,
	} {
		if err := db.InsertVerification(t.Context(), identifier, value, testTime.Add(time.Hour), testTime); err != nil {
			t.Fatalf("store a row with the identifier %s: %v", identifier, err)
		}
	}
	if err := db.DeleteSessionsOfUser(t.Context(), ada.ID, testTime); err != nil {
		t.Fatal(err)
	}
	for identifier, want := range map[string]bool{
		"2fa-x": false, "trust-device-x": false, "of-another-feature": true,
		store.ResetPasswordLinkPrefix + "eve": true, store.ResetPasswordLinkPrefix + "ada": false,
	} {
		_, _, err := db.UserOfLink(t.Context(), identifier, testTime)
		if got := err == nil; got != want {
			t.Errorf("row with the identifier %s exists: %v, want %v", identifier, got, want)
		}
	}
}
