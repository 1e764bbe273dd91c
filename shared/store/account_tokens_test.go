package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/store"
)

func TestUpdateTokensReplacesOnlyNewValues(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := openStore(t, url, 1)
	first := store.ProviderTokens{
		AccessToken:  pointerTo("a1"),
		RefreshToken: pointerTo("r1"),
		IDToken:      pointerTo("i1"),
		Scope:        pointerTo("x"),
	}
	user := signUpWithGoogle(t, db, first, nil)
	match, err := db.MatchAccount(t.Context(), googleAccount, "")
	if err != nil {
		t.Fatal(err)
	}
	later := store.Time{Time: timeAtProvider.Add(time.Hour)}
	ends := store.Time{Time: later.Add(time.Hour)}
	change := store.ProviderTokens{AccessToken: pointerTo("a2"), AccessTokenExpiresAt: &ends}
	if err := db.UpdateTokens(t.Context(), match.AccountRowID, pointerTo("r1"), change, later); err != nil {
		t.Fatal(err)
	}
	got, err := db.AccountWithTokens(t.Context(), user.ID, match.AccountRowID)
	want := first
	want.AccessToken, want.AccessTokenExpiresAt = pointerTo("a2"), &ends
	if diff := cmp.Diff(want, got.ProviderTokens); diff != "" || err != nil {
		t.Errorf("tokens after an update of the access token: error %v (-want +got):\n%s", err, diff)
	}
	updated := dbtest.Value[time.Time](t, url, `SELECT "updatedAt" FROM account`)
	if !updated.Equal(later.Time) {
		t.Errorf("updatedAt of the account: got %v, want %v", updated, later)
	}
}

func TestUpdateTokensKeepsTokensThatAnotherRequestStored(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := openStore(t, url, 1)
	signUpWithGoogle(t, db, store.ProviderTokens{RefreshToken: pointerTo("r2")}, nil)
	match, err := db.MatchAccount(t.Context(), googleAccount, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, old := range []*string{pointerTo("r1"), nil} {
		err := db.UpdateTokens(
			t.Context(),
			match.AccountRowID,
			old,
			store.ProviderTokens{RefreshToken: pointerTo("x")},
			timeAtProvider,
		)
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("UpdateTokens with an old refresh token: got %v, want ErrNotFound", err)
		}
	}
	if got := dbtest.Value[string](t, url, `SELECT "refreshToken" FROM account`); got != "r2" {
		t.Errorf("refresh token after the failed updates: got %s, want r2", got)
	}
}

func TestUpdateTokensOfAnUnknownAccountIsNotFound(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1)
	const account = "00000000-0000-4000-8000-000000000000"
	err := db.UpdateTokens(t.Context(), account, nil, store.ProviderTokens{}, timeAtProvider)
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("UpdateTokens of an account that does not exist: got %v, want ErrNotFound", err)
	}
}

func TestUpdateTokensReportsAnErrorOfTheDatabase(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.NewEmpty(t), 1)
	const account = "00000000-0000-4000-8000-000000000000"
	err := db.UpdateTokens(t.Context(), account, nil, store.ProviderTokens{}, timeAtProvider)
	if err == nil || errors.Is(err, store.ErrNotFound) {
		t.Errorf("UpdateTokens in a database without tables: got %v, want the error of Postgres", err)
	}
}
