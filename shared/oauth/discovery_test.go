package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

const (
	issuer       = "https://idp.example/realms/a"
	discoveryURL = "GET idp.example/realms/a/.well-known/openid-configuration"
)

// discoveryMembers returns the members of a discovery document, with changes.
func discoveryMembers(changes map[string]any) map[string]any {
	return withChanges(map[string]any{
		"issuer": issuer, "authorization_endpoint": "https://idp.example/auth", "token_endpoint": "https://idp.example/token",
		"userinfo_endpoint": "https://idp.example/userinfo", "jwks_uri": "https://idp.example/keys",
		"id_token_signing_alg_values_supported": []string{"ES256", "RS256", "HS256", "none"},
	}, changes)
}

func encodeJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// newFakeIssuer starts fake providers for an issuer whose discovery document has the changes. It also returns the
// settings of a provider with this issuer.
func newFakeIssuer(t *testing.T, changes map[string]any) (*fakeProviders, config.Provider) {
	t.Helper()
	s := newFakeProviders(t)
	s.handle(
		discoveryURL,
		func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, encodeJSON(t, discoveryMembers(changes))) },
	)
	s.serveKeySet("idp.example/keys",
		encodeJWKS(t, publicJWK("k1", "RS256", firstKey().Public()), publicJWK("e1", "ES256", p256Key().Public())))
	return s, config.Provider{ID: "acme", OIDC: true, Issuer: issuer}
}

func claimsOfFakeIssuer(s *fakeProviders, changes map[string]any) map[string]any {
	return withChanges(withChanges(validClaims(s)["google"], map[string]any{"iss": issuer, "nonce": "n1"}), changes)
}

func TestDiscoveredAuthorizationURL(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		configured []string
		changes    map[string]any
		scope      string
		nonce      []string
	}{
		{"scopes", nil, nil, "req openid profile email", []string{"n1"}},
		{"configured scopes", []string{"email", "groups"}, nil, "req openid profile email groups", []string{"n1"}},
		{"without keys", nil, map[string]any{"jwks_uri": nil}, "req openid profile email", nil},
	} {
		s, c := newFakeIssuer(t, test.changes)
		c.Scopes = test.configured
		p := s.newProvider(c)
		got, err := p.AuthorizationURL(t.Context(), Authorization{
			State: "st", Verifier: goodVerifier, Nonce: "n1", Scopes: []string{"req"}, LoginHint: "ada",
		})
		if err != nil {
			t.Fatal(err)
		}
		base, query := splitURL(t, got)
		want := map[string][]string{
			"response_type": {"code"}, "client_id": {clientID}, "state": {"st"}, "scope": {test.scope}, "login_hint": {"ada"},
			"redirect_uri": {siteOrigin + "/api/auth/callback/acme"}, "code_challenge": {pkceChallengeOf(goodVerifier)},
			"code_challenge_method": {"S256"},
		}
		if test.nonce != nil {
			want["nonce"] = test.nonce
		}
		if diff := cmp.Diff(want, map[string][]string(query)); diff != "" || base != "https://idp.example/auth" {
			t.Errorf("%s: got the endpoint %s, want https://idp.example/auth; parameters (-want +got):\n%s",
				test.name, base, diff)
		}
		if p.SendsNonce() != (test.nonce != nil) || p.VerifiesIDTokens() != (test.nonce != nil) {
			t.Errorf("%s: SendsNonce = %t, VerifiesIDTokens = %t, want %t for both",
				test.name, p.SendsNonce(), p.VerifiesIDTokens(), test.nonce != nil)
		}
	}
}

func TestDiscoveredAuthorizationURLNeedsANonce(t *testing.T) {
	t.Parallel()
	s, c := newFakeIssuer(t, nil)
	got, err := s.newProvider(c).AuthorizationURL(t.Context(), Authorization{State: "s", Verifier: goodVerifier})
	if err == nil {
		t.Errorf("AuthorizationURL without a nonce = %s, want an error", got)
	}
}

func TestClientAuthenticatesAsTheDiscoveryDocumentSays(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		methods []string
		basic   bool
	}{
		{nil, false},
		{[]string{"client_secret_basic", "client_secret_post"}, false},
		{[]string{"client_secret_basic", "private_key_jwt"}, true},
	} {
		s, c := newFakeIssuer(t, map[string]any{"token_endpoint_auth_methods_supported": test.methods})
		s.addTokenEndpoint("https://idp.example/token", test.basic, pkceChallengeOf(goodVerifier), tokenAnswer)
		p := s.newProvider(c)
		if _, err := p.Exchange(t.Context(), goodCode, goodVerifier); err != nil {
			t.Errorf("Exchange with the methods %q: got the error %v, want none", test.methods, err)
		}
		if _, err := p.Refresh(t.Context(), refreshToken); err != nil {
			t.Errorf("Refresh with the methods %q: got the error %v, want none", test.methods, err)
		}
	}
}

func TestDiscoveredProfileIsFromIDTokenOrUserinfo(t *testing.T) {
	t.Parallel()
	s, c := newFakeIssuer(t, nil)
	var userinfo atomic.Value
	userinfo.Store(`{"sub":"subject-1","name":"Ada","email":"u@b.c","email_verified":"true","picture":"https://u"}`)
	s.handle("GET idp.example/userinfo", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+accessToken {
			t.Error("the request of the userinfo endpoint has no access token")
		}
		writeJSON(w, userinfo.Load().(string))
	})
	p := s.newProvider(c)
	claims := claimsOfFakeIssuer(s, nil)
	fromClaims := Profile{
		Subject: "subject-1", Name: pointerTo("Ada"), Email: "a@b.c", Image: pointerTo("https://i"), EmailVerified: true,
	}
	raw := encodeJSON(
		t,
		withChanges(claims, map[string]any{"id": "subject-1", "image": "https://i", "emailVerified": true}),
	)
	in := ProfileInput{Nonce: "n1"}

	t.Log("The claims have an email: no request.")
	checkLoadedProfile(t, p, Tokens{ID: signRS256(t, claims), Access: accessToken}, in, fromClaims, raw)
	es256 := signWith(t, jwt.SigningMethodES256, "e1", p256Key(), claims)
	checkLoadedProfile(t, p, Tokens{ID: es256, Access: accessToken}, in, fromClaims, raw)
	got, err := p.VerifyIDToken(t.Context(), IDToken{Token: es256, Nonce: "n1"})
	compareProfile(t, got, err, fromClaims, raw)
	if n := s.countRequests("GET idp.example/userinfo"); n != 0 {
		t.Errorf("the userinfo endpoint got %d requests, want 0: the claims have an email", n)
	}

	fromUserinfo := Profile{
		Subject: "subject-1", Name: pointerTo("Ada"), Email: "u@b.c", Image: pointerTo("https://u"), EmailVerified: true,
	}
	rawUserinfo := `{"sub":"subject-1","name":"Ada","email":"u@b.c","email_verified":"true","picture":"https://u",
		"image":"https://u","emailVerified":true}`
	t.Log("The claims have no email, or there is no id token: userinfo.")
	withoutEmail := signRS256(t, claimsOfFakeIssuer(s, map[string]any{"email": nil}))
	checkLoadedProfile(t, p, Tokens{ID: withoutEmail, Access: accessToken}, in, fromUserinfo, rawUserinfo)
	checkLoadedProfile(t, p, Tokens{Access: accessToken}, in, fromUserinfo, rawUserinfo)
	_, err = p.VerifyIDToken(t.Context(), IDToken{Token: withoutEmail, AccessToken: accessToken})
	if !errors.Is(err, ErrNoProfile) {
		t.Errorf("VerifyIDToken of a token without an email: got %v, want ErrNoProfile", err)
	}

	t.Log("The userinfo endpoint answers for another subject.")
	userinfo.Store(`{"sub":"subject-2","email":"u@b.c"}`)
	checkLoadedProfile(t, p, Tokens{ID: withoutEmail, Access: accessToken}, in, Profile{}, "")
}

func TestInvalidIDTokensOfDiscoveredProviderAreRejected(t *testing.T) {
	t.Parallel()
	s, c := newFakeIssuer(t, nil)
	p := s.newProvider(c)
	broken := invalidIDTokens(t, s, claimsOfFakeIssuer(s, nil))
	delete(broken, "empty")
	broken["another nonce"] = signRS256(t, claimsOfFakeIssuer(s, map[string]any{"nonce": "n2"}))
	broken["no nonce"] = signRS256(t, claimsOfFakeIssuer(s, map[string]any{"nonce": nil}))
	broken["the issuer with a slash"] = signRS256(t, claimsOfFakeIssuer(s, map[string]any{"iss": issuer + "/"}))
	for name, token := range broken {
		in := ProfileInput{Nonce: "n1"}
		if _, err := p.Profile(t.Context(), Tokens{ID: token, Access: accessToken}, in); !errors.Is(err, ErrNoProfile) {
			t.Errorf("Profile with the id token %q: got %v, want ErrNoProfile", name, err)
		}
	}
	old := signRS256(t, claimsOfFakeIssuer(s, map[string]any{"iat": s.clock().Add(-48 * time.Hour).Unix()}))
	if _, err := p.VerifyIDToken(t.Context(), IDToken{Token: old}); err != nil {
		t.Errorf("VerifyIDToken of a token that is two days old: got the error %v, want none", err)
	}
}

// Without keys an id token cannot be verified. Profile ignores it, and VerifyIDToken rejects it.
func TestUnverifiableIDTokenIsIgnored(t *testing.T) {
	t.Parallel()
	s, c := newFakeIssuer(t, map[string]any{"jwks_uri": nil})
	s.serveJSON("GET idp.example/userinfo", `{"sub":"real","email":"r@b.c"}`)
	p := s.newProvider(c)
	checkLoadedProfile(t, p, Tokens{ID: signRS256(t, claimsOfFakeIssuer(s, nil)), Access: accessToken}, ProfileInput{},
		Profile{Subject: "real", Email: "r@b.c"}, `{"sub":"real","email":"r@b.c","emailVerified":false}`)
	_, err := p.VerifyIDToken(t.Context(), IDToken{Token: signRS256(t, claimsOfFakeIssuer(s, nil))})
	if !errors.Is(err, ErrInvalidToken) {
		t.Errorf("VerifyIDToken without keys: got %v, want ErrInvalidToken", err)
	}
}

func TestCheckIssuerRejectsAnotherIssuer(t *testing.T) {
	t.Parallel()
	s, c := newFakeIssuer(t, nil)
	p := s.newProvider(c)
	for iss, valid := range map[string]bool{
		"": true, issuer: true, issuer + "/": false, "https://attacker.example": false,
	} {
		if err := p.CheckIssuer(iss); errors.Is(err, ErrIssuerMismatch) == valid {
			t.Errorf("CheckIssuer(%q): got the error %v; the issuer is valid: %v", iss, err, valid)
		}
	}
	if err := s.newProvider(config.Provider{ID: "google"}).CheckIssuer("https://attacker.example"); err != nil {
		t.Errorf("CheckIssuer of Google, which has no issuer: got the error %v, want none", err)
	}
}

func TestDiscoveryDocumentIsCachedAndTheLastGoodOneStays(t *testing.T) {
	t.Parallel()
	s, c := newFakeIssuer(t, nil)
	providers := s.newProviders(c)
	findProvider := func(ctx context.Context) *Provider {
		t.Helper()
		p, err := providers.Find(ctx, "acme")
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first := findProvider(t.Context())
	if findProvider(t.Context()) != first || s.countRequests(discoveryURL) != 1 {
		t.Errorf("Find twice fetched the discovery document %d times, want once", s.countRequests(discoveryURL))
	}
	s.advance(discoveryMaxAge)
	second := findProvider(t.Context())
	if second == first || second.keys != first.keys || s.countRequests(discoveryURL) != 2 {
		t.Errorf("Find after %v: new document %t, same keys %t, %d fetches; want true, true, 2",
			discoveryMaxAge, second != first, second.keys == first.keys, s.countRequests(discoveryURL))
	}
	providers.http.Transport = limitedTransport{failingTransport{}}
	s.advance(discoveryMaxAge)
	if findProvider(t.Context()) != second {
		t.Error("Find without a network did not return the provider of the last good document")
	}
}

// failingTransport is the transport of a machine without a network: every request fails.
type failingTransport struct{}

func (failingTransport) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no route to host")
}

func TestFindFailsAfterAFaultyDiscoveryDocument(t *testing.T) {
	t.Parallel()
	answers := map[string]http.HandlerFunc{}
	for name, fault := range unusableTokenAnswers {
		answers[name] = fault
	}
	for name, changes := range map[string]map[string]any{
		"another issuer":            {"issuer": "https://attacker.example"},
		"an issuer with a slash":    {"issuer": issuer + "/"},
		"no authorization endpoint": {"authorization_endpoint": nil},
		"no token endpoint":         {"token_endpoint": ""},
		"http token endpoint":       {"token_endpoint": "http://idp.example/token"},
		"a script":                  {"authorization_endpoint": "javascript:alert(1)"},
		"http keys":                 {"jwks_uri": "http://idp.example/keys"},
		"relative userinfo":         {"userinfo_endpoint": "/userinfo"},
	} {
		answers[name] = func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, encodeJSON(t, discoveryMembers(changes)))
		}
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFakeProviders(t)
			s.handle(discoveryURL, answer)
			s.handle("attacker.example/token", func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
			providers := s.newProviders(config.Provider{ID: "acme", OIDC: true, Issuer: issuer})
			providers.http.Timeout = timeoutFor(name)
			if _, err := providers.Find(t.Context(), "acme"); !errors.Is(err, ErrUnknownProvider) {
				t.Errorf("Find: got %v, want ErrUnknownProvider", err)
			} else if strings.Contains(err.Error(), accessToken) {
				t.Errorf("the error contains the answer: %v", err)
			}
		})
	}
}

func TestIssuerMayEndInASlash(t *testing.T) {
	t.Parallel()
	s := newFakeProviders(t)
	s.handle(discoveryURL, func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, encodeJSON(t, discoveryMembers(map[string]any{"issuer": issuer + "/"})))
	})
	providers := s.newProviders(config.Provider{ID: "acme", OIDC: true, Issuer: issuer + "/"})
	if _, err := providers.Find(t.Context(), "acme"); err != nil {
		t.Errorf("Find with an issuer that ends in a slash: got the error %v, want none", err)
	}
}
