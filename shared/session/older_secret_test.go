package session_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/web"
)

// cookiesOf returns the Cookie header of a browser that has received w.
func cookiesOf(w *httptest.ResponseRecorder) string {
	var all []string
	for _, c := range w.Result().Cookies() {
		all = append(all, c.Name+"="+c.Value)
	}
	return strings.Join(all, "; ")
}

// After a change of the secret, cookies of an older secret stay valid while it is in BETTER_AUTH_SECRETS, and new
// cookies are signed with the newest one.
func TestCookiesOfAnOlderSecretAreValidWhileItIsListed(t *testing.T) {
	t.Parallel()
	const (
		user, trusted = "11111111-1111-4111-8111-111111111111", "trust-device-abcdefghijklmnopqrstuvwxyzABCDEF"
		challenge     = "2fa-abcdefghijklmnopqrst"
		hash          = "a password hash"
	)
	start := func(secrets ...string) *session.Sessions {
		return session.New(config.API{Origin: "http://localhost:3000"}, fixedSecrets(secrets...), web.Clients{}, time.Now)
	}
	old, w, r := start("old"), httptest.NewRecorder(), requestWithCookie(t, "a=b")
	for name, err := range map[string]error{
		"SetTrustedDevice": old.SetTrustedDevice(w, r, user, trusted),
		"SetSocialState":   old.SetSocialState(t.Context(), w, "a state"),
		"SetDevice":        old.SetDevice(w, r, "ada@example.com", hash),
	} {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	signed := session.Sign([]byte("old"), "a token")
	r = requestWithCookie(t, cookiesOf(w)+"; better-auth.session_token="+signed+"; better-auth.dont_remember="+
		session.Sign([]byte("old"), "true")+"; better-auth.two_factor="+session.Sign([]byte("old"), challenge))
	bearer := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	bearer.Header.Set("Authorization", "Bearer "+signed)

	for name, c := range map[string]struct {
		sessions *session.Sessions
		want     bool
	}{"listed": {start("new", "other", "old"), true}, "removed": {start("new", "other"), false}} {
		s := c.sessions
		tokens, err1 := s.Tokens(r)
		bearerTokens, err2 := s.Tokens(bearer)
		id, _, err3 := s.TrustedDevice(r, user)
		hasState, err4 := s.HasSocialState(r, "a state")
		device, err5 := s.Device(r, "ada@example.com")
		remembered, err6 := s.IsRemembered(r)
		foundChallenge, err7 := s.Challenge(r)
		for what, got := range map[string]bool{
			"session":        len(tokens) == 1,
			"bearer token":   len(bearerTokens) == 1,
			"trusted device": id == trusted,
			"social state":   hasState,
			"device":         device != nil && device.IsForHash(hash),
			"dont_remember":  !remembered,
			"challenge":      foundChallenge == challenge,
		} {
			if got != c.want {
				t.Errorf("%s of an older secret that is %s: got valid %v, want %v", what, name, got, c.want)
			}
		}
		for _, err := range []error{err1, err2, err3, err4, err5, err6, err7} {
			if err != nil {
				t.Errorf("%s: got the error %v, want none", name, err)
			}
		}
	}

	w = httptest.NewRecorder()
	if err := start("new", "old").SetSocialState(t.Context(), w, "a state"); err != nil {
		t.Fatal(err)
	}
	if has, err := start("new").HasSocialState(requestWithCookie(t, cookiesOf(w)), "a state"); !has || err != nil {
		t.Errorf("a cookie set with the secrets new, old: got valid %v with new, %v, want it valid", has, err)
	}
}
