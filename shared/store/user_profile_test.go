package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/store"
)

func TestUpdateProfileKeepsOtherFields(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1)
	user, s := signUp(t, db, "ada@example.com")
	made, err := db.CreateProfile(
		t.Context(),
		tokenHolder(user, s),
		map[string]any{"age_range": "25_34", "time_per_week": 5},
	)
	if err != nil {
		t.Fatal(err)
	}
	if made.Value("preferred_language") != "en" || made.Value("time_per_week") != int32(5) ||
		made.Value("age_range") != "25_34" {
		t.Errorf("CreateProfile: got %+v, want the given fields and the language en", made)
	}
	changes := map[string]any{"age_range": nil, "learning_mode": "visual"}
	changed, err := db.UpdateProfile(t.Context(), tokenHolder(user, s), changes, []time.Time{made.UpdatedAt})
	if err != nil {
		t.Fatal(err)
	}
	if changed.Value("age_range") != nil || changed.Value("learning_mode") != "visual" ||
		changed.Value("time_per_week") != int32(5) || !changed.UpdatedAt.After(made.UpdatedAt) {
		t.Errorf("UpdateProfile: got %+v, want the two changes, time_per_week unchanged and a later UpdatedAt", changed)
	}
	_, err = db.UpdateProfile(t.Context(), tokenHolder(user, s), nil, []time.Time{made.UpdatedAt})
	if !errors.Is(err, store.ErrChanged) {
		t.Errorf("UpdateProfile that requires an old UpdatedAt: got %v, want ErrChanged", err)
	}
	if _, err := db.CreateProfile(t.Context(), tokenHolder(user, s), nil); !errors.Is(err, store.ErrDuplicate) {
		t.Errorf("CreateProfile of a second profile: got %v, want ErrDuplicate", err)
	}
}

func TestOnlyOneOfConcurrentUpdatesOfAProfileVersionSucceeds(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 5)
	user, s := signUp(t, db, "ada@example.com")
	made, err := db.CreateProfile(t.Context(), tokenHolder(user, s), nil)
	if err != nil {
		t.Fatal(err)
	}
	const writers = 20
	won := make(chan bool, writers)
	for i := range writers {
		go func() {
			fields := map[string]any{"time_per_week": i}
			_, err := db.UpdateProfile(t.Context(), tokenHolder(user, s), fields, []time.Time{made.UpdatedAt})
			won <- err == nil
		}()
	}
	wins := 0
	for range writers {
		if <-won {
			wins++
		}
	}
	if wins != 1 {
		t.Errorf("%d concurrent updates that require the same UpdatedAt: got %d successful, want 1", writers, wins)
	}
}
