//go:build node

package conformance

import (
	"net/http"
	"testing"
)

// A link from the mail of one server signs in at the other, once. A new user and an unverified one are created and
// changed in the same way.
func TestInterchange_LinksThatSignInWorkAtTheOtherServer(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t, "MAGIC_LINK=on", "EMAIL_OTP=on")
	ix.forEachPair(t, func(t *testing.T, first, second runningServer) {
		b := ix.newVisitor(t)
		email := newEmail()
		in := jsonObject{"email": email, "name": "Ada <\"&'>", "callbackURL": "/dash", "newUserCallbackURL": "/welcome"}
		b.checkStatus(b.post(first, "/sign-in/magic-link", in), http.StatusOK)
		link, _ := b.newestMailLink(first, "magic-link", email)
		for _, step := range []struct {
			at   runningServer
			want string
		}{{second, "/welcome"}, {first, "/dash?error=INVALID_TOKEN"}, {second, "/dash?error=INVALID_TOKEN"}} {
			a := b.checkStatus(b.get(step.at, link), http.StatusFound)
			if got, want := a.header.Get("Location"), ix.origin+step.want; got != want {
				t.Errorf("the link at %s redirects to %q, want %q", step.at.name, got, want)
			}
		}
		id, _ := b.sessionIDsAt(first)
		if name := ix.queryValue(t, `SELECT name FROM "user" WHERE id::text = $1`, id); name != in["name"] {
			t.Errorf("the name of the new user: got %q, want %q", name, in["name"])
		}

		squatter, owner := ix.newVisitor(t), ix.newVisitor(t)
		email, id = squatter.register(first)
		owner.checkStatus(owner.post(first, "/sign-in/magic-link", jsonObject{"email": email}), http.StatusOK)
		link, _ = owner.newestMailLink(first, "magic-link", email)
		owner.checkStatus(owner.get(second, link), http.StatusFound)
		if got, _ := owner.sessionIDsAt(first); got != id {
			t.Errorf("the link of the unverified user: got user %q, want %q", got, id)
		}
		if got, _ := squatter.sessionIDsAt(first); got != "" {
			t.Error("the session from before the link is still valid, want it ended")
		}
	})
}

// A code from one server works at the other, for each purpose. Both count wrong tries in the same row.
func TestInterchange_CodesWorkAtTheOtherServer(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t, "MAGIC_LINK=on", "EMAIL_OTP=on")
	ix.forEachPair(t, func(t *testing.T, first, second runningServer) {
		b := ix.newVisitor(t)
		send := func(email, codeType string) string {
			b.checkStatus(b.post(first, "/email-otp/send-verification-otp",
				jsonObject{"email": email, "type": codeType}), http.StatusOK)
			return b.newestCode(first, email)
		}
		expect := func(a reply, status int, code string) {
			t.Helper()
			b.checkStatus(a, status)
			if got := a.body.textMember("code"); got != code {
				t.Errorf("got the code %q, want %q", got, code)
			}
		}
		email := newEmail()
		code := send(email, "sign-in")
		wrong := jsonObject{"email": email, "otp": "wrong"}
		expect(b.post(second, "/sign-in/email-otp", wrong), http.StatusBadRequest, "INVALID_OTP")
		expect(b.post(first, "/sign-in/email-otp", wrong), http.StatusBadRequest, "INVALID_OTP")
		right := jsonObject{"email": email, "otp": code}
		b.checkStatus(b.post(second, "/sign-in/email-otp", right), http.StatusOK)
		expect(b.post(first, "/sign-in/email-otp", right), http.StatusBadRequest, "INVALID_OTP")
		if user, _ := b.sessionIDsAt(first); user == "" {
			t.Error("the session of the code is not valid at the other server")
		}

		code = send(email, "sign-in")
		for i := range 3 {
			at := []runningServer{first, second}[i%2]
			expect(b.post(at, "/sign-in/email-otp", wrong), http.StatusBadRequest, "INVALID_OTP")
		}
		used := jsonObject{"email": email, "otp": code}
		expect(b.post(second, "/sign-in/email-otp", used), http.StatusForbidden, "TOO_MANY_ATTEMPTS")
		expect(b.post(first, "/sign-in/email-otp", used), http.StatusBadRequest, "INVALID_OTP")

		verify := jsonObject{"email": email, "otp": send(email, "email-verification"), "type": "email-verification"}
		b.checkStatus(b.post(second, "/email-otp/check-verification-otp", verify), http.StatusOK)
		b.checkStatus(b.post(second, "/email-otp/verify-email", verify), http.StatusOK)

		b.checkStatus(b.post(first, "/email-otp/request-password-reset", jsonObject{"email": email}), http.StatusOK)
		reset := jsonObject{"email": email, "otp": b.newestCode(first, email), "password": testPassword}
		b.checkStatus(b.post(second, "/email-otp/reset-password", reset), http.StatusOK)
		guest := ix.newVisitor(t)
		guest.checkStatus(
			guest.post(first, "/sign-in/email", jsonObject{"email": email, "password": testPassword}), http.StatusOK)
	})
}

// newestCode returns the newest code that s mailed to an email.
func (b *visitor) newestCode(s runningServer, to string) string {
	b.t.Helper()
	_, code := b.newestMail(s, "email-otp", to)
	if len(code) != 6 {
		b.t.Fatalf("the newest code from %s to %s: got %q, want six digits", s.name, to, code)
	}
	return code
}
