package social_test

import (
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

const storedTokens = `SELECT concat_ws('|', "accessToken", "refreshToken", scope) FROM account`

// accountID returns the id of the only row in account.
func (s *server) accountID() string {
	s.t.Helper()
	return dbtest.Value[string](s.t, s.url, `SELECT id::text FROM account`)
}

func TestAccessTokenIsRefreshedWhenItExpires(t *testing.T) {
	t.Parallel()
	for setting, encrypted := range map[string]bool{"off": false, "on": true} {
		t.Run("ENCRYPT_OAUTH_TOKENS="+setting, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, "ENCRYPT_OAUTH_TOKENS", setting)
			b := s.browser()
			v := ada()
			v.Tokens = map[string]any{"expires_in": 60, "scope": "a b"}
			v.Renewed = map[string]any{"access_token": "renewed", "expires_in": 60}
			b.signIn("keycloak", "", v)
			body := `{"accountId":"` + s.accountID() + `"}`
			first := b.do("POST", "/api/auth/get-access-token", body)
			token := first.text("accessToken")
			if first.status != 200 || token == "" || !strings.Contains(first.body, `"scopes":["a","b"]`) {
				t.Fatalf("got %d %s", first.status, first.body)
			}
			if stored := dbtest.Value[string](t, s.url, storedTokens); strings.Contains(stored, token) == encrypted {
				t.Errorf("stored %s, want it encrypted: %v", stored, encrypted)
			}
			s.ahead = 56 * time.Second
			if again := b.do("POST", "/api/auth/get-access-token", body); again.text("accessToken") != "renewed" {
				t.Errorf("five seconds before the end: got %d %s", again.status, again.body)
			}
		})
	}
}

func TestRefreshTokenAnswersLikeBetterAuth(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	b := s.browser()
	v := ada()
	v.Tokens = map[string]any{"scope": "a b"}
	v.Renewed = map[string]any{"access_token": "renewed", "refresh_token": "next", "scope": "a"}
	b.signIn("keycloak", "", v)
	body := `{"accountId":"` + s.accountID() + `"}`
	a := b.do("POST", "/api/auth/refresh-token", body)
	if a.status != 200 || a.text("accessToken") != "renewed" || a.text("refreshToken") != "next" ||
		a.text("scope") != "a,b" || a.text("accountId") != s.accountID() {
		t.Errorf("got %d %s", a.status, a.body)
	}
	if got := dbtest.Value[string](t, s.url, storedTokens); got != "renewed|next|a,b" {
		t.Errorf("stored %s", got)
	}
	dbtest.Exec(t, s.url, `UPDATE account SET "refreshToken" = 'unknown'`)
	if a := b.do("POST", "/api/auth/refresh-token", body); a.text("code") != "FAILED_TO_REFRESH_ACCESS_TOKEN" {
		t.Errorf("a refused token: got %d %s", a.status, a.body)
	}
	dbtest.Exec(t, s.url, `UPDATE account SET "refreshToken" = NULL`)
	if a := b.do("POST", "/api/auth/refresh-token", body); a.text("code") != "REFRESH_TOKEN_NOT_FOUND" {
		t.Errorf("without a refresh token: got %d %s", a.status, a.body)
	}
	stranger := s.browser()
	stranger.signUp("bob@example.com", true)
	for _, path := range []string{"/api/auth/refresh-token", "/api/auth/get-access-token"} {
		if a := stranger.do("POST", path, body); a.text("code") != "ACCOUNT_NOT_FOUND" {
			t.Errorf("%s of another user: got %d %s", path, a.status, a.body)
		}
	}
}

func TestAccountInfoReturnsTheProfile(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, provider := range []string{"google", "github"} {
		b := s.browser()
		v := ada()
		v.Email = provider + "@example.com"
		b.signIn(provider, "", v)
		account := dbtest.Value[string](t, s.url, `SELECT id::text FROM account WHERE "providerId" = $1`, provider)
		s.ahead = 2 * time.Hour // the id token has expired
		a := b.do("GET", "/api/auth/account-info?accountId="+account, "")
		s.ahead = 0
		if a.status != 200 || !strings.Contains(a.body, `"user":{"name":"Ada Lovelace","email":"`+v.Email+`"`) ||
			!strings.Contains(a.body, `"account":{"id":"`+account+`","providerId":"`+provider+`","accountId":"108"}`) {
			t.Errorf("%s: got %d %s", provider, a.status, a.body)
		}
	}
}
