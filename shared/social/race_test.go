package social_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// doAfterConcurrentChange executes sql in a transaction, runs request, and commits when a statement of the request
// waits for the transaction or the request has ended. So the request reads the rows before the change, and writes after
// it.
func (s *server) doAfterConcurrentChange(request func() answer, sql string, args ...any) answer {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close(s.t.Context())
	tx, err := conn.Begin(s.t.Context())
	if err == nil {
		_, err = tx.Exec(s.t.Context(), sql, args...)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	var got answer
	done := make(chan struct{})
	go func() {
		defer close(done)
		got = request()
	}()
	dbtest.AwaitLockWaits(s.t, s.url, 1, done)
	if err := tx.Commit(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	<-done
	return got
}

// The email of a user changes while a sign-in runs. The provider has verified the old email, not the new one.
func TestSignInDoesNotVerifyAnEmailThatItHasNotSeen(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.browser().signIn("google", "", verifiedVisit())
	dbtest.Exec(t, s.url, `UPDATE "user" SET "emailVerified" = false`)
	b := s.browser()
	login := s.visitProvider(b.beginSignIn("google", `,"callbackURL":"/home"`), verifiedVisit())
	a := s.doAfterConcurrentChange(
		func() answer { return b.finishCallback(login) }, `UPDATE "user" SET email = 'new@example.com'`)
	if a.location() != "/home" || b.userID() == "" {
		t.Errorf("callback: got a redirect to %s, want /home and a session", a.location())
	}
	const want = "Ada Lovelace|new@example.com|f|https://example.com/ada.png"
	if got := dbtest.Value[string](t, s.url, selectUserSQL); got != want {
		t.Errorf("the row of the user is %s, want %s", got, want)
	}
}

// The email of a user changes, or is no longer verified, while a sign-in links an account by this email.
func TestSignInDoesNotLinkToAUserWhoseEmailHasChanged(t *testing.T) {
	t.Parallel()
	for change, want := range map[string]string{
		`UPDATE "user" SET email = 'new@example.com'`: "",
		`UPDATE "user" SET "emailVerified" = false`:   "account_not_linked",
		`DELETE FROM "user"`:                          "",
	} {
		t.Run(change, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			id := s.browser().signUp("ada@example.com", true)
			b := s.browser()
			login := s.visitProvider(b.beginSignIn("google", `,"errorCallbackURL":"/failed"`), verifiedVisit())
			a := s.doAfterConcurrentChange(func() answer { return b.finishCallback(login) }, change)
			if code, _ := redirectErrorAndTarget(t, a.location()); code != want {
				t.Errorf("sign-in: got the error %q, want %q", code, want)
			}
			got := b.userID()
			if got == id || (got == "") != (want != "") {
				t.Errorf("sign-in: got the user %q, want another one than %s, or none if there is an error", got, id)
			}
		})
	}
}

// An account is given to another user, or deleted, while its old owner signs in.
func TestSignInFollowsAnAccountThatIsMoved(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"on", "off"} {
		s := newServer(t, "UPDATE_ACCOUNT_ON_SIGNIN", setting)
		old := s.browser()
		old.signIn("google", "", verifiedVisit())
		other := s.browser().signUp("other@example.com", true)
		b := s.browser()
		login := s.visitProvider(b.beginSignIn("google", ""), verifiedVisit())
		s.doAfterConcurrentChange(func() answer { return b.finishCallback(login) },
			`UPDATE account SET "userId" = $1 WHERE "providerId" = 'google'`, other)
		if got := b.userID(); got != other {
			t.Errorf("UPDATE_ACCOUNT_ON_SIGNIN=%s: account moved: signed in as %q, want the new owner %s",
				setting, got, other)
		}
		b = s.browser()
		login = s.visitProvider(b.beginSignIn("google", ""), verifiedVisit())
		s.doAfterConcurrentChange(
			func() answer { return b.finishCallback(login) },
			`DELETE FROM account WHERE "providerId" = 'google'`,
		)
		if got := b.userID(); got != old.userID() {
			t.Errorf("UPDATE_ACCOUNT_ON_SIGNIN=%s: account deleted: signed in as %q, want the user with the email",
				setting, got)
		}
	}
}

// The session that has requested a link ends while the callback runs, or the account is linked to another user.
func TestLinkNeedsItsSessionWhenItIsStored(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sql, want string }{
		"revoked": {`DELETE FROM session WHERE "userId" = $1`, "unable_to_link_account"},
		"expired": {
			`UPDATE session SET "expiresAt" = now() - interval '1 hour' WHERE "userId" = $1`, "unable_to_link_account",
		},
		"banned": {`UPDATE "user" SET banned = true WHERE id = $1`, "unable_to_link_account"},
		"linked to another user": {
			`INSERT INTO account ("accountId", "providerId", "userId", "createdAt", "updatedAt")
				SELECT '108', 'google', id, now(), now() FROM "user" WHERE id <> $1`,
			"account_already_linked_to_different_user",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.browser().signUp("other@example.com", true)
			b := s.browser()
			id := b.signUp("ada@example.com", true)
			a := b.do("POST", "/api/auth/link-social", `{"provider":"google","errorCallbackURL":"/failed"}`)
			login := s.visitProvider(a.text("url"), verifiedVisit())
			a = s.doAfterConcurrentChange(func() answer { return b.finishCallback(login) }, c.sql, id)
			if code, _ := redirectErrorAndTarget(t, a.location()); code != c.want {
				t.Errorf("link: got the error %q, want %q", code, c.want)
			}
			const linked = `SELECT count(*) FROM account WHERE "providerId" = 'google' AND "userId" = $1`
			if n := dbtest.Value[int](t, s.url, linked, id); n != 0 {
				t.Error("the refused link stored an account, want none")
			}
		})
	}
}

// An account that the user already has is moved to another user while a second link updates its tokens.
func TestLinkUpdatesNoAccountOfAnotherUser(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	other := s.browser().signUp("other@example.com", true)
	b := s.browser()
	b.signUp("ada@example.com", true)
	b.linkAtProvider("google", verifiedVisit())
	a := b.do("POST", "/api/auth/link-social", `{"provider":"google","errorCallbackURL":"/failed"}`)
	v := verifiedVisit()
	v.Tokens = map[string]any{"access_token": "second"}
	login := s.visitProvider(a.text("url"), v)
	a = s.doAfterConcurrentChange(func() answer { return b.finishCallback(login) },
		`UPDATE account SET "userId" = $1 WHERE "providerId" = 'google'`, other)
	if code, _ := redirectErrorAndTarget(t, a.location()); code != "account_already_linked_to_different_user" {
		t.Errorf("link: got the error %q, want account_already_linked_to_different_user", code)
	}
	const tokens = `SELECT count(*) FROM account WHERE "accessToken" = 'second'`
	if n := dbtest.Value[int](t, s.url, tokens); n != 0 {
		t.Error("the tokens are stored in the account of another user, want no change")
	}
}

// The session of a link with an id token ends while the request runs, or the account is linked to another user.
func TestLinkOfAnIDTokenNeedsItsSessionWhenItIsStored(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sql, want string }{
		"revoked": {`DELETE FROM session WHERE "userId" = $1`, "UNAUTHORIZED"},
		"another email": {
			`UPDATE "user" SET email = 'new@example.com' WHERE id = $1`, "LINKING_DIFFERENT_EMAILS_NOT_ALLOWED",
		},
		"linked to another user": {
			`INSERT INTO account ("accountId", "providerId", "userId", "createdAt", "updatedAt")
				SELECT '108', 'google', id, now(), now() FROM "user" WHERE id <> $1`,
			"SOCIAL_ACCOUNT_ALREADY_LINKED",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.browser().signUp("other@example.com", true)
			b := s.browser()
			id := b.signUp("ada@example.com", true)
			token, _ := newIDToken(t, "google", verifiedVisit())
			body := `{"provider":"google","idToken":{"token":"` + token + `"}}`
			a := s.doAfterConcurrentChange(func() answer { return b.do("POST", "/api/auth/link-social", body) }, c.sql, id)
			if a.text("code") != c.want {
				t.Errorf("link with an id token: got %d %s, want the code %s", a.status, a.body, c.want)
			}
		})
	}
}
