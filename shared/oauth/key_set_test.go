package oauth

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/remote"
)

var rsa1024Key = rsaKeyMadeOnce(1024)

const googleJWKSRequest = "GET www.googleapis.com/oauth2/v3/certs"

// newRotatingKeys returns fake providers that answer with the text in set as Google's JWKS. The test can change the
// text.
func newRotatingKeys(t *testing.T) (s *fakeProviders, p *Provider, set *atomic.Value) {
	t.Helper()
	s, set = newFakeProviders(t), &atomic.Value{}
	set.Store(encodeJWKS(t, publicJWK("k1", "RS256", firstKey().Public())))
	s.handle(googleJWKSRequest, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, set.Load().(string)) })
	return s, s.newProvider(config.Provider{ID: "google"}), set
}

func TestRotatedKeysAreFetchedInTheRequest(t *testing.T) {
	t.Parallel()
	s, p, set := newRotatingKeys(t)
	verifyToken := func(kid string, key any) error {
		token := signWith(t, jwt.SigningMethodRS256, kid, key, validClaims(s)["google"])
		_, err := p.VerifyIDToken(t.Context(), IDToken{Token: token})
		return err
	}
	if err := verifyToken("k1", firstKey()); err != nil {
		t.Fatal(err)
	}
	set.Store(encodeJWKS(t, publicJWK("k2", "RS256", secondKey().Public())))
	if err := verifyToken("k1", firstKey()); err != nil || s.countRequests(googleJWKSRequest) != 1 {
		t.Errorf(
			"token of a known key: got the error %v after %d fetches, want none after 1",
			err,
			s.countRequests(googleJWKSRequest),
		)
	}
	if err := verifyToken("k2", secondKey()); !errors.Is(err, ErrInvalidToken) || s.countRequests(googleJWKSRequest) != 1 {
		t.Errorf("token of a new key within CoolDown: got %v after %d fetches, want ErrInvalidToken after 1",
			err, s.countRequests(googleJWKSRequest))
	}
	s.advance(remote.CoolDown)
	if err := verifyToken("k2", secondKey()); err != nil || s.countRequests(googleJWKSRequest) != 2 {
		t.Errorf("token of a new key after CoolDown: got the error %v after %d fetches, want none after 2",
			err, s.countRequests(googleJWKSRequest))
	}
	if err := verifyToken("k1", firstKey()); !errors.Is(err, ErrInvalidToken) {
		t.Errorf("token of a removed key: got %v, want ErrInvalidToken", err)
	}
	for range 5 {
		_ = verifyToken("unknown", firstKey())
	}
	if s.countRequests(googleJWKSRequest) != 2 {
		t.Errorf("%d fetches so far after five tokens of unknown keys, want still 2", s.countRequests(googleJWKSRequest))
	}
}

func TestKeysStayInUseWhileTheJWKSFails(t *testing.T) {
	t.Parallel()
	s, p, set := newRotatingKeys(t)
	verifyToken := func() error {
		_, err := p.VerifyIDToken(t.Context(), IDToken{Token: signRS256(t, validClaims(s)["google"])})
		return err
	}
	if err := verifyToken(); err != nil {
		t.Fatal(err)
	}
	for _, broken := range []string{"<html>", `{"keys":[]}`, `{}`, `{"keys":[{"kty":"oct","k":"AAAA","kid":"k1"}]}`} {
		set.Store(broken)
		s.advance(jwksMaxAge)
		before := s.countRequests(googleJWKSRequest)
		if err := verifyToken(); err != nil || s.countRequests(googleJWKSRequest) != before+1 {
			t.Errorf(
				"JWKS %s: got the error %v after %d fetches, want none after 1",
				broken,
				err,
				s.countRequests(googleJWKSRequest)-before,
			)
		}
	}
	s.advance(jwksMaxStaleAge + time.Second)
	if err := verifyToken(); !errors.Is(err, ErrInvalidToken) {
		t.Errorf("keys older than %v: got %v, want ErrInvalidToken", jwksMaxStaleAge, err)
	}
}

func TestFaultyJWKSVerifiesNoIDToken(t *testing.T) {
	t.Parallel()
	for name, fault := range unusableTokenAnswers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFakeProviders(t)
			s.handle(googleJWKSRequest, fault)
			s.handle("attacker.example/token", func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
			p := s.newProvider(config.Provider{ID: "google"})
			p.providers.http.Timeout = timeoutFor(name)
			_, err := p.VerifyIDToken(t.Context(), IDToken{Token: signRS256(t, validClaims(s)["google"])})
			if !errors.Is(err, ErrInvalidToken) {
				t.Errorf("VerifyIDToken: got %v, want ErrInvalidToken", err)
			}
		})
	}
}

func TestOnlySuitableKeysVerifyIDTokens(t *testing.T) {
	t.Parallel()
	encrypting := publicJWK("k1", "", firstKey().Public())
	encrypting.Use = "enc"
	two := []jose.JSONWebKey{publicJWK("a", "", firstKey().Public()), publicJWK("b", "", secondKey().Public())}
	mixed := []jose.JSONWebKey{
		publicJWK("k1", "ES256", p256Key().Public()), publicJWK("k1", "RS256", firstKey().Public()),
	}
	for name, test := range map[string]struct {
		keys  []jose.JSONWebKey
		kid   string
		key   any
		valid bool
	}{
		"for encryption":       {[]jose.JSONWebKey{encrypting}, "k1", firstKey(), false},
		"of another algorithm": {[]jose.JSONWebKey{publicJWK("k1", "RS512", firstKey().Public())}, "k1", firstKey(), false},
		"too short": {
			[]jose.JSONWebKey{publicJWK("k1", "RS256", rsa1024Key().Public())}, "k1", rsa1024Key(), false,
		},
		"a private key":         {[]jose.JSONWebKey{publicJWK("k1", "RS256", firstKey())}, "k1", firstKey(), false},
		"without an algorithm":  {[]jose.JSONWebKey{publicJWK("k1", "", firstKey().Public())}, "k1", firstKey(), true},
		"beside one for ES256":  {mixed, "k1", firstKey(), true},
		"the first, no key id":  {two, "", firstKey(), true},
		"the second, no key id": {two, "", secondKey(), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFakeProviders(t)
			s.serveKeySet(jwksURLs["google"], encodeJWKS(t, test.keys...))
			token := signWith(t, jwt.SigningMethodRS256, test.kid, test.key, validClaims(s)["google"])
			_, err := s.newProvider(config.Provider{ID: "google"}).VerifyIDToken(t.Context(), IDToken{Token: token})
			if (err == nil) != test.valid {
				t.Errorf("VerifyIDToken: got the error %v; the key is suitable: %v", err, test.valid)
			}
		})
	}
}

func TestAppleAndMicrosoftNeedAKeyID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"apple", "microsoft"} {
		s := newFakeProvidersWithKeys(t)
		token := signWith(t, jwt.SigningMethodRS256, "", firstKey(), validClaims(s)[id])
		if _, err := s.newProvider(config.Provider{ID: id}).VerifyIDToken(t.Context(), IDToken{Token: token}); err == nil {
			t.Errorf("VerifyIDToken of a token of %s without a key id returned no error, want one", id)
		}
	}
}
