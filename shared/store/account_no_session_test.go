package store_test

import (
	"errors"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/store"
)

// A sign-in with a provider stores no session if the user is banned or has to verify the email first.
func TestSignInWithProviderReportsWhyThereIsNoSession(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		banned, verified, needsVerified bool
		want                            error
	}{
		"not verified":                 {false, false, false, nil},
		"verified":                     {false, true, true, nil},
		"not verified, but must be":    {false, false, true, store.ErrUnverified},
		"banned, not verified":         {true, false, false, store.ErrBanned},
		"banned, verified and must be": {true, true, true, store.ErrBanned},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.New(t)
			db := openStore(t, url, 1)
			user := signUpWithGoogle(t, db, store.ProviderTokens{}, nil)
			match, err := db.MatchAccount(t.Context(), googleAccount, "")
			if err != nil {
				t.Fatal(err)
			}
			dbtest.Exec(t, url, `UPDATE "user" SET banned = $1, "emailVerified" = $2`, c.banned, c.verified)
			session := providerSession("new")
			_, err = db.SignInWithAccount(t.Context(), match.AccountRowID, nil, store.ProviderSignIn{
				Expected: store.ExpectedUser{ID: user.ID, Email: user.Email, EmailVerified: c.verified}, Session: session,
				NeedsVerifiedEmail: c.needsVerified, At: timeAtProvider,
			})
			if !errors.Is(err, c.want) || (session.ID != "") != (c.want == nil) {
				t.Errorf("SignInWithAccount: got error %v and session id %q; want error %v, and a session only without an error",
					err, session.ID, c.want)
			}
		})
	}
}
