package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/store"
)

// google is the provider account of these tests.
var google = store.ProviderAccount{ProviderID: "google", AccountID: "108"}

// atProvider is the time of the sign-ins of these tests.
var atProvider = store.Time{Time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}

func ptr[T any](v T) *T { return &v }

// providerSession returns a session to be stored.
func providerSession(token string) *store.Session {
	return &store.Session{
		Token: token, ExpiresAt: store.Time{Time: atProvider.Add(time.Hour)},
		IPAddress: ptr("192.0.2.1"), UserAgent: ptr("test"),
	}
}

// adaAtProvider is the profile of Ada at the provider.
func adaAtProvider() store.ProviderProfile {
	return store.ProviderProfile{Name: ptr("Ada"), Email: ptr("ada@example.com"), EmailVerified: ptr(true)}
}

// signUpWithGoogle stores the user of adaAtProvider with the account google.
func signUpWithGoogle(t *testing.T, db *store.Store, tokens store.ProviderTokens, session *store.Session) store.User {
	t.Helper()
	user, err := db.SignUpWithAccount(t.Context(), google, tokens, store.ProviderSignIn{
		Profile: adaAtProvider(), Session: session, At: atProvider,
	})
	if err != nil {
		t.Fatal(err)
	}
	return user
}

func TestSignUpWithAccountStoresUserAccountAndSession(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := open(t, url, 1)
	session := providerSession("first")
	tokens := store.ProviderTokens{
		AccessToken: ptr("access"), AccessTokenExpiresAt: &store.Time{Time: atProvider.Add(time.Minute)}, Scope: ptr("a,b"),
	}
	user := signUpWithGoogle(t, db, tokens, session)
	if user.Name != "Ada" || user.Email != "ada@example.com" || !user.EmailVerified || session.ID == "" ||
		session.UserID != user.ID {
		t.Fatalf("got %+v, %+v", user, session)
	}
	match, err := db.MatchAccount(t.Context(), google, "other@example.com")
	if err != nil || match.User != user || match.Account == "" || match.Scope != "a,b" {
		t.Errorf("by account: got %+v, %v", match, err)
	}
	stored, err := db.AccountWithTokens(t.Context(), user.ID, match.Account)
	want := store.StoredAccount{
		ID: match.Account, UserID: user.ID, ProviderID: "google", AccountID: "108", ProviderTokens: tokens,
	}
	if diff := cmp.Diff(want, stored); diff != "" || err != nil {
		t.Errorf("account (-want +got):\n%s%v", diff, err)
	}
	if _, found, err := db.SessionWithUser(t.Context(), []string{"first"}, atProvider.Time); found != user || err != nil {
		t.Errorf("session: got %+v, %v", found, err)
	}
	other := store.ProviderAccount{ProviderID: "github", AccountID: "1"}
	if match, err := db.MatchAccount(t.Context(), other, "ada@example.com"); match.User != user || match.Account != "" ||
		err != nil {
		t.Errorf("by email: got %+v, %v", match, err)
	}
	if match, err := db.MatchAccount(t.Context(), other, ""); match != (store.AccountMatch{}) || err != nil {
		t.Errorf("unknown: got %+v, %v", match, err)
	}
	for name, account := range map[string]store.ProviderAccount{"same email": other, "same account": google} {
		profile := adaAtProvider()
		if name == "same account" {
			profile.Email = ptr("new@example.com")
		}
		_, err := db.SignUpWithAccount(t.Context(), account, tokens, store.ProviderSignIn{
			Profile: profile, Session: providerSession(name), At: atProvider,
		})
		if !errors.Is(err, store.ErrDuplicate) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestAccountOfAnotherUserIsNotRead(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := open(t, url, 1)
	ada, _ := signUp(t, db, "ada@example.com")
	bob, _ := signUp(t, db, "bob@example.com")
	id := insertAccount(t, url, ada.ID, "google", "")
	if got, err := db.AccountWithTokens(t.Context(), ada.ID, id); got.ProviderID != "google" || err != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, c := range []struct{ user, id string }{{bob.ID, id}, {ada.ID, "no id"}, {ada.ID, ""}, {ada.ID, "nul\x00"}} {
		if _, err := db.AccountWithTokens(t.Context(), c.user, c.id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: got %v", c.id, err)
		}
	}
}

// A sign-in keeps the values for which the provider has sent none.
func TestSignInWithAccountReplacesOnlyNewValues(t *testing.T) {
	t.Parallel()
	db := open(t, dbtest.New(t), 1)
	first := store.ProviderTokens{AccessToken: ptr("a1"), RefreshToken: ptr("r1"), IDToken: ptr("i1"), Scope: ptr("x")}
	user := signUpWithGoogle(t, db, first, nil)
	match, err := db.MatchAccount(t.Context(), google, "")
	if err != nil {
		t.Fatal(err)
	}
	session := providerSession("second")
	later := store.Time{Time: atProvider.Add(time.Hour)}
	seen := store.SeenUser{ID: user.ID, Email: user.Email, EmailVerified: user.EmailVerified}
	got, err := db.SignInWithAccount(t.Context(), match.Account, &store.ProviderTokens{AccessToken: ptr("a2")},
		store.ProviderSignIn{Seen: seen, Session: session, At: later})
	if got != user || session.ID == "" || err != nil {
		t.Errorf("got %+v, %v, want %+v", got, err, user)
	}
	stored, err := db.AccountWithTokens(t.Context(), user.ID, match.Account)
	want := first
	want.AccessToken = ptr("a2")
	if diff := cmp.Diff(want, stored.ProviderTokens); diff != "" || err != nil {
		t.Errorf("tokens (-want +got):\n%s%v", diff, err)
	}
	in := store.ProviderSignIn{Seen: seen, At: later}
	if _, err := db.SignInWithAccount(t.Context(), match.Account, nil, in); err != nil {
		t.Errorf("without tokens: %v", err)
	}
	_, err = db.SignInWithAccount(t.Context(), user.ID, nil, in)
	if !errors.Is(err, store.ErrChanged) {
		t.Errorf("a deleted account: got %v", err)
	}
}

// The email of a user changes only if no other user has the new one, and mailed links of the old one end.
func TestProviderProfileChangesTheUser(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := open(t, url, 1)
	signUp(t, db, "bob@example.com")
	user := signUpWithGoogle(t, db, store.ProviderTokens{}, nil)
	match, err := db.MatchAccount(t.Context(), google, "")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	if _, err := db.InsertPasswordReset(
		t.Context(),
		store.ResetPasswordLink+"x",
		user.Email,
		at.Add(time.Hour),
		at,
	); err != nil {
		t.Fatal(err)
	}
	links := func() int {
		return dbtest.Value[int](t, url, `SELECT count(*) FROM verification`)
	}
	change := func(p store.ProviderProfile) store.User {
		t.Helper()
		got, err := db.SignInWithAccount(t.Context(), match.Account, nil, store.ProviderSignIn{
			Seen: store.SeenUser{ID: user.ID}, Profile: p, At: atProvider,
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := change(store.ProviderProfile{Name: ptr("Countess"), Email: ptr("bob@example.com"), EmailVerified: ptr(false)})
	if got.Name != "Countess" || got.Email != "ada@example.com" || !got.EmailVerified || links() != 1 {
		t.Errorf("another user has the email: got %+v and %d mailed links, "+
			"want the new name, the old email, verified, and 1 link", got, links())
	}
	got = change(store.ProviderProfile{Image: ptr("https://example.com/a.png"), EmailVerified: ptr(false)})
	if *got.Image != "https://example.com/a.png" || got.EmailVerified || got.Name != "Countess" || links() != 1 {
		t.Errorf("the provider sends another picture: got %+v and %d mailed links, "+
			"want the new picture, the old name, not verified, and 1 link", got, links())
	}
	got = change(store.ProviderProfile{Email: ptr("new@example.com"), EmailVerified: ptr(true)})
	if got.Email != "new@example.com" || !got.EmailVerified || links() != 0 {
		t.Errorf("no user has the email: got %+v and %d mailed links, "+
			"want the new email, verified, and no link", got, links())
	}
}

func TestBannedUserGetsNoSessionFromAProvider(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := open(t, url, 1)
	user := signUpWithGoogle(t, db, store.ProviderTokens{}, nil)
	match, err := db.MatchAccount(t.Context(), google, "")
	if err != nil {
		t.Fatal(err)
	}
	signIn := func(token string) error {
		_, err := db.SignInWithAccount(t.Context(), match.Account, nil, store.ProviderSignIn{
			Seen: store.SeenUser{ID: user.ID}, Session: providerSession(token), At: atProvider,
		})
		return err
	}
	dbtest.Exec(t, url, `UPDATE "user" SET banned = true, "banExpires" = $1`, atProvider.Add(time.Second))
	if err := signIn("banned"); !errors.Is(err, store.ErrBanned) {
		t.Errorf("got %v", err)
	}
	if n := dbtest.Value[int](t, url, `SELECT count(*) FROM session`); n != 0 {
		t.Errorf("a banned user has %d sessions", n)
	}
	dbtest.Exec(t, url, `UPDATE "user" SET "banReason" = 'x', "banExpires" = $1`, atProvider.Add(-time.Second))
	if err := signIn("later"); err != nil {
		t.Errorf("after the ban: %v", err)
	}
	if got := dbtest.Value[string](
		t,
		url,
		`SELECT concat(banned, "banReason", "banExpires") FROM "user" WHERE id = $1`,
		user.ID,
	); got != "f" {
		t.Errorf("the ban is %q, want it cleared", got)
	}
}

func TestMatchLinkNeedsTheSessionOfTheRequest(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := open(t, url, 1)
	session := providerSession("first")
	user := signUpWithGoogle(t, db, store.ProviderTokens{Scope: ptr("a")}, session)
	got, err := db.MatchLink(t.Context(), "first", google, atProvider)
	if got.UserID != user.ID || got.OwnerID != user.ID || got.Account == "" || got.Scope != "a" || err != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	other := store.ProviderAccount{ProviderID: "github", AccountID: "108"}
	if got, err := db.MatchLink(t.Context(), "first", other, atProvider); got != (store.LinkMatch{UserID: user.ID}) ||
		err != nil {
		t.Errorf("another account: got %+v, %v", got, err)
	}
	ended := store.Time{Time: session.ExpiresAt.Time}
	for name, c := range map[string]struct {
		token string
		at    store.Time
	}{
		"unknown session": {"none", atProvider}, "expired session": {"first", ended}, "impossible": {"nul\x00", atProvider},
	} {
		if got, err := db.MatchLink(t.Context(), c.token, google, c.at); got.UserID != "" || err != nil {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	dbtest.Exec(t, url, `UPDATE "user" SET banned = true`)
	if got, err := db.MatchLink(t.Context(), "first", google, atProvider); got.UserID != "" || err != nil {
		t.Errorf("banned: got %+v, %v", got, err)
	}
}

func TestSocialStateIsRedeemedOnce(t *testing.T) {
	t.Parallel()
	db := open(t, dbtest.New(t), 5)
	if err := db.InsertSocialState(t.Context(), "x", "data", atProvider.Add(time.Minute), atProvider.Time); err != nil {
		t.Fatal(err)
	}
	if got, err := db.SocialState(t.Context(), "x"); got != "data" || err != nil {
		t.Errorf("got %q, %v", got, err)
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
			t.Errorf("got %v", err)
		}
	}
	if redeemed != 1 {
		t.Errorf("redeemed %d times, want once", redeemed)
	}
}
