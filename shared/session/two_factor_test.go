package session_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/web"
)

// twoFactorVectors are cookies of better-auth 1.7.25.
type twoFactorVectors struct {
	Secret  string
	Cookies struct {
		TwoFactor   struct{ Value, Cookie string }
		TrustDevice struct{ Value, Cookie, UserID, Identifier string }
	}
}

func readTwoFactorVectors(t *testing.T) (v twoFactorVectors) {
	t.Helper()
	text, err := os.ReadFile("../../conformance/vectors/two_factor.json")
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil || v.Cookies.TwoFactor.Cookie == "" || v.Cookies.TrustDevice.Cookie == "" {
		t.Fatalf("read the vectors: got %+v and the error %v, want both cookies", v, err)
	}
	return v
}

func newTwoFactorSessions(secret string) *session.Sessions {
	cfg := config.API{Origin: "http://localhost:3000"}
	return session.New(cfg, fixedSecrets(secret), web.Clients{}, time.Now)
}

// requestWithCookie returns a request with the Cookie header.
func requestWithCookie(t *testing.T, cookie string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/", nil)
	r.Header.Set("Cookie", cookie)
	return r
}

func TestTwoFactorCookiesEqualBetterAuths(t *testing.T) {
	t.Parallel()
	v := readTwoFactorVectors(t)
	s := newTwoFactorSessions(v.Secret)
	w, r := httptest.NewRecorder(), requestWithCookie(t, "a=b")
	if err := s.SetChallenge(w, r, v.Cookies.TwoFactor.Value, true, false); err != nil {
		t.Fatal(err)
	}
	trusted := v.Cookies.TrustDevice
	if err := s.SetTrustedDevice(w, r, trusted.UserID, trusted.Identifier); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"better-auth.session_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
		"better-auth.session_data=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
		"better-auth.two_factor=" + v.Cookies.TwoFactor.Cookie + "; Max-Age=600; Path=/; HttpOnly; SameSite=Lax",
		"better-auth.trust_device=" + trusted.Cookie + "; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax",
	}
	if diff := cmp.Diff(want, w.Header()["Set-Cookie"]); diff != "" {
		t.Errorf("the cookies (-want +got):\n%s", diff)
	}
}

func TestTwoFactorCookiesOfBetterAuthAreRead(t *testing.T) {
	t.Parallel()
	v := readTwoFactorVectors(t)
	s := newTwoFactorSessions(v.Secret)
	cookie := "better-auth.two_factor=" + v.Cookies.TwoFactor.Cookie +
		"; better-auth.trust_device=" + v.Cookies.TrustDevice.Cookie
	r := requestWithCookie(t, cookie)
	if got, err := s.Challenge(r); got != v.Cookies.TwoFactor.Value || err != nil {
		t.Errorf("Challenge: got %q, %v, want %q", got, err, v.Cookies.TwoFactor.Value)
	}
	id, has, err := s.TrustedDevice(r, v.Cookies.TrustDevice.UserID)
	if id != v.Cookies.TrustDevice.Identifier || !has || err != nil {
		t.Errorf("TrustedDevice: got %q, %v, %v, want %q", id, has, err, v.Cookies.TrustDevice.Identifier)
	}
	id, has, err = s.TrustedDevice(r, "00000000-0000-4000-8000-000000000000")
	if id != "" || !has || err != nil {
		t.Errorf("TrustedDevice for another user: got %q, %v, %v, want no identifier, but a cookie", id, has, err)
	}
	other := newTwoFactorSessions("another secret")
	id, has, err = other.TrustedDevice(r, v.Cookies.TrustDevice.UserID)
	if id != "" || has || err != nil {
		t.Errorf("TrustedDevice with another secret: got %q, %v, %v, want no cookie", id, has, err)
	}
	if got, err := other.Challenge(r); got != "" || err != nil {
		t.Errorf("Challenge with another secret: got %q, %v, want none", got, err)
	}
}

// The signature does not name the cookie, so the signed value of another cookie has a valid signature.
func TestSignedValueOfAnotherCookieIsNoChallenge(t *testing.T) {
	t.Parallel()
	const secret = "a secret"
	s := newTwoFactorSessions(secret)
	challenge := session.NewChallenge()
	for _, value := range []string{
		"true", "Zx9KfQ2mB7cT4vLw8RyN1sHd6PjGaEuX", session.NewTrustedDevice(), "2fa-otp-" + challenge,
		"2fa-attempts-" + challenge, challenge + "a", challenge[:23], "2fa-abcdefghij!bcdefghij",
	} {
		r := requestWithCookie(t, "better-auth.two_factor="+session.Sign([]byte(secret), value))
		if got, err := s.Challenge(r); got != "" || err != nil {
			t.Errorf("the signed value %q: got the challenge %q, %v, want none", value, got, err)
		}
	}
	r := requestWithCookie(t, "better-auth.two_factor=x; better-auth.two_factor="+session.Sign([]byte(secret), challenge))
	if got, err := s.Challenge(r); got != challenge || err != nil {
		t.Errorf("after a cookie that is not valid: got %q, %v, want %q", got, err, challenge)
	}
}

func TestChallengeKeepsDontRemember(t *testing.T) {
	t.Parallel()
	s := newTwoFactorSessions("a secret")
	names := func(remember, clearTrust bool, cookie string) (list []string) {
		w := httptest.NewRecorder()
		if err := s.SetChallenge(w, requestWithCookie(t, cookie), session.NewChallenge(), remember, clearTrust); err != nil {
			t.Fatal(err)
		}
		for _, line := range w.Header()["Set-Cookie"] {
			name, rest, _ := strings.Cut(strings.TrimPrefix(line, "better-auth."), "=")
			if strings.HasPrefix(rest, ";") {
				name += " cleared"
			}
			list = append(list, name)
		}
		return list
	}
	cleared := []string{"session_token cleared", "session_data cleared", "two_factor"}
	for name, test := range map[string]struct {
		got  []string
		want []string
	}{
		"not remembered": {names(false, true, ""), append([]string{"dont_remember", "trust_device cleared"}, cleared...)},
		"remembered, the browser was not": {
			names(true, false, "better-auth.dont_remember="+session.Sign([]byte("a secret"), "true")),
			append([]string{"dont_remember cleared"}, cleared...),
		},
	} {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s: cookies (-want +got):\n%s", name, diff)
		}
	}
}
