//go:build node

package conformance

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// A password that was set at one server works at the other.
func TestInterchange_PasswordsWorkAtBothServers(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t, "CHEAP_HASHES=")
	ix.forEachPair(t, func(t *testing.T, first, second runningServer) {
		b, elsewhere := ix.newVisitor(t), ix.newVisitor(t)
		email, id := b.register(first)
		hash := ix.queryValue(t, `SELECT password FROM account WHERE "userId" = $1`, id)
		if !regexp.MustCompile(`^[0-9a-f]{32}:[0-9a-f]{128}$`).MatchString(hash) {
			t.Errorf("the stored password begins with %.4q, want Better Auth's format: 32 hex digits, a colon, 128 hex digits",
				hash)
		}
		composed := strings.ReplaceAll(testPassword, "ﬁ", "fi") // the same text after NFKC
		in := jsonObject{"email": strings.ToUpper(email), "password": composed}
		a := elsewhere.checkStatus(elsewhere.post(second, "/sign-in/email", in), http.StatusOK)
		if got := a.body.objectMember("user").textMember("id"); got != id {
			t.Errorf("sign-in at the second server: got user %s, want %s", got, id)
		}
		wrong := jsonObject{"email": email, "password": "wrong horse"}
		ix.newVisitor(t).checkStatus(ix.newVisitor(t).post(second, "/sign-in/email", wrong), http.StatusUnauthorized)

		change := jsonObject{"currentPassword": testPassword, "newPassword": "another horse"}
		elsewhere.checkStatus(elsewhere.post(second, "/change-password", change), http.StatusOK)
		again := ix.newVisitor(t)
		again.checkStatus(
			again.post(first, "/sign-in/email", jsonObject{"email": email, "password": "another horse"}),
			http.StatusOK,
		)
		old := jsonObject{"email": email, "password": testPassword}
		again.checkStatus(again.post(first, "/sign-in/email", old), http.StatusUnauthorized)
		twice := again.post(second, "/sign-up/email", jsonObject{"name": "", "email": email, "password": testPassword})
		if code := twice.body.textMember("code"); code != "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL" {
			t.Errorf("sign-up with a registered email: got the code %q, want USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", code)
		}
	})
}

// A session cookie of one server identifies the same session at the other server, which can extend the session and
// change its user.
func TestR03_SessionCookiesWorkAtBothServers(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t)
	ix.forEachPair(t, func(t *testing.T, first, second runningServer) {
		b := ix.newVisitor(t)
		email, id := b.register(first)
		user, session := b.sessionIDsAt(first)
		if u, s := b.sessionIDsAt(second); user != id || u != user || s != session || s == "" {
			t.Errorf("the session at the second server: got user %s and session %s, want user %s and session %s",
				u, s, user, session)
		}
		if a, z := b.get(first, "/get-session").text, b.get(second, "/get-session").text; !isSameJSON(t, a, z) {
			t.Errorf("get-session at both servers, want the same JSON:\n%s answers %s\n%s answers %s",
				first.name, a, second.name, z)
		}
		b.checkStatus(b.post(second, "/update-user", jsonObject{"name": "Countess"}), http.StatusOK)
		if got := b.get(first, "/get-session").body.objectMember("user").textMember("name"); got != "Countess" {
			t.Errorf("the name after update-user: got %q, want Countess", got)
		}

		ix.exec(t, `UPDATE session SET "expiresAt" = "expiresAt" - interval '2 days' WHERE id = $1`, session)
		before := ix.queryValue(t, `SELECT "expiresAt"::text FROM session WHERE id = $1`, session)
		a := b.get(second, "/get-session")
		if !strings.Contains(strings.Join(a.header["Set-Cookie"], "\n"), "session_token=") {
			t.Errorf("get-session of a session that is due for extension: got the cookies %q, want a session_token",
				a.header["Set-Cookie"])
		}
		if after := ix.queryValue(t, `SELECT "expiresAt"::text FROM session WHERE id = $1`, session); after <= before {
			t.Errorf("the expiry of the extended session: got %s, want later than %s", after, before)
		}
		if _, s := b.sessionIDsAt(first); s != session {
			t.Errorf("after the extension: got session %q, want %q", s, session)
		}

		short := ix.newVisitor(t)
		in := jsonObject{"email": email, "password": testPassword, "rememberMe": false}
		short.checkStatus(short.post(first, "/sign-in/email", in), http.StatusOK)
		a = short.checkStatus(short.post(second, "/update-user", jsonObject{"name": "Ada"}), http.StatusOK)
		lines := strings.Join(a.header["Set-Cookie"], "\n")
		if !strings.Contains(lines, "session_token=") || strings.Contains(lines, "Max-Age=604800") {
			t.Errorf("update-user in a session without rememberMe: got the cookies %q, want a session_token without "+
				"Max-Age=604800", a.header["Set-Cookie"])
		}
		if u, _ := short.sessionIDsAt(first); u != id {
			t.Errorf("the session without rememberMe: got user %q, want %q", u, id)
		}
	})
}

// With a cache cookie of one server, get-session at the other does not read the session from the database. A sensitive
// route (verify-password) does.
func TestR03_CacheCookiesAnswerGetSessionAtBothServers(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t, "COOKIE_CACHE=compact")
	ix.forEachPair(t, func(t *testing.T, first, second runningServer) {
		b := ix.newVisitor(t)
		_, id := b.register(first)
		_, session := b.sessionIDsAt(first)
		cache := "better-auth.session_data"
		if b.jar[cache] == "" {
			t.Fatalf("the cookies after sign-up: got %v, want %s in them", b.jar, cache)
		}
		ix.exec(t, `DELETE FROM session WHERE id = $1`, session)
		if u, s := b.sessionIDsAt(second); u != id || s != session {
			t.Errorf("get-session from the cache cookie: got user %q and session %q, want user %q and session %q",
				u, s, id, session)
		}
		a := b.post(second, "/verify-password", jsonObject{"password": testPassword})
		if a.status != http.StatusUnauthorized {
			t.Errorf("verify-password without a session row: got %d %s, want 401", a.status, a.text)
		}

		forged := ix.newVisitor(t)
		forged.register(first)
		_, session = forged.sessionIDsAt(first)
		good, middle := forged.jar[cache], len(forged.jar[cache])/2
		forged.jar[cache] = good[:middle] + string(good[middle]^1) + good[middle+1:] // a different character in the middle
		ix.exec(t, `DELETE FROM session WHERE id = $1`, session)
		if a := forged.get(second, "/get-session"); a.body != nil {
			t.Errorf("get-session with a forged cache cookie: got %d %s, want null", a.status, a.text)
		}
	})
}

// A bearer token of one server, with or without its signature, authenticates the user at the other.
func TestR03_BearerTokensWorkAtBothServers(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t)
	ix.forEachPair(t, func(t *testing.T, first, second runningServer) {
		b := ix.newVisitor(t)
		in := jsonObject{"name": "Ada", "email": newEmail(), "password": testPassword}
		a := b.checkStatus(b.post(first, "/sign-up/email", in), http.StatusOK)
		id := a.body.objectMember("user").textMember("id")
		signed, bare := a.header.Get("Set-Auth-Token"), a.body.textMember("token")
		for _, bearer := range []string{signed, bare} {
			api := ix.newVisitor(t)
			api.bearer = bearer
			if u, _ := api.sessionIDsAt(second); u != id || bearer == "" {
				t.Errorf("a bearer token of %d characters: got user %q, want %q", len(bearer), u, id)
			}
			api.checkStatus(api.get(second, "/list-sessions"), http.StatusOK)
			api.checkStatus(api.get(second, "/token"), http.StatusOK)
		}
		other := ix.newVisitor(t)
		other.bearer = strings.Replace(signed, bare, strings.Repeat("a", len(bare)), 1)
		if u, _ := other.sessionIDsAt(second); u != "" {
			t.Errorf("a bearer token with the signature of another token: got user %q, want none", u)
		}
	})
}

// A sign-out or a revocation at one server ends the session at both.
func TestInterchange_SignOutEndsTheSessionAtBothServers(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t)
	ix.forEachPair(t, func(t *testing.T, first, second runningServer) {
		b := ix.newVisitor(t)
		email, id := b.register(first)
		kept := b.jar["better-auth.session_token"]
		b.checkStatus(b.post(second, "/sign-out", jsonObject{}), http.StatusOK)
		delete(b.jar, "better-auth.device") // it stays after a sign-out and is no credential
		if len(b.jar) > 0 {
			t.Errorf("cookies after the sign-out, without the device cookie: got %v, want none", b.jar)
		}
		stolen := ix.newVisitor(t)
		for _, s := range []runningServer{first, second} {
			stolen.jar["better-auth.session_token"] = kept
			if u, _ := stolen.sessionIDsAt(s); u != "" {
				t.Errorf("%s: the session is still valid after the sign-out, want it ended", s.name)
			}
		}
		if n := ix.queryValue(t, `SELECT count(*)::text FROM session WHERE "userId" = $1`, id); n != "0" {
			t.Errorf("rows of the user in session: got %s, want 0", n)
		}

		phone, laptop := ix.newVisitor(t), ix.newVisitor(t)
		in := jsonObject{"email": email, "password": testPassword}
		token := phone.checkStatus(phone.post(first, "/sign-in/email", in), http.StatusOK).body.textMember("token")
		laptop.checkStatus(laptop.post(second, "/sign-in/email", in), http.StatusOK)
		laptop.checkStatus(laptop.post(second, "/revoke-session", jsonObject{"token": token}), http.StatusOK)
		if u, _ := phone.sessionIDsAt(first); u != "" {
			t.Error("a session that was revoked at the other server is still valid, want it ended")
		}
		phone.checkStatus(phone.post(first, "/sign-in/email", in), http.StatusOK)
		phone.checkStatus(phone.post(first, "/revoke-other-sessions", jsonObject{}), http.StatusOK)
		if u, _ := laptop.sessionIDsAt(second); u != "" {
			t.Error("after revoke-other-sessions the other session is still valid at the other server, want it ended")
		}
		if u, _ := phone.sessionIDsAt(second); u != id {
			t.Error("after revoke-other-sessions the caller's own session has ended, want it kept")
		}
	})
}

// A resource server that verifies with Xenon's key set accepts the JWTs of both servers.
func TestInterchange_JWTsOfBothServersAreAccepted(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t)
	for _, maker := range []runningServer{ix.betterAuth, ix.xenon} {
		t.Run(maker.name, func(t *testing.T) {
			b := ix.newVisitor(t)
			email, id := b.register(maker)
			jwt := b.checkStatus(b.get(maker, "/token"), http.StatusOK).body.textMember("token")
			if got := b.get(maker, "/get-session").header.Get("Set-Auth-Jwt"); got == "" {
				t.Error("get-session has no header set-auth-jwt, want a JWT in it")
			}

			api := ix.newVisitor(t)
			api.bearer = jwt
			if a := api.get(ix.xenon, "/api/profile"); a.status != http.StatusNotFound {
				t.Errorf("GET /api/profile before a profile exists: got %d %s, want 404", a.status, a.text)
			}
			a := api.checkStatus(api.post(ix.xenon, "/api/profile", jsonObject{"learning_mode": "visual"}), http.StatusCreated)
			if got := a.body.textMember("user_id"); got != id {
				t.Errorf("user_id of the new profile: got %s, want %s", got, id)
			}

			keySet := ix.xenon.url + "/api/auth/jwks"
			verify := exec.CommandContext(t.Context(), "node", "interchange/verify.mjs", keySet, ix.origin, jwt)
			out, err := verify.CombinedOutput()
			var claims struct{ Sub, Email string }
			if err != nil || json.Unmarshal(out, &claims) != nil || claims.Sub != id || claims.Email != email {
				t.Errorf("jose verifies the JWT: got the error %v and %s, want the claims of user %s", err, out, id)
			}
		})
	}
}

// isSameJSON reports whether two JSON texts have the same value.
func isSameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		t.Fatalf("the responses to compare: got these, want JSON:\n%s\n%s", a, b)
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return string(p) == string(q)
}
