package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	bannedReply = `{"message":"You have been banned from this application. Please contact support if you believe this ` +
		`is an error.","code":"BANNED_USER"}`
	banSQL      = `UPDATE "user" SET banned = true, "banReason" = 'spam'`
	banUntilSQL = banSQL + `, "banExpires" = $1`
)

// Only a client with the right password learns that the user is banned. A wrong password gets the same response as
// without a ban.
func TestBannedUserCannotSignIn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.signUpAda()
	wrong := strings.Replace(signInBody, "correct", "wrong", 1)
	before := s.do("POST", signInPath, wrong)
	s.exec(banSQL)
	refused := s.do("POST", signInPath, wrong)
	for _, a := range []answer{before, refused} {
		a.header.Del("X-Request-Id")
	}
	if refused.status != 401 || refused.body != before.body || cmp.Diff(before.header, refused.header) != "" {
		t.Errorf("sign-in of a banned user with a wrong password: got %d %s, want the response before the ban; "+
			"headers (-want +got):\n%s",
			refused.status, refused.body, cmp.Diff(before.header, refused.header))
	}
	for _, extra := range []string{"", `"callbackURL":"/welcome",`, `"rememberMe":false,`} {
		var a answer
		if got := s.countRoundTrips(func() {
			a = s.do("POST", signInPath,
				strings.Replace(signInBody, "{", "{"+extra, 1))
		}); got != 2 {
			t.Errorf("sign-in of a banned user: got %d round trips, want 2", got)
		}
		if a.status != 403 || a.body != bannedReply || len(a.header["Set-Cookie"]) > 0 ||
			a.header.Get("Location")+a.header.Get("Set-Auth-Token") != "" {
			t.Errorf("sign-in of a banned user with %q: got %d %s, headers %v; want 403, no cookie, token or redirect",
				extra, a.status, a.body, a.header)
		}
	}
	if got := query[int](s, `SELECT count(*) FROM session`); got != 1 {
		t.Errorf("after sign-ins of a banned user: got %d sessions, want only that of the sign-up", got)
	}
	s.do(
		"POST",
		signUpPath,
		signUpBody,
	).checkStatusAndCode(
		t,
		"sign up again",
		422,
		"USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
	)
}

// A ban ends at its expiry. The next sign-in clears it, without another round trip. No response contains the columns of
// a ban.
func TestBanEndsAtItsExpiry(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	first := s.signUpAda()
	s.exec(banUntilSQL, s.now)
	s.do(
		"POST",
		signInPath,
		signInBody,
	).checkStatusAndCode(
		t,
		"sign-in in the last millisecond of the ban",
		403,
		"BANNED_USER",
	)
	s.exec(banUntilSQL, s.now.Add(-time.Millisecond))
	if a := s.do("GET", sessionPath, "", "Cookie", first.cookie()); a.body == "null" || strings.Contains(a.body, "ban") {
		t.Errorf("get-session after the ban, with a session from before: got %s, want the session and nothing about the ban",
			a.body)
	}
	if !query[bool](s, `SELECT banned FROM "user"`) {
		t.Error("get-session cleared the columns of the ban, want them unchanged")
	}
	var a answer
	if got := s.countRoundTrips(func() { a = s.do("POST", signInPath, signInBody) }); got != 2 {
		t.Errorf("sign-in after the ban ended: got %d round trips, want 2", got)
	}
	if diff := cmp.Diff(first.json(t)["user"], a.json(t)["user"]); a.status != 200 || diff != "" {
		t.Errorf("sign-in after the ban ended: got %d, want 200 and the user (-sign-up +sign-in):\n%s", a.status, diff)
	}
	if !query[bool](s, `SELECT NOT banned AND "banReason" IS NULL AND "banExpires" IS NULL FROM "user"`) {
		t.Error("sign-in after the ban ended did not clear the columns of the ban, want them cleared")
	}
	s.exec(`UPDATE "user" SET banned = NULL`)
	if !s.canSignIn("ada@example.com", "correct horse") {
		t.Error("sign-in of a user whose column banned is NULL failed, want 200")
	}
}

// A ban takes effect at the next request on every route that needs a session, with a cookie and with a bearer token.
func TestBannedUserIsRefusedByEveryRoute(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	p := s.signUp("ada")
	before := s.tokensOf(p)
	s.exec(banSQL)
	for _, g := range append(sessionRoutes, []struct{ method, path, body, signedOut string }{
		{
			"POST", changePasswordPath,
			`{"currentPassword":"correct horse","newPassword":"battery staple","revokeOtherSessions":true}`, unauthorizedReply,
		},
		{"POST", verifyPasswordPath, `{"password":"correct horse"}`, unauthorizedReply},
		{"POST", changeEmailPath, `{"newEmail":"new@example.com"}`, unauthorizedReply},
		{"POST", deleteUserPath, `{"password":"correct horse"}`, unauthorizedReply},
	}...) {
		s.checkCases(g.method, g.path,
			[]routeCase{{name: "banned", who: p, body: g.body, status: 401, want: g.signedOut, cookies: clearedSessionCookies}})
		if a := s.do(g.method, g.path, g.body, "Authorization", "Bearer "+p.token); a.status != 401 {
			t.Errorf("%s with the bearer token of a banned user: got %d %s, want 401", g.path, a.status, a.body)
		}
	}
	s.doAs(p, "GET", deleteCallbackPath+"?token=x", "").checkStatusAndCode(t, "deletion link of a banned user",
		404, "FAILED_TO_GET_USER_INFO")
	a := s.doAs(p, "GET", sessionPath, "")
	if a.status != 200 || a.body != "null" || a.header.Get("Set-Auth-Jwt") != "" ||
		cmp.Diff(clearedSessionCookies, a.header["Set-Cookie"]) != "" {
		t.Errorf("get-session of a banned user: got %d %s, headers %v, want 200 null, cleared cookies and no JWT",
			a.status, a.body, a.header)
	}
	if diff := cmp.Diff(before, s.tokensOf(p)); diff != "" || len(box.takeKindsAndRecipients()) > 0 ||
		query[string](s, `SELECT name || email FROM "user"`) != "Adaada@example.com" {
		t.Errorf("a request of a banned user changed the user, sent a mail or changed the sessions (-before +after):\n%s",
			diff)
	}
	s.exec(`UPDATE "user" SET banned = false`)
	if a := s.doAs(p, "GET", sessionPath, ""); a.body == "null" {
		t.Error("after the ban ended: get-session returns null, want the session")
	}
	s.exec(banSQL)
	if a := s.doAs(p, "POST", signOutPath, ""); a.status != 200 || len(s.tokensOf(p)) > 0 {
		t.Errorf("sign-out of a banned user: got %d %s, want 200 and no session left", a.status, a.body)
	}
}

// A banned user can reset the password, but cannot sign in with the new one.
func TestPasswordResetDoesNotEndBan(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	s.signUpAda()
	s.exec(banSQL)
	s.do("POST", requestResetPath, requestResetBody)
	a := s.do("POST", resetPath, `{"newPassword":"battery staple","token":"`+box.takeOne(t).Token+`"}`)
	if a.status != 200 || len(a.header["Set-Cookie"]) > 0 {
		t.Errorf("password reset of a banned user: got %d %s, want 200 and no cookie", a.status, a.body)
	}
	s.do("POST", signInPath, strings.Replace(signInBody, "correct horse", "battery staple", 1)).
		checkStatusAndCode(t, "sign-in with the new password",
			403, "BANNED_USER")
}

// For a banned user the link verifies the email and starts no session. As in Better Auth, the response is an error and
// never a redirect. A ban that has ended does not matter.
func TestBannedUserVerifiesEmailWithoutSession(t *testing.T) {
	t.Parallel()
	for _, expired := range []bool{false, true} {
		for _, target := range []string{"", "&callbackURL=%2Fdone"} {
			s, box := newMailServer(t, "AUTO_SIGN_IN_AFTER_VERIFICATION=on")
			own := s.signUpAda()
			link := verifyEmailPath + "?token=" + s.requestVerificationLink(box, own, "/done").Token + target
			s.exec(banSQL)
			if expired {
				s.exec(banUntilSQL, s.now.Add(-time.Millisecond))
				s.exec(`DELETE FROM session`)
			}
			a := s.do("GET", link, "", "Cookie", own.cookie())
			sessions := query[int](s, `SELECT count(*) FROM session`)
			switch {
			case expired && (a.status >= 400 || a.cookie() == "" || sessions != 1 ||
				query[bool](s, `SELECT banned FROM "user"`)):
				t.Errorf("link with query %q after the ban: got %d %s and %d sessions, want a new session and the ban cleared",
					target, a.status, a.body, sessions)
			case !expired && (a.status != 403 || a.body != bannedReply || a.cookie() != "" || sessions != 1):
				t.Errorf("link with query %q during the ban: got %d %s to %q, cookies %q, %d sessions; want 403 and no new session",
					target, a.status, a.body, a.header.Get("Location"), a.cookie(), sessions)
			}
			if !s.isVerified("ada@example.com") {
				t.Errorf("link with query %q: the email is not verified afterwards, want it verified", target)
			}
		}
	}
}

// As in Better Auth, a user who is banned and whose email is not verified gets the error EMAIL_NOT_VERIFIED.
func TestUnverifiedBannedUserGetsVerificationError(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t, "REQUIRE_EMAIL_VERIFICATION=on", "SEND_VERIFICATION_ON_SIGN_IN=on")
	s.do("POST", signUpPath, signUpBody)
	box.takeAll()
	s.exec(banSQL)
	s.do(
		"POST",
		signInPath,
		signInBody,
	).checkStatusAndCode(
		t,
		"sign-in before the verification",
		403,
		"EMAIL_NOT_VERIFIED",
	)
	if a := s.openLink(box.takeOne(t)); a.status != 302 || a.cookie() != "" {
		t.Errorf("link of a banned user: got %d %s, want a redirect without a session", a.status, a.body)
	}
	s.do("POST", signInPath, signInBody).checkStatusAndCode(t, "sign-in after the verification", 403, "BANNED_USER")
}

func TestRefusedSignInOfBannedUserIsInTheAuditLog(t *testing.T) {
	log := captureLog(t)
	s := newServer(t)
	p := s.signUp("ada")
	s.exec(banSQL)
	takeRecords(t, log)
	s.do("POST", signInPath, signInBody)
	got := takeRecords(t, log)
	if len(got) != 1 || got[0]["event"] != "sign-in" || got[0]["result"] != "refused" || got[0]["code"] != "BANNED_USER" ||
		got[0]["userId"] != p.id {
		t.Errorf("sign-in of a banned user: got audit records %v, want one refused sign-in of the user with BANNED_USER", got)
	}
}
