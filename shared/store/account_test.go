package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/store"
)

// insertAccount stores an account of a user at a provider, and returns the id of its row.
func insertAccount(t *testing.T, url, userID, provider, scope string) (id string) {
	t.Helper()
	return dbtest.Value[string](t, url, `
		INSERT INTO account ("accountId", "providerId", "userId", scope, "accessToken", "createdAt", "updatedAt")
		VALUES ('at-' || $2, $2, $1::uuid, nullif($3, ''), 'secret', $4, $4)
		RETURNING id`, userID, provider, scope, testTime)
}

// providersOf returns the providers of a user's accounts, oldest first.
func providersOf(t *testing.T, db *store.Store, userID string) (providers []string) {
	t.Helper()
	list, err := db.AccountsOfUser(t.Context(), userID)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		providers = append(providers, a.ProviderID)
	}
	return providers
}

func TestAccountsOfUserReturnsOnlyAccountsOfTheUser(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := openStore(t, url, 1)
	ada, _ := signUp(t, db, "ada@example.com")
	bob, _ := signUp(t, db, "bob@example.com")
	id := insertAccount(t, url, ada.ID, "google", "openid,email")
	got, err := db.AccountsOfUser(t.Context(), ada.ID)
	if err != nil || len(got) != 2 {
		t.Fatalf("accounts of ada: got %v, error %v; want two", got, err)
	}
	want := map[string]store.Account{
		"google": {
			ID: id, AccountID: "at-google", ProviderID: "google", UserID: ada.ID, Scope: "openid,email",
			CreatedAt: store.Time{Time: testTime}, UpdatedAt: store.Time{Time: testTime},
		},
	}
	for _, a := range got {
		if a.ProviderID == "google" {
			if diff := cmp.Diff(want["google"], a); diff != "" {
				t.Errorf("ada's account at google (-want +got):\n%s", diff)
			}
		} else if a.AccountID != ada.ID || a.Scope != "" {
			t.Errorf("ada's password account: got %+v, want her id as AccountID and no scope", a)
		}
	}
	if diff := cmp.Diff([]string{"credential"}, providersOf(t, db, bob.ID)); diff != "" {
		t.Errorf("providers of bob's accounts (-want +got):\n%s", diff)
	}
}

func TestListsOfAnUnknownUserAreEmptyAndNotNil(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1)
	const unknown = "00000000-0000-4000-8000-000000000000"
	if got, err := db.AccountsOfUser(t.Context(), unknown); got == nil || len(got) != 0 || err != nil {
		t.Errorf("accounts of an unknown user: got %v, error %v; want an empty list", got, err)
	}
	if got, err := db.SessionsOfUser(t.Context(), unknown, testTime); got == nil || len(got) != 0 || err != nil {
		t.Errorf("sessions of an unknown user: got %v, error %v; want an empty list", got, err)
	}
	if err := db.DeleteAccount(t.Context(), unknown, unknown, false); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("delete an account of an unknown user: got %v, want ErrNotFound", err)
	}
}

func TestDeleteAccountKeepsTheLastAccountAndThoseOfOtherUsers(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := openStore(t, url, 1)
	ada, _ := signUp(t, db, "ada@example.com")
	bob, _ := signUp(t, db, "bob@example.com")
	bobs := insertAccount(t, url, bob.ID, "google", "")
	if err := db.DeleteAccount(t.Context(), ada.ID, "no id", false); !errors.Is(err, store.ErrLastAccount) {
		t.Errorf("delete by an unknown id when the user has one account: got %v, want ErrLastAccount", err)
	}
	id := insertAccount(t, url, ada.ID, "github", "")
	for _, foreign := range []string{bobs, "", "no id", "nul\x00", ada.ID} {
		if err := db.DeleteAccount(t.Context(), ada.ID, foreign, false); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("delete by the id %q, which no account of the user has: got %v, want ErrNotFound", foreign, err)
		}
	}
	if err := db.DeleteAccount(t.Context(), ada.ID, id, false); err != nil {
		t.Error(err)
	}
	if err := db.DeleteAccount(t.Context(), ada.ID, id, false); !errors.Is(err, store.ErrLastAccount) {
		t.Errorf("delete the last account: got %v, want ErrLastAccount", err)
	}
	if got := append(providersOf(t, db, ada.ID), providersOf(t, db, bob.ID)...); len(got) != 3 {
		t.Errorf("after the deletions: got the accounts %v of both users together, want 3", got)
	}
}

// If requests delete all accounts of a user at the same time, one account stays.
func TestConcurrentDeleteAccountKeepsOneAccount(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := openStore(t, url, 8)
	ada, _ := signUp(t, db, "ada@example.com")
	for round := range 20 {
		var ids []string
		for _, provider := range []string{"google", "github", "gitlab", "apple", "slack"} {
			// One more account, from the round before, still exists.
			ids = append(ids, insertAccount(t, url, ada.ID, fmt.Sprint(provider, round), ""))
		}
		list, err := db.AccountsOfUser(t.Context(), ada.ID)
		if err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for _, a := range list {
			group.Go(func() {
				if err := db.DeleteAccount(t.Context(), ada.ID, a.ID, false); err != nil && !errors.Is(err, store.ErrLastAccount) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if got := providersOf(t, db, ada.ID); len(got) != 1 {
			t.Fatalf("after concurrent deletions of all %d accounts: got %v, want one account", len(ids)+1, got)
		}
	}
}

func TestUpdateUserChangesOnlyTheGivenFields(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1)
	ada, _ := signUp(t, db, "ada@example.com")
	bob, _ := signUp(t, db, "bob@example.com")
	textPointer := func(s string) *string { return &s }
	for i, c := range []struct {
		change store.UserChange
		name   string
		image  *string
	}{
		{store.UserChange{Name: textPointer("Countess")}, "Countess", nil},
		{store.UserChange{SetImage: true, Image: textPointer("i")}, "Countess", textPointer("i")},
		{store.UserChange{Name: textPointer("")}, "", textPointer("i")},
		{store.UserChange{Name: textPointer("A"), SetImage: true}, "A", nil},
	} {
		c.change.At = testTime.AddDate(0, 0, i+1)
		want := ada
		want.Name, want.Image, want.UpdatedAt = c.name, c.image, store.Time{Time: c.change.At}
		got, err := db.UpdateUser(t.Context(), ada.ID, c.change)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("user after update %d (-want +got):\n%s", i, diff)
		}
	}
	_, err := db.UpdateUser(t.Context(), ada.ID, store.UserChange{Name: textPointer("\x00"), At: testTime})
	if !errors.Is(err, store.ErrInvalid) {
		t.Errorf("update with a NUL in the name: got %v, want ErrInvalid", err)
	}
	const unknown = "00000000-0000-4000-8000-000000000000"
	_, err = db.UpdateUser(t.Context(), unknown, store.UserChange{Name: textPointer("x"), At: testTime})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("update of an unknown user: got %v, want ErrNotFound", err)
	}
	if got, _, err := db.UserWithPassword(t.Context(), "bob@example.com"); err != nil || cmp.Diff(bob, got) != "" {
		t.Errorf("another user after the updates: got %+v, error %v; want %+v", got, err, bob)
	}
}
