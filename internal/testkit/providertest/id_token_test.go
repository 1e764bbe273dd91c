package providertest_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/xenon-auth/xenon/internal/testkit/providertest"
)

// decodePayload returns the claims of a JWT as JSON.
func decodePayload(token string) ([]byte, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("the text is not a JWT: " + token)
	}
	return base64.RawURLEncoding.DecodeString(parts[1])
}

// go-oidc discovers every issuer, and accepts its id token with the nonce of the authorization URL.
func TestIssuersAreDiscovered(t *testing.T) {
	t.Parallel()
	s := providertest.New(t)
	for _, id := range []string{"keycloak", "auth0", "okta"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			ctx := oidc.ClientContext(t.Context(), &http.Client{Transport: s.Transport()})
			issuer, err := oidc.NewProvider(ctx, providertest.Issuer(id))
			if err != nil {
				t.Fatal(err)
			}
			f := newFlow(t, s, id)
			f.Endpoint, f.verifier = issuer.Endpoint(), oauth2.GenerateVerifier()
			f.Endpoint.AuthStyle = oauth2.AuthStyleInParams
			l := f.authorize(t, visitOfAda(), oidc.Nonce("a nonce"))
			tokens, err := f.exchange(l.Code)
			if err != nil {
				t.Fatal(err)
			}
			text, _ := tokens.Extra("id_token").(string)
			token, err := issuer.VerifierContext(ctx, &oidc.Config{ClientID: f.ClientID}).Verify(ctx, text)
			if err != nil || token.Subject != subject || token.Nonce != "a nonce" {
				t.Errorf("the verified id token: got %+v and the error %v, want the user's subject and \"a nonce\"", token, err)
			}
			info, err := issuer.UserInfo(ctx, f.TokenSource(ctx, tokens))
			if err != nil || info.Subject != subject || info.Email != "ada@example.com" || !info.EmailVerified {
				t.Errorf("the user info: got %+v and the error %v, want the user's subject and verified email", info, err)
			}
		})
	}
}

// keySetURLs has the URLs at which the providers publish the keys of their id tokens.
var keySetURLs = map[string]string{
	"google":    "https://www.googleapis.com/oauth2/v3/certs",
	"apple":     "https://appleid.apple.com/auth/keys",
	"microsoft": "https://login.microsoftonline.com/common/discovery/v2.0/keys",
	"facebook":  "https://limited.facebook.com/.well-known/oauth/openid/jwks/",
	"linkedin":  "https://www.linkedin.com/oauth/openid/jwks",
	"slack":     "https://slack.com/openid/connect/keys",
	"twitch":    "https://id.twitch.tv/oauth2/keys",
}

// verifyIDToken verifies an id token with go-oidc.
func verifyIDToken(ctx context.Context, s *providertest.Server, provider, token string) error {
	ctx = oidc.ClientContext(ctx, &http.Client{Transport: s.Transport()})
	keys := oidc.NewRemoteKeySet(ctx, keySetURLs[provider])
	verifier := oidc.NewVerifier(providertest.Issuer(provider), keys,
		&oidc.Config{ClientID: providertest.ClientID(provider), SupportedSigningAlgs: []string{"RS256"}})
	_, err := verifier.Verify(ctx, token)
	return err
}

func TestIDTokensAreVerifiedWithTheKeySet(t *testing.T) {
	t.Parallel()
	s := providertest.New(t)
	for provider := range keySetURLs {
		token, err := s.AuthorizeWithoutBrowser(provider, visitOfAda()).MakeIDToken()
		if err != nil {
			t.Fatal(err)
		}
		if err := verifyIDToken(t.Context(), s, provider, token); err != nil {
			t.Errorf("verify an id token of %s with its key set: got the error %v, want none", provider, err)
		}
	}
}

// go-oidc refuses each forged token with an error that contains the reason.
func TestForgedIDTokensAreRefused(t *testing.T) {
	t.Parallel()
	s := providertest.New(t)
	for _, test := range []struct {
		reason string
		providertest.Forgery
	}{
		{"malformed", providertest.Forgery{Text: "nonsense"}},
		{"none", providertest.Forgery{Algorithm: "none"}},
		{"HS256", providertest.Forgery{Algorithm: "HS256"}},
		{"failed to verify", providertest.Forgery{Key: "twitch"}},
		{"failed to verify", providertest.Forgery{Header: map[string]any{"kid": "unknown"}}},
		{"audience", providertest.Forgery{Claims: map[string]any{"aud": "other"}}},
		{"issued by", providertest.Forgery{Claims: map[string]any{"iss": "https://elsewhere.example"}}},
		{"expired", providertest.Forgery{Claims: map[string]any{"exp": "-1h"}}},
	} {
		v := visitOfAda()
		v.IDToken = test.Forgery
		token, err := s.AuthorizeWithoutBrowser("google", v).MakeIDToken()
		if err != nil {
			t.Fatal(err)
		}
		if err := verifyIDToken(t.Context(), s, "google", token); err == nil || !strings.Contains(err.Error(), test.reason) {
			t.Errorf("verify an id token with the forgery %+v: got the error %v, want %q in it", test.Forgery, err, test.reason)
		}
	}
}

// After a rotation, the key set has the new key only.
func TestKeySetHasOnlyTheNewKeyAfterRotation(t *testing.T) {
	t.Parallel()
	s := providertest.New(t)
	l := s.AuthorizeWithoutBrowser("google", visitOfAda())
	old, err1 := l.MakeIDToken()
	s.RotateKeys("google")
	next, err2 := l.MakeIDToken()
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if err := verifyIDToken(t.Context(), s, "google", next); err != nil {
		t.Errorf("verify a token that the new key has signed: got the error %v, want none", err)
	}
	if err := verifyIDToken(t.Context(), s, "google", old); err == nil {
		t.Error("verify a token that the old key has signed: got no error, want one")
	}
}
