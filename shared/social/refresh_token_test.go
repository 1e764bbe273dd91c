package social_test

import (
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/providertest"
)

const selectTokensSQL = `SELECT concat_ws('|', "accessToken", "refreshToken", scope) FROM account`

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
			v := verifiedVisit()
			v.Tokens = map[string]any{"expires_in": 60, "scope": "a b"}
			v.Renewed = map[string]any{"access_token": "renewed", "expires_in": 60}
			b.signIn("keycloak", "", v)
			body := `{"accountId":"` + s.accountID() + `"}`
			first := b.do("POST", "/api/auth/get-access-token", body)
			token := first.text("accessToken")
			if first.status != 200 || token == "" || !strings.Contains(first.body, `"scopes":["a","b"]`) {
				t.Fatalf("first get-access-token: got %d %s, want 200, a token and the scopes a and b",
					first.status, first.body)
			}
			if stored := dbtest.Value[string](t, s.url, selectTokensSQL); strings.Contains(stored, token) == encrypted {
				t.Errorf("the row has the tokens %s, want them encrypted: %v", stored, encrypted)
			}
			s.ahead = 56 * time.Second
			if again := b.do("POST", "/api/auth/get-access-token", body); again.text("accessToken") != "renewed" {
				t.Errorf("get-access-token four seconds before the end of the token: got %d %s, want a renewed token",
					again.status, again.body)
			}
		})
	}
}

func TestRefreshTokenAnswersLikeBetterAuth(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	b := s.browser()
	v := verifiedVisit()
	v.Tokens = map[string]any{"scope": "a b"}
	v.Renewed = map[string]any{"access_token": "renewed", "refresh_token": "next", "scope": "a"}
	b.signIn("keycloak", "", v)
	body := `{"accountId":"` + s.accountID() + `"}`
	a := b.do("POST", "/api/auth/refresh-token", body)
	if a.status != 200 || a.text("accessToken") != "renewed" || a.text("refreshToken") != "next" ||
		a.text("scope") != "a,b" || a.text("accountId") != s.accountID() {
		t.Errorf("refresh-token: got %d %s, want 200, the renewed tokens, the scope and the id of the account",
			a.status, a.body)
	}
	if got := dbtest.Value[string](t, s.url, selectTokensSQL); got != "renewed|next|a,b" {
		t.Errorf("the row has the tokens %s, want the renewed ones", got)
	}
	dbtest.Exec(t, s.url, `UPDATE account SET "refreshToken" = 'unknown'`)
	if a := b.do("POST", "/api/auth/refresh-token", body); a.text("code") != "FAILED_TO_REFRESH_ACCESS_TOKEN" {
		t.Errorf("refresh with a token that the provider refuses: got %d %s, want FAILED_TO_REFRESH_ACCESS_TOKEN",
			a.status, a.body)
	}
	dbtest.Exec(t, s.url, `UPDATE account SET "refreshToken" = NULL`)
	if a := b.do("POST", "/api/auth/refresh-token", body); a.text("code") != "REFRESH_TOKEN_NOT_FOUND" {
		t.Errorf("refresh without a refresh token: got %d %s, want REFRESH_TOKEN_NOT_FOUND", a.status, a.body)
	}
	stranger := s.browser()
	stranger.signUp("bob@example.com", true)
	for _, path := range []string{"/api/auth/refresh-token", "/api/auth/get-access-token"} {
		if a := stranger.do("POST", path, body); a.text("code") != "ACCOUNT_NOT_FOUND" {
			t.Errorf("%s with the account of another user: got %d %s, want ACCOUNT_NOT_FOUND", path, a.status, a.body)
		}
	}
}

// Two requests use the same refresh token. Both answer with the tokens that are stored first.
func TestConcurrentRefreshesReturnTheSameTokens(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"off", "on"} {
		t.Run("ENCRYPT_OAUTH_TOKENS="+setting, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, "ENCRYPT_OAUTH_TOKENS", setting)
			b := s.browser()
			v := verifiedVisit()
			var both sync.WaitGroup
			both.Add(2)
			v.OnRefresh = func() {
				both.Done()
				both.Wait()
			}
			b.signIn("twitter", "", v)
			body := `{"accountId":"` + s.accountID() + `"}`
			answers := make(chan answer, 2)
			for range cap(answers) {
				tab := s.browser()
				maps.Copy(tab.cookies, b.cookies)
				go func() { answers <- tab.do("POST", "/api/auth/refresh-token", body) }()
			}
			first, second := <-answers, <-answers
			if first.status != 200 || first.text("refreshToken") == "" || first.body != second.body {
				t.Errorf("two concurrent refreshes: got %d %s and %d %s, want 200 and the same tokens",
					first.status, first.body, second.status, second.body)
			}
			if a := b.do("POST", "/api/auth/get-access-token", body); a.text("accessToken") != first.text("accessToken") {
				t.Errorf("get-access-token after the refreshes: got %s, want the access token of %s", a.body, first.body)
			}
		})
	}
}

// Another request has refreshed the tokens, and the provider refuses the old refresh token.
func TestRefusedRefreshReturnsTheTokensOfAnotherRequest(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	b := s.browser()
	v := verifiedVisit()
	v.Tokens = map[string]any{"expires_in": 60}
	v.Faults = map[string]providertest.Fault{"refresh": providertest.FaultStatus401}
	v.OnRefresh = func() {
		dbtest.Exec(t, s.url, `UPDATE account SET "accessToken" = 'newer', "refreshToken" = concat("refreshToken", '+')`)
	}
	b.signIn("twitter", "", v)
	body := `{"accountId":"` + s.accountID() + `"}`
	before := dbtest.Value[string](t, s.url, `SELECT "refreshToken" FROM account`)
	a := b.do("POST", "/api/auth/refresh-token", body)
	if a.status != 200 || a.text("accessToken") != "newer" || a.text("refreshToken") != before+"+" {
		t.Errorf("refresh-token after another request renewed the tokens: got %d %s, want the newer tokens",
			a.status, a.body)
	}
	dbtest.Exec(t, s.url, `UPDATE account SET "accessToken" = 'old', "refreshToken" = $1`, before)
	s.ahead = time.Minute
	if a := b.do("POST", "/api/auth/get-access-token", body); a.status != 200 || a.text("accessToken") != "newer" {
		t.Errorf("get-access-token after another request renewed the tokens: got %d %s, want the newer token",
			a.status, a.body)
	}
}

func TestAccountInfoReturnsTheProfile(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, provider := range []string{"google", "github"} {
		b := s.browser()
		v := verifiedVisit()
		v.Email = provider + "@example.com"
		b.signIn(provider, "", v)
		account := dbtest.Value[string](t, s.url, `SELECT id::text FROM account WHERE "providerId" = $1`, provider)
		s.ahead = 2 * time.Hour // the id token has expired
		a := b.do("GET", "/api/auth/account-info?accountId="+account, "")
		s.ahead = 0
		if a.status != 200 || !strings.Contains(a.body, `"user":{"name":"Ada Lovelace","email":"`+v.Email+`"`) ||
			!strings.Contains(a.body, `"account":{"id":"`+account+`","providerId":"`+provider+`","accountId":"108"}`) {
			t.Errorf("account info of %s: got %d %s, want 200, the profile and the account", provider, a.status, a.body)
		}
	}
}
