package auth_test

import (
	"strings"
	"sync"
	"testing"
)

// After the end of all sessions of an account, no session of Supabase must start a new one. Better Auth keeps the
// sessions after a reset of the password, and so does REVOKE_SESSIONS_ON_PASSWORD_RESET=off; the unused sessions of
// Supabase are revoked even so.
func TestUnusedSupabaseSessionsAreRevokedWithAllSessions(t *testing.T) {
	t.Parallel()
	const changeBody = `{"currentPassword":"correct horse","newPassword":"battery staple"`
	for _, c := range []struct {
		name    string
		act     func(s *server, box *mailbox, ada signedInClient)
		revoked bool
	}{
		{"revoke-sessions", func(s *server, _ *mailbox, ada signedInClient) {
			s.doAs(ada, "POST", revokeSessionsPath, `{}`)
		}, true},
		{"revoke-other-sessions", func(s *server, _ *mailbox, ada signedInClient) {
			s.doAs(ada, "POST", "/api/auth/revoke-other-sessions", `{}`)
		}, true},
		{"change-password that ends sessions", func(s *server, _ *mailbox, ada signedInClient) {
			s.doAs(ada, "POST", changePasswordPath, changeBody+`,"revokeOtherSessions":true}`)
		}, true},
		{"reset-password", func(s *server, box *mailbox, _ signedInClient) {
			body := `{"newPassword":"battery staple","token":"` + s.requestResetToken(box) + `"}`
			s.do("POST", resetPath, body).checkStatusAndCode(s.t, "reset", 200, "")
		}, true},
		{"change-password that keeps sessions", func(s *server, _ *mailbox, ada signedInClient) {
			s.doAs(ada, "POST", changePasswordPath, changeBody+`}`)
		}, false},
		{"revoke-session", func(s *server, _ *mailbox, ada signedInClient) {
			s.doAs(ada, "POST", "/api/auth/revoke-session", `{"token":"`+ada.token+`"}`)
		}, false},
		{"sign-out", func(s *server, _ *mailbox, ada signedInClient) {
			s.doAs(ada, "POST", signOutPath, `{}`)
		}, false},
	} {
		for _, bridge := range []string{"on", "off"} {
			s, box := newMailServer(t, "SUPABASE_BRIDGE="+bridge, "REVOKE_SESSIONS_ON_PASSWORD_RESET=off")
			ada, eve := s.signUp("ada"), s.signUp("eve")
			unused, used := s.importSession(ada.id, refreshToken), s.importSession(ada.id, otherRefresh)
			others := s.importSession(eve.id, "aaaaaaaaaaaa")
			s.exec(`UPDATE "supabaseSession" SET "usedAt" = $1 WHERE id = $2::uuid`, s.now, used.id)
			c.act(s, box, ada)
			if got := !s.isUnused(unused.id); got != c.revoked {
				t.Errorf(
					"%s with SUPABASE_BRIDGE=%s: the unused session is revoked: got %v, want %v",
					c.name,
					bridge,
					got,
					c.revoked,
				)
			}
			if !s.isUnused(others.id) {
				t.Errorf("%s with SUPABASE_BRIDGE=%s: the session of another user is revoked, want it unused", c.name, bridge)
			}
			if query[bool](s, `SELECT "revokedAt" IS NOT NULL FROM "supabaseSession" WHERE id = $1::uuid`, used.id) {
				t.Errorf("%s with SUPABASE_BRIDGE=%s: the used session is revoked, want it as it was", c.name, bridge)
			}
		}
	}
}

// A link that a sign-up has mailed gives the account the password of this sign-up. After several sign-ups with one
// email, any other link deletes the password. In both cases all sessions end, because another person may have started
// them.
func TestVerificationOfASignUpRevokesUnusedSupabaseSessions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		signUps  int
		bySignUp bool // the link is that of the last sign-up
		revoked  bool
	}{
		{"link of the only sign-up", 1, true, true},
		{"link of the second sign-up", 2, true, true},
		{"link that was requested later", 1, false, false},
		{"link that was requested after two sign-ups", 2, false, true},
	} {
		s, box := newMailServer(t, "REQUIRE_EMAIL_VERIFICATION=on")
		for range c.signUps {
			s.do("POST", signUpPath, signUpBody).checkStatusAndCode(t, c.name, 200, "")
		}
		mails := box.takeAll()
		if !c.bySignUp {
			s.do("POST", sendVerificationPath, `{"email":"ada@example.com"}`).checkStatusAndCode(t, c.name, 200, "")
			mails = box.takeAll()
		}
		imported := s.importSession(query[string](s, `SELECT id::text FROM "user"`), refreshToken)
		s.openLink(mails[len(mails)-1])
		if !s.isVerified("ada@example.com") {
			t.Errorf("%s: the email is not verified, want it verified", c.name)
		}
		if got := !s.isUnused(imported.id); got != c.revoked {
			t.Errorf("%s: the unused session of Supabase is revoked: got %v, want %v", c.name, got, c.revoked)
		}
	}
}

func TestRevokedSupabaseSessionIsRefused(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t)
	ada := s.importAda()
	s.doAs(s.signInAs("ada"), "POST", revokeSessionsPath, `{}`)
	s.bridge(ada.body()).checkInvalid(t, "refresh token of a revoked session")
	s.bridge(accessBody(signAccess(t, s.accessClaims(ada), supabaseSecret))).checkInvalid(t, "access token")
	s.exec(`DELETE FROM "user"`)
	s.bridge(ada.body()).checkInvalid(t, "after the user was deleted")
	if n := query[int](s, `
		SELECT (SELECT count(*) FROM "supabaseSession") + (SELECT count(*) FROM "supabaseCredential")`); n != 0 {
		t.Errorf("rows after the user was deleted: got %d, want 0", n)
	}
}

// Either the sign-in is first, and its session is a normal one, or it is refused. Never is the session of Supabase used
// and revoked.
func TestSignInWhileSessionsAreRevoked(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t)
	ada := s.importAda()
	for range 20 {
		s.exec(`DELETE FROM session; UPDATE "supabaseSession" SET "usedAt" = NULL, "revokedAt" = NULL, "sessionId" = NULL`)
		client := s.signInAs("ada")
		var signIn, revocation answer
		var both sync.WaitGroup
		both.Go(func() { signIn = s.bridge(ada.body()) })
		both.Go(func() { revocation = s.doAs(client, "POST", revokeSessionsPath, `{}`) })
		both.Wait()
		if revocation.status != 200 || signIn.status != 200 && signIn.status != 401 {
			t.Errorf("simultaneous requests: got %d and %d %s, want 200 for the revocation, 200 or 401 for the sign-in",
				revocation.status, signIn.status, signIn.body)
		}
		if query[bool](s, `SELECT ("usedAt" IS NULL) = ("revokedAt" IS NULL) FROM "supabaseSession"`) {
			t.Error("the session of Supabase is used and revoked, or neither, want one of them")
		}
	}
}

func TestSupabaseSignInIsInTheAuditLog(t *testing.T) {
	log := captureLog(t)
	s := newBridgeServer(t)
	ada := s.importAda()
	access := signAccess(t, s.accessClaims(ada), supabaseSecret)
	type record struct{ Event, Result, Supabase, Session, Form, User, Code any }
	takeRecords(t, log)
	for _, c := range []struct {
		body string
		want record
	}{
		{
			`{"refreshToken":"x"}`,
			record{"supabase_bridge", "refused", "malformed", nil, "v2", nil, "INVALID_SUPABASE_SESSION"},
		},
		{
			`{"refreshToken":"` + otherRefresh + `"}`,
			record{"supabase_bridge", "refused", "unknown", nil, "v1", nil, "INVALID_SUPABASE_SESSION"},
		},
		{accessBody(access), record{"supabase_bridge", "ok", "bridged", ada.id, "access", ada.user, nil}},
		{ada.body(), record{"supabase_bridge", "ok", "repeated", ada.id, "v1", ada.user, nil}},
	} {
		s.bridge(c.body)
		text := log.String()
		m := takeRecords(t, log)[0]
		got := record{m["event"], m["result"], m["supabase"], m["supabaseSession"], m["tokenForm"], m["userId"], m["code"]}
		if got != c.want {
			t.Errorf("record of %.40s: got %v, want %v", c.body, got, c.want)
		}
		for _, secret := range []string{refreshToken, otherRefresh, access, supabaseSecret} {
			if strings.Contains(text, secret) {
				t.Errorf("the record of %.40s contains a token or the secret, want neither: %s", c.body, text)
			}
		}
	}
}
