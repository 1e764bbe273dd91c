package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/store"
)

// googleAccount is Ada's account at a provider.
var googleAccount = store.ProviderAccount{ProviderID: "google", AccountID: "108"}

// timeAtProvider is the time of Ada's sign-ins with the provider.
var timeAtProvider = store.Time{Time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}

func pointerTo[T any](v T) *T { return &v }

// providerSession returns a session with the token that is not stored yet.
func providerSession(token string) *store.Session {
	return &store.Session{
		Token: token, ExpiresAt: store.Time{Time: timeAtProvider.Add(time.Hour)},
		IPAddress: pointerTo("192.0.2.1"), UserAgent: pointerTo("test"),
	}
}

// adaAtProvider returns the profile of Ada at the provider.
func adaAtProvider() store.ProviderProfile {
	return store.ProviderProfile{
		Name:          pointerTo("Ada"),
		Email:         pointerTo("ada@example.com"),
		EmailVerified: pointerTo(true),
	}
}

// signUpWithGoogle stores Ada with her account google.
func signUpWithGoogle(t *testing.T, db *store.Store, tokens store.ProviderTokens, session *store.Session) store.User {
	t.Helper()
	user, err := db.SignUpWithAccount(t.Context(), googleAccount, tokens, store.ProviderSignIn{
		Profile: adaAtProvider(), Session: session, At: timeAtProvider,
	})
	if err != nil {
		t.Fatal(err)
	}
	return user
}

func TestSignUpWithAccountStoresUserAccountAndSession(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := openStore(t, url, 1)
	session := providerSession("first")
	tokens := store.ProviderTokens{
		AccessToken: pointerTo(
			"access",
		),
		AccessTokenExpiresAt: &store.Time{Time: timeAtProvider.Add(time.Minute)},
		Scope:                pointerTo("a,b"),
	}
	user := signUpWithGoogle(t, db, tokens, session)
	if user.Name != "Ada" || user.Email != "ada@example.com" || !user.EmailVerified || session.ID == "" ||
		session.UserID != user.ID {
		t.Fatalf("SignUpWithAccount: got user %+v, session %+v; want the profile and a session of this user", user, session)
	}
	match, err := db.MatchAccount(t.Context(), googleAccount, "other@example.com")
	if err != nil || match.User != user || match.AccountRowID == "" || match.Scope != "a,b" {
		t.Errorf("MatchAccount by the account: got %+v, error %v; want user %+v and the scope a,b", match, err, user)
	}
	stored, err := db.AccountWithTokens(t.Context(), user.ID, match.AccountRowID)
	want := store.StoredAccount{
		ID: match.AccountRowID, UserID: user.ID, ProviderID: "google", AccountID: "108", ProviderTokens: tokens,
	}
	if diff := cmp.Diff(want, stored); diff != "" || err != nil {
		t.Errorf("stored account: error %v (-want +got):\n%s", err, diff)
	}
	if _, found, err := db.SessionWithUser(
		t.Context(),
		[]string{"first"},
		timeAtProvider.Time,
	); found != user ||
		err != nil {
		t.Errorf("user of the stored session: got %+v, error %v; want %+v", found, err, user)
	}
	other := store.ProviderAccount{ProviderID: "github", AccountID: "1"}
	match, err = db.MatchAccount(t.Context(), other, "ada@example.com")
	if match.User != user || match.AccountRowID != "" || err != nil {
		t.Errorf("MatchAccount by the email: got %+v, error %v; want user %+v and no account", match, err, user)
	}
	if match, err := db.MatchAccount(t.Context(), other, ""); match != (store.AccountMatch{}) || err != nil {
		t.Errorf("MatchAccount of an unknown account without an email: got %+v, error %v; want a zero AccountMatch",
			match, err)
	}
	for name, account := range map[string]store.ProviderAccount{"same email": other, "same account": googleAccount} {
		profile := adaAtProvider()
		if name == "same account" {
			profile.Email = pointerTo("new@example.com")
		}
		_, err := db.SignUpWithAccount(t.Context(), account, tokens, store.ProviderSignIn{
			Profile: profile, Session: providerSession(name), At: timeAtProvider,
		})
		if !errors.Is(err, store.ErrDuplicate) {
			t.Errorf("second SignUpWithAccount with the %s: got %v, want ErrDuplicate", name, err)
		}
	}
}

func TestAccountOfAnotherUserIsNotRead(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := openStore(t, url, 1)
	ada, _ := signUp(t, db, "ada@example.com")
	bob, _ := signUp(t, db, "bob@example.com")
	id := insertAccount(t, url, ada.ID, "google", "")
	if got, err := db.AccountWithTokens(t.Context(), ada.ID, id); got.ProviderID != "google" || err != nil {
		t.Errorf("account of the user: got %+v, error %v; want the account at google", got, err)
	}
	for _, c := range []struct{ user, id string }{{bob.ID, id}, {ada.ID, "no id"}, {ada.ID, ""}, {ada.ID, "nul\x00"}} {
		if _, err := db.AccountWithTokens(t.Context(), c.user, c.id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("AccountWithTokens(%s, %q): got %v, want ErrNotFound", c.user, c.id, err)
		}
	}
}

// A sign-in keeps a stored value if the provider has sent no new one.
func TestSignInWithAccountReplacesOnlyNewValues(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1)
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
	session := providerSession("second")
	later := store.Time{Time: timeAtProvider.Add(time.Hour)}
	seen := store.ExpectedUser{ID: user.ID, Email: user.Email, EmailVerified: user.EmailVerified}
	got, err := db.SignInWithAccount(t.Context(), match.AccountRowID, &store.ProviderTokens{AccessToken: pointerTo("a2")},
		store.ProviderSignIn{Expected: seen, Session: session, At: later})
	if got != user || session.ID == "" || err != nil {
		t.Errorf("SignInWithAccount: got user %+v, session id %q, error %v; want user %+v and a session",
			got, session.ID, err, user)
	}
	stored, err := db.AccountWithTokens(t.Context(), user.ID, match.AccountRowID)
	want := first
	want.AccessToken = pointerTo("a2")
	if diff := cmp.Diff(want, stored.ProviderTokens); diff != "" || err != nil {
		t.Errorf("tokens after a sign-in with a new access token: error %v (-want +got):\n%s", err, diff)
	}
	in := store.ProviderSignIn{Expected: seen, At: later}
	if _, err := db.SignInWithAccount(t.Context(), match.AccountRowID, nil, in); err != nil {
		t.Errorf("SignInWithAccount without tokens: %v", err)
	}
	_, err = db.SignInWithAccount(t.Context(), user.ID, nil, in)
	if !errors.Is(err, store.ErrChanged) {
		t.Errorf("SignInWithAccount with an unknown account: got %v, want ErrChanged", err)
	}
}

// The email of a user changes only if no other user has the new one. If it changes, the mailed links to the old email
// are deleted.
func TestProviderProfileChangesTheUser(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := openStore(t, url, 1)
	signUp(t, db, "bob@example.com")
	user := signUpWithGoogle(t, db, store.ProviderTokens{}, nil)
	match, err := db.MatchAccount(t.Context(), googleAccount, "")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	if _, err := db.InsertPasswordResetLink(
		t.Context(),
		store.ResetPasswordLinkPrefix+"x",
		user.Email,
		at.Add(time.Hour),
		at,
	); err != nil {
		t.Fatal(err)
	}
	countLinks := func() int {
		return dbtest.Value[int](t, url, `SELECT count(*) FROM verification`)
	}
	signInWithProfile := func(p store.ProviderProfile) store.User {
		t.Helper()
		got, err := db.SignInWithAccount(t.Context(), match.AccountRowID, nil, store.ProviderSignIn{
			Expected: store.ExpectedUser{ID: user.ID}, Profile: p, At: timeAtProvider,
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := signInWithProfile(
		store.ProviderProfile{
			Name:          pointerTo("Countess"),
			Email:         pointerTo("bob@example.com"),
			EmailVerified: pointerTo(false),
		},
	)
	if got.Name != "Countess" || got.Email != "ada@example.com" || !got.EmailVerified || countLinks() != 1 {
		t.Errorf("another user has the email: got %+v and %d mailed links, "+
			"want the new name, the old email, verified, and 1 link", got, countLinks())
	}
	got = signInWithProfile(store.ProviderProfile{
		Image: pointerTo("https://example.com/a.png"), EmailVerified: pointerTo(false),
	})
	if *got.Image != "https://example.com/a.png" || got.EmailVerified || got.Name != "Countess" || countLinks() != 1 {
		t.Errorf("the provider sends another picture: got %+v and %d mailed links, "+
			"want the new picture, the old name, not verified, and 1 link", got, countLinks())
	}
	got = signInWithProfile(store.ProviderProfile{Email: pointerTo("new@example.com"), EmailVerified: pointerTo(true)})
	if got.Email != "new@example.com" || !got.EmailVerified || countLinks() != 0 {
		t.Errorf("no user has the email: got %+v and %d mailed links, "+
			"want the new email, verified, and no link", got, countLinks())
	}
}

func TestBannedUserGetsNoSessionFromAProvider(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := openStore(t, url, 1)
	user := signUpWithGoogle(t, db, store.ProviderTokens{}, nil)
	match, err := db.MatchAccount(t.Context(), googleAccount, "")
	if err != nil {
		t.Fatal(err)
	}
	signIn := func(token string) error {
		_, err := db.SignInWithAccount(t.Context(), match.AccountRowID, nil, store.ProviderSignIn{
			Expected: store.ExpectedUser{ID: user.ID}, Session: providerSession(token), At: timeAtProvider,
		})
		return err
	}
	dbtest.Exec(t, url, `UPDATE "user" SET banned = true, "banExpires" = $1`, timeAtProvider.Add(time.Second))
	if err := signIn("banned"); !errors.Is(err, store.ErrBanned) {
		t.Errorf("sign-in of a banned user: got %v, want ErrBanned", err)
	}
	if n := dbtest.Value[int](t, url, `SELECT count(*) FROM session`); n != 0 {
		t.Errorf("after the sign-in of a banned user: got %d sessions, want 0", n)
	}
	dbtest.Exec(t, url, `UPDATE "user" SET "banReason" = 'x', "banExpires" = $1`, timeAtProvider.Add(-time.Second))
	if err := signIn("later"); err != nil {
		t.Errorf("sign-in after the end of the ban: %v", err)
	}
	if got := dbtest.Value[string](
		t,
		url,
		`SELECT concat(banned, "banReason", "banExpires") FROM "user" WHERE id = $1`,
		user.ID,
	); got != "f" {
		t.Errorf("columns of the ban after that sign-in: got %q, want \"f\", that is banned = false and two NULLs", got)
	}
}

func TestMatchAccountToLinkNeedsTheSessionOfTheRequest(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := openStore(t, url, 1)
	session := providerSession("first")
	user := signUpWithGoogle(t, db, store.ProviderTokens{Scope: pointerTo("a")}, session)
	got, err := db.MatchAccountToLink(t.Context(), "first", googleAccount, timeAtProvider)
	if got.UserID != user.ID || got.OwnerID != user.ID || got.AccountRowID == "" || got.Scope != "a" || err != nil {
		t.Errorf("MatchAccountToLink of the user's own account: got %+v, error %v; want user %s twice and the scope a",
			got, err, user.ID)
	}
	other := store.ProviderAccount{ProviderID: "github", AccountID: "108"}
	got, err = db.MatchAccountToLink(t.Context(), "first", other, timeAtProvider)
	if got != (store.AccountToLink{UserID: user.ID}) || err != nil {
		t.Errorf("MatchAccountToLink of an account that is not stored: got %+v, error %v; want only user %s",
			got, err, user.ID)
	}
	ended := store.Time{Time: session.ExpiresAt.Time}
	for name, c := range map[string]struct {
		token string
		at    store.Time
	}{
		"unknown session": {"none", timeAtProvider}, "expired session": {"first", ended}, "NUL": {"nul\x00", timeAtProvider},
	} {
		if got, err := db.MatchAccountToLink(t.Context(), c.token, googleAccount, c.at); got.UserID != "" || err != nil {
			t.Errorf("MatchAccountToLink, %s: got %+v, error %v; want no user", name, got, err)
		}
	}
	dbtest.Exec(t, url, `UPDATE "user" SET banned = true`)
	got, err = db.MatchAccountToLink(t.Context(), "first", googleAccount, timeAtProvider)
	if got.UserID != "" || err != nil {
		t.Errorf("MatchAccountToLink, banned user: got %+v, error %v; want no user", got, err)
	}
}

func TestSocialStateIsRedeemedOnce(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 5)
	if err := db.InsertSocialState(
		t.Context(),
		"x",
		"data",
		timeAtProvider.Add(time.Minute),
		timeAtProvider.Time,
	); err != nil {
		t.Fatal(err)
	}
	if got, err := db.SocialState(t.Context(), "x"); got != "data" || err != nil {
		t.Errorf("SocialState: got %q, error %v; want the stored data", got, err)
	}
	results := make(chan error, 5)
	for range cap(results) {
		go func() {
			_, err := db.RedeemSocialState(t.Context(), "x")
			results <- err
		}()
	}
	redeemed := 0
	for range cap(results) {
		switch err := <-results; {
		case err == nil:
			redeemed++
		case !errors.Is(err, store.ErrNotFound):
			t.Errorf("RedeemSocialState: got %v, want no error or ErrNotFound", err)
		}
	}
	if redeemed != 1 {
		t.Errorf("%d concurrent calls redeemed the state %d times, want once", cap(results), redeemed)
	}
}
