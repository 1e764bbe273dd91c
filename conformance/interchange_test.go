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

// (a) A password set at one server is the password at the other.
func TestInterchange_Passwords(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t)
	ix.eachWay(t, func(t *testing.T, first, second party) {
		b, elsewhere := ix.browser(t), ix.browser(t)
		email, id := b.register(first)
		hash := ix.query(t, `SELECT password FROM account WHERE "userId" = $1`, id)
		if !regexp.MustCompile(`^[0-9a-f]{32}:[0-9a-f]{128}$`).MatchString(hash) {
			t.Errorf("the stored password is not in the library's form, which begins with %.4q", hash)
		}
		composed := strings.ReplaceAll(secretWord, "ﬁ", "fi") // the same text to NFKC
		a := elsewhere.want(elsewhere.post(second, "/sign-in/email", fields{"email": strings.ToUpper(email), "password": composed}), http.StatusOK)
		if got := a.body.in("user").text("id"); got != id {
			t.Errorf("signed in: got user %s, want %s", got, id)
		}
		ix.browser(t).want(ix.browser(t).post(second, "/sign-in/email", fields{"email": email, "password": "wrong horse"}), http.StatusUnauthorized)

		elsewhere.want(elsewhere.post(second, "/change-password", fields{"currentPassword": secretWord, "newPassword": "another horse"}), http.StatusOK)
		again := ix.browser(t)
		again.want(again.post(first, "/sign-in/email", fields{"email": email, "password": "another horse"}), http.StatusOK)
		again.want(again.post(first, "/sign-in/email", fields{"email": email, "password": secretWord}), http.StatusUnauthorized)
		if code := again.post(second, "/sign-up/email", fields{"name": "", "email": email, "password": secretWord}).body.text("code"); code != "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL" {
			t.Errorf("signing up twice: got %q", code)
		}
	})
}

// (b) A session cookie is the same session at the other server, which can change and prolong it.
func TestR03_SessionCookies(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t)
	ix.eachWay(t, func(t *testing.T, first, second party) {
		b := ix.browser(t)
		email, id := b.register(first)
		user, session := b.who(first)
		if u, s := b.who(second); user != id || u != user || s != session || s == "" {
			t.Errorf("got user %s, session %s, want %s, %s", u, s, user, session)
		}
		if a, z := b.get(first, "/get-session").text, b.get(second, "/get-session").text; !sameJSON(t, a, z) {
			t.Errorf("%s says %s\n%s says %s", first.name, a, second.name, z)
		}
		b.want(b.post(second, "/update-user", fields{"name": "Countess"}), http.StatusOK)
		if got := b.get(first, "/get-session").body.in("user").text("name"); got != "Countess" {
			t.Errorf("the name: got %q", got)
		}

		ix.exec(t, `UPDATE session SET "expiresAt" = "expiresAt" - interval '2 days' WHERE id = $1`, session)
		before := ix.query(t, `SELECT "expiresAt"::text FROM session WHERE id = $1`, session)
		a := b.get(second, "/get-session")
		if !strings.Contains(strings.Join(a.header["Set-Cookie"], "\n"), "session_token=") {
			t.Errorf("a session that is due: got cookies %q", a.header["Set-Cookie"])
		}
		if after := ix.query(t, `SELECT "expiresAt"::text FROM session WHERE id = $1`, session); after <= before {
			t.Errorf("it ends %s, was %s", after, before)
		}
		if _, s := b.who(first); s != session {
			t.Errorf("prolonged: got session %q, want %q", s, session)
		}

		short := ix.browser(t)
		short.want(short.post(first, "/sign-in/email", fields{"email": email, "password": secretWord, "rememberMe": false}), http.StatusOK)
		a = short.want(short.post(second, "/update-user", fields{"name": "Ada"}), http.StatusOK)
		if lines := strings.Join(a.header["Set-Cookie"], "\n"); !strings.Contains(lines, "session_token=") || strings.Contains(lines, "session_token=") && strings.Contains(lines, "Max-Age=604800") {
			t.Errorf("a session that is not to be remembered: got cookies %q", a.header["Set-Cookie"])
		}
		if u, _ := short.who(first); u != id {
			t.Errorf("not remembered: got user %q, want %q", u, id)
		}
	})
}

// (b) A cache cookie made by one answers for a session at the other, without the database; and only there.
func TestR03_CacheCookies(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t, "COOKIE_CACHE=compact")
	ix.eachWay(t, func(t *testing.T, first, second party) {
		b := ix.browser(t)
		_, id := b.register(first)
		_, session := b.who(first)
		cache := "better-auth.session_data"
		if b.jar[cache] == "" {
			t.Fatalf("no %s in %v", cache, b.jar)
		}
		ix.exec(t, `DELETE FROM session WHERE id = $1`, session)
		if u, s := b.who(second); u != id || s != session {
			t.Errorf("from the cache: got user %q, session %q, want %q, %q", u, s, id, session)
		}
		if a := b.post(second, "/verify-password", fields{"password": secretWord}); a.status != http.StatusUnauthorized {
			t.Errorf("a sensitive route: got %d %s, want 401", a.status, a.text)
		}

		forged := ix.browser(t)
		forged.register(first)
		_, session = forged.who(first)
		good, middle := forged.jar[cache], len(forged.jar[cache])/2
		forged.jar[cache] = good[:middle] + string(good[middle]^1) + good[middle+1:] // another letter of base64url, mostly
		ix.exec(t, `DELETE FROM session WHERE id = $1`, session)
		if a := forged.get(second, "/get-session"); a.body != nil {
			t.Errorf("a forged cache cookie: got %d %s", a.status, a.text)
		}
	})
}

// (b) A bearer token, with its signature or bare, is the session at the other server.
func TestR03_BearerTokens(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t)
	ix.eachWay(t, func(t *testing.T, first, second party) {
		b := ix.browser(t)
		a := b.want(b.post(first, "/sign-up/email", fields{"name": "Ada", "email": newAddress(), "password": secretWord}), http.StatusOK)
		id, signed, bare := a.body.in("user").text("id"), a.header.Get("Set-Auth-Token"), a.body.text("token")
		for _, bearer := range []string{signed, bare} {
			api := ix.browser(t)
			api.bearer = bearer
			if u, _ := api.who(second); u != id || bearer == "" {
				t.Errorf("a token of %d characters: got user %q, want %q", len(bearer), u, id)
			}
			api.want(api.get(second, "/list-sessions"), http.StatusOK)
			api.want(api.get(second, "/token"), http.StatusOK)
		}
		other := ix.browser(t)
		other.bearer = strings.Replace(signed, bare, strings.Repeat("a", len(bare)), 1)
		if u, _ := other.who(second); u != "" {
			t.Errorf("a signature for another token: got user %q", u)
		}
	})
}

// (d) Signing out, and ending a session from another place, ends it at both.
func TestInterchange_SigningOut(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t)
	ix.eachWay(t, func(t *testing.T, first, second party) {
		b := ix.browser(t)
		email, id := b.register(first)
		kept := b.jar["better-auth.session_token"]
		b.want(b.post(second, "/sign-out", fields{}), http.StatusOK)
		delete(b.jar, "better-auth.device") // it stays, and opens nothing
		if len(b.jar) > 0 {
			t.Errorf("left cookies %v", b.jar)
		}
		stolen := ix.browser(t)
		for _, s := range []party{first, second} {
			stolen.jar["better-auth.session_token"] = kept
			if u, _ := stolen.who(s); u != "" {
				t.Errorf("%s: the session lives on", s.name)
			}
		}
		if n := ix.query(t, `SELECT count(*)::text FROM session WHERE "userId" = $1`, id); n != "0" {
			t.Errorf("sessions: got %s, want none", n)
		}

		phone, laptop := ix.browser(t), ix.browser(t)
		in := fields{"email": email, "password": secretWord}
		token := phone.want(phone.post(first, "/sign-in/email", in), http.StatusOK).body.text("token")
		laptop.want(laptop.post(second, "/sign-in/email", in), http.StatusOK)
		laptop.want(laptop.post(second, "/revoke-session", fields{"token": token}), http.StatusOK)
		if u, _ := phone.who(first); u != "" {
			t.Error("a session revoked at the other server lives on")
		}
		phone.want(phone.post(first, "/sign-in/email", in), http.StatusOK)
		phone.want(phone.post(first, "/revoke-other-sessions", fields{}), http.StatusOK)
		if u, _ := laptop.who(second); u != "" {
			t.Error("the other sessions live on at the other server")
		}
		if u, _ := phone.who(second); u != id {
			t.Error("one's own session has ended too")
		}
	})
}

// (e) A resource server that trusts Xenon's key set accepts the tokens of both.
func TestInterchange_JWTs(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t)
	for _, maker := range []party{ix.library, ix.xenon} {
		t.Run(maker.name, func(t *testing.T) {
			b := ix.browser(t)
			email, id := b.register(maker)
			jwt := b.want(b.get(maker, "/token"), http.StatusOK).body.text("token")
			if got := b.get(maker, "/get-session").header.Get("Set-Auth-Jwt"); got == "" {
				t.Error("get-session hands out no set-auth-jwt")
			}

			api := ix.browser(t)
			api.bearer = jwt
			if a := api.get(ix.xenon, "/api/profile"); a.status != http.StatusNotFound {
				t.Errorf("before there is a profile: got %d %s, want 404", a.status, a.text)
			}
			a := api.want(api.post(ix.xenon, "/api/profile", fields{"learning_mode": "visual"}), http.StatusCreated)
			if got := a.body.text("user_id"); got != id {
				t.Errorf("the profile is %s's, want %s's", got, id)
			}

			verify := exec.CommandContext(t.Context(), "node", "interchange/verify.mjs", ix.xenon.url+"/api/auth/jwks", ix.origin, jwt)
			out, err := verify.CombinedOutput()
			var claims struct{ Sub, Email string }
			if err != nil || json.Unmarshal(out, &claims) != nil || claims.Sub != id || claims.Email != email {
				t.Errorf("jose: %v, %s", err, out)
			}
		})
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		t.Fatalf("not JSON: %s %s", a, b)
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return string(p) == string(q)
}
