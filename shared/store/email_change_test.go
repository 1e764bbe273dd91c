package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/store"
)

func TestContinueEmailChangeReplacesTheLink(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1)
	user, made := signUp(t, db, "ada@example.com")
	change := store.EmailChange{
		Link: "change-email:one", UserID: user.ID, SessionID: made.ID, To: "new@example.com",
	}
	if taken, err := db.InsertEmailChange(t.Context(), change, testTime.Add(time.Hour), testTime); taken || err != nil {
		t.Fatalf("store a change to an email that no user has: got taken %v, error %v; want false and no error", taken, err)
	}
	continueChange := func(link, userID string) error {
		return db.ContinueEmailChange(t.Context(), link, "change-email:two", userID, testTime.Add(2*time.Hour), testTime)
	}
	const other = "00000000-0000-4000-8000-000000000000"
	if err := continueChange("change-email:one", other); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("continue with the link of another user: got %v, want ErrNotFound", err)
	}
	if err := continueChange("change-email:one", user.ID); err != nil {
		t.Errorf("continue with the first link: got %v, want no error", err)
	}
	if err := continueChange("change-email:one", user.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("continue with the first link again: got %v, want ErrNotFound", err)
	}
	if err := continueChange("change-email:two", user.ID); err != nil {
		t.Errorf("continue with the link that the first call stored: got %v, want no error", err)
	}
}
