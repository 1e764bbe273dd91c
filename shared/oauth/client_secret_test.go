package oauth

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/shared/config"
)

// newECKey returns a new private key, and the same key as the text of a setting.
func newECKey(t *testing.T, curve elliptic.Curve) (*ecdsa.PrivateKey, config.Secret) {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return key, config.Secret(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestAppleClientSecretIsSignedWithThePrivateKey(t *testing.T) {
	t.Parallel()
	key, text := newECKey(t, elliptic.P256())
	for name, configured := range map[string]config.Secret{"in the settings": text, "in the app secret": ""} {
		s := newFakeProviders(t)
		sent := ""
		s.handle("POST appleid.apple.com/auth/token", func(w http.ResponseWriter, r *http.Request) {
			sent = r.PostFormValue("client_secret")
			writeJSON(w, tokenAnswer)
		})
		p := s.newProvider(config.Provider{ID: "apple", TeamID: "TEAM", KeyID: "KEY", PrivateKey: configured})
		p.providers.secret = func(_ context.Context, provider, setting string) (string, error) {
			if provider != "apple" || setting != "PRIVATE_KEY" || configured != "" {
				t.Errorf("private key %s: read %s of %s from the app secret, want only a PRIVATE_KEY that the settings lack",
					name, setting, provider)
			}
			return string(text), nil
		}
		if _, err := p.Exchange(t.Context(), goodCode, goodVerifier); err != nil {
			t.Fatal(name, err)
		}
		var claims jwt.RegisteredClaims
		token, err := jwt.ParseWithClaims(sent, &claims, func(*jwt.Token) (any, error) { return key.Public(), nil },
			jwt.WithValidMethods([]string{"ES256"}), jwt.WithTimeFunc(s.clock), jwt.WithExpirationRequired(),
			jwt.WithIssuer("TEAM"), jwt.WithSubject(clientID), jwt.WithAudience("https://appleid.apple.com"))
		if err != nil || token.Header["kid"] != "KEY" || !claims.IssuedAt.Equal(s.clock()) ||
			claims.ExpiresAt.Sub(s.clock()) > 180*24*time.Hour {
			t.Errorf("private key %s: got the claims %+v, %v, want a valid client secret for at most 180 days",
				name, claims, err)
		}
	}
}

func TestExchangeFailsWithoutAUsableClientSecret(t *testing.T) {
	t.Parallel()
	_, otherCurve := newECKey(t, elliptic.P384())
	for _, test := range []struct {
		name string
		c    config.Provider
		want string
	}{
		{"no PEM", config.Provider{ID: "apple", TeamID: "T", PrivateKey: "s3cret"}, "not an EC key in PEM"},
		{"another curve", config.Provider{ID: "apple", TeamID: "T", PrivateKey: otherCurve}, "P-256"},
		{"no app secret", config.Provider{ID: "apple", TeamID: "T"}, "read PRIVATE_KEY of apple: unavailable"},
	} {
		p := newFakeProviders(t).newProvider(test.c)
		p.providers.secret = func(context.Context, string, string) (string, error) { return "", errors.New("unavailable") }
		_, err := p.Exchange(t.Context(), goodCode, goodVerifier)
		if !errors.Is(err, ErrInvalidCode) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Exchange, %s: got %v, want ErrInvalidCode with %q", test.name, err, test.want)
		}
		checkNoSecret(t, err)
	}
}

func TestClientSecretOfTheAppSecret(t *testing.T) {
	t.Parallel()
	s := newFakeProviders(t)
	s.addTokenEndpoint(tokenEndpoints["google"].url, false, pkceChallengeOf(goodVerifier), tokenAnswer)
	p := s.newProvider(config.Provider{ID: "google"})
	p.ClientSecret = ""
	p.providers.secret = func(_ context.Context, provider, setting string) (string, error) {
		if provider != "google" || setting != "CLIENT_SECRET" {
			t.Errorf("read %s of %s from the app secret, want CLIENT_SECRET of google", setting, provider)
		}
		return clientSecret, nil
	}
	if _, err := p.Exchange(t.Context(), goodCode, goodVerifier); err != nil {
		t.Errorf("Exchange with the client secret of the app secret: got the error %v, want none", err)
	}
}
