//go:build node

package conformance

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/providertest"
)

// socialSettings returns the settings of a server that is a client of every provider, and reaches the emulated ones.
func socialSettings(t *testing.T) []string {
	t.Helper()
	return append(environmentList(allProviderSettings()), environmentList(sharedProviderServer(t).Environment())...)
}

// newProviderVisit returns the sign-in of a new user at a provider, which has verified the user's email.
func newProviderVisit(email string) providertest.Visit {
	return providertest.Visit{Person: providertest.Person{
		Subject: strings.Map(toNonzeroDigit, rand.Text()[:15]), Name: "Ada Lovelace", Email: email, Verified: true,
	}}
}

// toNonzeroDigit maps a character of a random text to a digit, not 0. Better Auth does not round a number of 15 digits
// (D96).
func toNonzeroDigit(r rune) rune { return '1' + r%9 }

// beginOAuth starts an OAuth flow at s, acts as the user at the provider, and returns the login, which has the
// callback.
func (b *visitor) beginOAuth(s runningServer, route, provider string, v providertest.Visit) *providertest.Login {
	b.t.Helper()
	in := jsonObject{"provider": provider, "callbackURL": "/home", "errorCallbackURL": "/problem"}
	url := b.checkStatus(b.post(s, route, in), http.StatusOK).body.textMember("url")
	l, err := sharedProviderServer(b.t).Authorize(url, v)
	if err != nil {
		b.t.Fatal(err)
	}
	return l
}

// finishOAuth opens the callback of a flow at s, and checks that s redirects to /home.
func (b *visitor) finishOAuth(s runningServer, l *providertest.Login) {
	b.t.Helper()
	callback := l.Callback
	if l.Form != nil { // the browser would post it without cookies, and be redirected to this URL
		callback += "?" + l.Form.Encode()
	}
	a := b.checkStatus(b.get(s, strings.TrimPrefix(callback, b.origin)), http.StatusFound)
	if got := a.header.Get("Location"); got != "/home" {
		b.t.Fatalf("the callback at %s redirects to %q, want /home", s.name, got)
	}
}

// A sign-in that begins at one server ends at the other, whether the state is in the database or in a cookie. The
// account is the same at both.
func TestInterchange_SocialSignInEndsAtTheOtherServer(t *testing.T) {
	t.Parallel()
	for _, strategy := range []string{"database", "cookie"} {
		t.Run(strategy, func(t *testing.T) {
			t.Parallel()
			ix := newInterchange(t, append(socialSettings(t), "STATE_STRATEGY="+strategy)...)
			ix.forEachPair(t, func(t *testing.T, first, second runningServer) {
				for _, provider := range []string{"google", "github", "apple", "twitter", "keycloak"} {
					b, again, v := ix.newVisitor(t), ix.newVisitor(t), newProviderVisit(newEmail())
					b.finishOAuth(second, b.beginOAuth(first, "/sign-in/social", provider, v))
					id, _ := b.sessionIDsAt(first)
					again.finishOAuth(first, again.beginOAuth(second, "/sign-in/social", provider, v))
					if got, _ := again.sessionIDsAt(second); got != id || id == "" {
						t.Errorf("%s: the first sign-in got user %q, the second one %q, want the same", provider, id, got)
					}
					accounts := ix.queryValue(t, `SELECT count(*)::text FROM account WHERE "userId" = $1`, id)
					if accounts != "1" {
						t.Errorf("%s: accounts of the user: got %s, want 1", provider, accounts)
					}
				}
			})
		})
	}
}

// A link-social flow that begins at one server ends at the other, which decrypts the session token in the state.
// The callback fails if the user has signed out in between.
func TestInterchange_LinkSocialEndsAtTheOtherServer(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t, socialSettings(t)...)
	ix.forEachPair(t, func(t *testing.T, first, second runningServer) {
		b := ix.newVisitor(t)
		email, id := b.register(first)
		b.finishOAuth(second, b.beginOAuth(first, "/link-social", "github", newProviderVisit(email)))
		if got := ix.queryValue(
			t,
			`SELECT "userId"::text FROM account WHERE "providerId" = 'github' AND "userId" = $1`,
			id,
		); got != id {
			t.Errorf("the linked account belongs to user %q, want %q", got, id)
		}
		l := b.beginOAuth(first, "/link-social", "discord", newProviderVisit(email))
		b.checkStatus(b.post(second, "/sign-out", jsonObject{}), http.StatusOK)
		a := b.get(second, strings.TrimPrefix(l.Callback, b.origin))
		if got := a.header.Get("Location"); !strings.Contains(got, "error=") {
			t.Errorf("the callback of link-social after the sign-out redirects to %q, want an error", got)
		}
	})
}

// Tokens that one server encrypts can be read and refreshed at the other.
func TestInterchange_EncryptedOAuthTokensAreReadByBothServers(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t, append(socialSettings(t), "ENCRYPT_OAUTH_TOKENS=on")...)
	ix.forEachPair(t, func(t *testing.T, first, second runningServer) {
		b := ix.newVisitor(t)
		b.finishOAuth(first, b.beginOAuth(first, "/sign-in/social", "discord", newProviderVisit(newEmail())))
		id, _ := b.sessionIDsAt(first)
		row := ix.queryValue(t, `SELECT id::text FROM account WHERE "userId" = $1`, id)
		var tokens []string
		for _, s := range []runningServer{first, second} {
			token := b.checkStatus(
				b.post(s, "/get-access-token", jsonObject{"accountId": row}),
				http.StatusOK,
			).body.textMember(
				"accessToken",
			)
			info := b.checkStatus(b.get(s, "/account-info?accountId="+row), http.StatusOK)
			if name := info.body.objectMember("user").textMember("name"); name != "Ada Lovelace" {
				t.Errorf("account-info at %s: got the name %q, want Ada Lovelace", s.name, name)
			}
			tokens = append(tokens, token)
		}
		if tokens[0] != tokens[1] || tokens[0] == "" {
			t.Errorf("get-access-token at both servers: got %q, want the same token twice", tokens)
		}
		stored := ix.queryValue(t, `SELECT "accessToken" FROM account WHERE id = $1`, row)
		if stored == tokens[0] {
			t.Error("account.accessToken has the plain access token, want it encrypted")
		}
		fresh := b.checkStatus(
			b.post(second, "/refresh-token", jsonObject{"accountId": row}),
			http.StatusOK,
		).body.textMember(
			"accessToken",
		)
		read := b.checkStatus(
			b.post(first, "/get-access-token", jsonObject{"accountId": row}),
			http.StatusOK,
		).body.textMember(
			"accessToken",
		)
		if fresh != read || fresh == tokens[0] {
			t.Errorf("refresh-token at %s: got %q, then get-access-token at %s: got %q, want one new token at both",
				second.name, fresh, first.name, read)
		}
	})
}
