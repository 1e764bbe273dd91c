//go:build node

package conformance

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A reset link from the mail of one server works at the other. After that both servers reject its token.
func TestInterchange_ResetLinksWorkAtTheOtherServer(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t, "REVOKE_SESSIONS_ON_PASSWORD_RESET=on")
	ix.forEachPair(t, func(t *testing.T, first, second runningServer) {
		b := ix.newVisitor(t)
		email, id := b.register(first)
		guest := ix.newVisitor(t)
		request := jsonObject{"email": email, "redirectTo": "/new-password?a=b"}
		guest.checkStatus(guest.post(first, "/request-password-reset", request), http.StatusOK)
		link, token := guest.newestMailLink(first, "reset-password", email)
		a := guest.checkStatus(guest.get(second, link), http.StatusFound)
		if got, want := a.header.Get("Location"), ix.origin+"/new-password?a=b&token="+token; got != want {
			t.Errorf("the reset link redirects to %q, want %q", got, want)
		}

		fresh := jsonObject{"newPassword": "another horse", "token": token}
		short := guest.post(second, "/reset-password", jsonObject{"newPassword": "short", "token": token})
		if code := short.body.textMember("code"); code != "PASSWORD_TOO_SHORT" {
			t.Errorf("reset-password with a short password: got the code %q, want PASSWORD_TOO_SHORT", code)
		}
		guest.checkStatus(guest.post(second, "/reset-password", fresh), http.StatusOK)
		for _, s := range []runningServer{first, second} {
			if code := guest.post(s, "/reset-password", fresh).body.textMember("code"); code != "INVALID_TOKEN" {
				t.Errorf("reset-password at %s with a used token: got the code %q, want INVALID_TOKEN", s.name, code)
			}
		}
		if u, _ := b.sessionIDsAt(first); u != "" {
			t.Error("the session from before the reset is still valid, want it ended")
		}
		in := jsonObject{"email": email, "password": "another horse"}
		a = guest.checkStatus(guest.post(first, "/sign-in/email", in), http.StatusOK)
		if got := a.body.objectMember("user").textMember("id"); got != id {
			t.Errorf("sign-in with the new password: got user %s, want %s", got, id)
		}
	})
}

// A verification link from one server works at the other, and signs the user in once.
func TestInterchange_VerificationLinksWorkAtTheOtherServer(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t,
		"REQUIRE_EMAIL_VERIFICATION=on", "SEND_VERIFICATION_ON_SIGN_IN=on", "AUTO_SIGN_IN_AFTER_VERIFICATION=on")
	ix.forEachPair(t, func(t *testing.T, first, second runningServer) {
		b := ix.newVisitor(t)
		email, id := b.register(first)
		in := jsonObject{"email": email, "password": testPassword}
		if code := b.post(second, "/sign-in/email", in).body.textMember("code"); code != "EMAIL_NOT_VERIFIED" {
			t.Errorf("sign-in before the verification: got the code %q, want EMAIL_NOT_VERIFIED", code)
		}
		link, _ := b.newestMailLink(first, "verify-email", email)
		b.checkStatus(b.get(second, link), http.StatusFound)
		if u, _ := b.sessionIDsAt(first); u != id {
			t.Errorf("the session after the verification link: got user %q, want %q", u, id)
		}
		again := ix.newVisitor(t)
		again.checkStatus(again.get(first, link), http.StatusFound)
		if u, _ := again.sessionIDsAt(second); u != "" {
			t.Error("the second use of the link signed the user in, want no session")
		}
		again.checkStatus(again.post(first, "/sign-in/email", in), http.StatusOK)
	})
}

// A change of email needs two links. The mail with the first link is from one server, the mail with the second from the
// other, and each link is opened at the server that did not send it.
func TestInterchange_ChangeOfEmailWorksAcrossServers(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t, "CHANGE_EMAIL_CONFIRMATION=on")
	ix.forEachPair(t, func(t *testing.T, first, second runningServer) {
		b := ix.newVisitor(t)
		email, id := b.register(first)
		ix.exec(t, `UPDATE "user" SET "emailVerified" = true WHERE id = $1`, id)
		moved := newEmail()
		b.checkStatus(b.post(first, "/change-email", jsonObject{"newEmail": moved, "callbackURL": "/account"}), http.StatusOK)
		confirmation, _ := b.newestMailLink(first, "change-email-confirmation", email)
		a := b.checkStatus(b.get(second, confirmation), http.StatusFound)
		if got := a.header.Get("Location"); got != "/account" {
			t.Errorf("the confirmation link redirects to %q, want /account", got)
		}
		link, _ := b.newestMailLink(second, "verify-email", moved)
		b.checkStatus(b.get(first, link), http.StatusFound)
		for _, s := range []runningServer{first, second} {
			if got := b.get(s, "/get-session").body.objectMember("user").textMember("email"); got != moved {
				t.Errorf("the email at %s after the change: got %q, want %q", s.name, got, moved)
			}
		}
		if got := b.get(second, confirmation).header.Get("Location"); !strings.Contains(got, "error=") {
			t.Errorf("the second use of the confirmation link redirects to %q, want an error", got)
		}
	})
}

// A link that deletes an account works at the other server, for its own user only.
func TestInterchange_DeletionLinksWorkAtTheOtherServer(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t, "DELETE_USER_VERIFICATION=on")
	ix.forEachPair(t, func(t *testing.T, first, second runningServer) {
		b, stranger := ix.newVisitor(t), ix.newVisitor(t)
		email, id := b.register(first)
		b.checkStatus(b.post(first, "/delete-user", jsonObject{"callbackURL": "/goodbye"}), http.StatusOK)
		link, token := b.newestMailLink(first, "delete-account", email)
		if u, err := url.Parse(link); err != nil || u.Query().Get("token") != token {
			t.Errorf("the link %q has another token than the mail (error %v), want the same", link, err)
		}
		stranger.checkStatus(stranger.get(second, link), http.StatusNotFound)
		if u, _ := b.sessionIDsAt(second); u != id {
			t.Error("another user opened the link: the account was deleted, want it kept")
		}
		a := b.checkStatus(b.get(second, link), http.StatusFound)
		if got := a.header.Get("Location"); got != "/goodbye" {
			t.Errorf("the deletion link redirects to %q, want /goodbye", got)
		}
		if n := ix.queryValue(t, `SELECT count(*)::text FROM "user" WHERE id = $1`, id); n != "0" {
			t.Errorf("users with the id of the deleted account: got %s, want 0", n)
		}
		b.checkStatus(
			b.post(first, "/sign-in/email", jsonObject{"email": email, "password": testPassword}),
			http.StatusUnauthorized,
		)
	})
}
