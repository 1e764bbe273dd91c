package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/shared/config"
)

func rsaKeyMadeOnce(bits int) func() *rsa.PrivateKey {
	return sync.OnceValue(func() *rsa.PrivateKey {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		return key
	})
}

var (
	firstKey, secondKey = rsaKeyMadeOnce(2048), rsaKeyMadeOnce(2048)
	p256Key             = sync.OnceValue(func() *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		return key
	})
)

// encodeJWKS returns a JWKS with the keys.
func encodeJWKS(t *testing.T, keys ...jose.JSONWebKey) string {
	t.Helper()
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func publicJWK(kid, alg string, key crypto.PublicKey) jose.JSONWebKey {
	return jose.JSONWebKey{Key: key, KeyID: kid, Algorithm: alg, Use: "sig"}
}

// serveKeySet adds an endpoint with the JWKS of a provider.
func (s *fakeProviders) serveKeySet(place, text string) {
	s.handle("GET "+place, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, text) })
}

// signRS256 returns a token that firstKey signed with RS256.
func signRS256(t *testing.T, claims map[string]any) string {
	t.Helper()
	return signWith(t, jwt.SigningMethodRS256, "k1", firstKey(), claims)
}

func signWith(t *testing.T, method jwt.SigningMethod, kid string, key any, claims map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, jwt.MapClaims(claims))
	if kid != "" {
		token.Header["kid"] = kid
	}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// withChanges returns claims with changes; nil removes a claim.
func withChanges(claims, changes map[string]any) map[string]any {
	changed := maps.Clone(claims)
	for name, value := range changes {
		if changed[name] = value; value == nil {
			delete(changed, name)
		}
	}
	return changed
}

const tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"

// validClaims returns valid claims of every provider with id tokens.
func validClaims(s *fakeProviders) map[string]map[string]any {
	now := s.clock().Unix()
	claimsOfIssuer := func(issuer string, more map[string]any) map[string]any {
		return withChanges(map[string]any{
			"iss": issuer, "sub": "subject-1", "aud": clientID, "iat": now, "exp": now + 300, "email": "a@b.c",
			"email_verified": true, "name": "Ada", "picture": "https://i",
		}, more)
	}
	return map[string]map[string]any{
		"google": claimsOfIssuer("https://accounts.google.com", nil),
		"apple": claimsOfIssuer("https://appleid.apple.com",
			map[string]any{"name": nil, "picture": nil, "email_verified": "true"}),
		"microsoft": claimsOfIssuer("https://login.microsoftonline.com/"+tenant+"/v2.0",
			map[string]any{"oid": "oid-1", "tid": tenant}),
		"facebook": claimsOfIssuer("https://www.facebook.com", nil),
		"twitch":   claimsOfIssuer("https://id.twitch.tv/oauth2", map[string]any{"name": nil, "preferred_username": "ada"}),
	}
}

var jwksURLs = map[string]string{
	"google": "www.googleapis.com/oauth2/v3/certs", "apple": "appleid.apple.com/auth/keys",
	"microsoft": "login.microsoftonline.com/common/discovery/v2.0/keys",
	"facebook":  "limited.facebook.com/.well-known/oauth/openid/jwks/", "twitch": "id.twitch.tv/oauth2/keys",
}

// newFakeProvidersWithKeys returns fake providers whose JWKS of all providers has firstKey.
func newFakeProvidersWithKeys(t *testing.T) *fakeProviders {
	t.Helper()
	s := newFakeProviders(t)
	for _, place := range jwksURLs {
		s.serveKeySet(place, encodeJWKS(t, publicJWK("k1", "RS256", firstKey().Public())))
	}
	return s
}

func TestClaimsOfIDTokensBecomeProfiles(t *testing.T) {
	t.Parallel()
	ada := Profile{
		Subject: "subject-1", Name: pointerTo("Ada"), Email: "a@b.c", Image: pointerTo("https://i"), EmailVerified: true,
	}
	changedProfile := func(f func(*Profile)) Profile {
		changed := ada
		f(&changed)
		return changed
	}
	for id, want := range map[string]Profile{
		"google":    ada,
		"apple":     changedProfile(func(p *Profile) { p.Name, p.Image = pointerTo("Ada Lovelace"), nil }),
		"microsoft": changedProfile(func(p *Profile) { p.Subject = "oid-1" }),
		"facebook":  changedProfile(func(p *Profile) { p.EmailVerified = false }),
		"twitch":    changedProfile(func(p *Profile) { p.Name = pointerTo("ada") }),
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			s := newFakeProvidersWithKeys(t)
			p := s.newProvider(config.Provider{ID: id})
			claims := validClaims(s)[id]
			token := signRS256(t, claims)
			raw := maps.Clone(claims)
			if id == "apple" {
				raw["name"] = "Ada Lovelace"
			}
			text, err := json.Marshal(raw)
			if err != nil {
				t.Fatal(err)
			}
			user := `{"name":{"firstName":"Ada","lastName":"Lovelace"},"email":"other@b.c"}`
			checkLoadedProfile(t, p, Tokens{ID: token}, ProfileInput{AppleUser: user}, want, string(text))
			if id == "twitch" {
				if p.VerifiesIDTokens() {
					t.Error("VerifiesIDTokens of Twitch = true, want false")
				}
				return
			}
			got, err := p.VerifyIDToken(t.Context(),
				IDToken{Token: token, FirstName: "Ada", LastName: "Lovelace"})
			compareProfile(t, got, err, want, string(text))
			if n := s.countRequests("GET " + jwksURLs[id]); n != 1 {
				t.Errorf("the JWKS was fetched %d times, want once", n)
			}
		})
	}
}

// invalidIDTokens returns id tokens that Xenon must reject from every provider, made from valid claims.
func invalidIDTokens(t *testing.T, s *fakeProviders, claims map[string]any) map[string]string {
	t.Helper()
	now := s.clock().Unix()
	good := signRS256(t, claims)
	parts := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"k1"}`)) + "." + parts[1] + "."
	forged := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"attacker"}`))
	modulus := []byte(encodeJWKS(t, publicJWK("k1", "RS256", firstKey().Public())))
	return map[string]string{
		"empty":                    "",
		"two dots":                 "a.b.c",
		"alg none":                 none,
		"HS256 with the key":       signWith(t, jwt.SigningMethodHS256, "k1", modulus, claims),
		"RS512":                    signWith(t, jwt.SigningMethodRS512, "k1", firstKey(), claims),
		"ES256":                    signWith(t, jwt.SigningMethodES256, "k1", p256Key(), claims),
		"another key":              signWith(t, jwt.SigningMethodRS256, "k1", secondKey(), claims),
		"another key id":           signWith(t, jwt.SigningMethodRS256, "k2", firstKey(), claims),
		"another payload":          parts[0] + "." + forged + "." + parts[2],
		"no signature":             parts[0] + "." + parts[1] + ".",
		"another issuer":           signRS256(t, withChanges(claims, map[string]any{"iss": "https://attacker.example"})),
		"no issuer":                signRS256(t, withChanges(claims, map[string]any{"iss": nil})),
		"another audience":         signRS256(t, withChanges(claims, map[string]any{"aud": "other", "azp": clientID})),
		"no audience":              signRS256(t, withChanges(claims, map[string]any{"aud": nil})),
		"the audience in capitals": signRS256(t, withChanges(claims, map[string]any{"aud": "other", "AUD": clientID})),
		"an empty audience":        signRS256(t, withChanges(claims, map[string]any{"aud": []string{}})),
		"no subject":               signRS256(t, withChanges(claims, map[string]any{"sub": nil})),
		"a number as subject":      signRS256(t, withChanges(claims, map[string]any{"sub": 7})),
		"no expiry":                signRS256(t, withChanges(claims, map[string]any{"exp": nil})),
		"expiry as other text":     signRS256(t, withChanges(claims, map[string]any{"exp": "tomorrow"})),
		"expired":                  signRS256(t, withChanges(claims, map[string]any{"exp": now - 30})),
		"no time of issue":         signRS256(t, withChanges(claims, map[string]any{"iat": nil})),
		"issued in the future":     signRS256(t, withChanges(claims, map[string]any{"iat": now + 31})),
		"valid later":              signRS256(t, withChanges(claims, map[string]any{"nbf": now + 31})),
		"not before is not a time": signRS256(t, withChanges(claims, map[string]any{"nbf": []string{}})),
	}
}

func TestInvalidIDTokensAreRejected(t *testing.T) {
	t.Parallel()
	for id := range jwksURLs {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			s := newFakeProvidersWithKeys(t)
			p := s.newProvider(config.Provider{ID: id})
			broken := invalidIDTokens(t, s, validClaims(s)[id])
			if id != "facebook" && id != "twitch" {
				old := s.clock().Add(-time.Hour - 31*time.Second).Unix()
				broken["too old"] = signRS256(t, withChanges(validClaims(s)[id], map[string]any{"iat": old}))
			}
			for name, token := range broken {
				if _, err := p.Profile(t.Context(), Tokens{ID: token}, ProfileInput{}); !errors.Is(err, ErrNoProfile) {
					t.Errorf("Profile with the id token %q: got %v, want ErrNoProfile", name, err)
				} else if token != "" && strings.Contains(err.Error(), token) {
					t.Errorf("Profile with the id token %q: the error contains the token", name)
				}
				if !isJWT(token) {
					continue // VerifyIDToken of Facebook would use the access token instead
				}
				if _, err := p.VerifyIDToken(t.Context(), IDToken{Token: token}); !errors.Is(err, ErrInvalidToken) {
					t.Errorf("VerifyIDToken of the token %q: got %v, want ErrInvalidToken", name, err)
				}
			}
		})
	}
}

func TestUnusualIDTokensAreAccepted(t *testing.T) {
	t.Parallel()
	s := newFakeProvidersWithKeys(t)
	now := s.clock().Unix()
	p := s.newProvider(config.Provider{ID: "google"})
	sources := map[string]any{"src1": map[string]any{"endpoint": "https://graph.example"}}
	for name, changes := range map[string]map[string]any{
		"the issuer without https":   {"iss": "accounts.google.com"},
		"a second client":            {"aud": "ios-client", "azp": "android-client"},
		"several audiences":          {"aud": []string{"other", clientID}},
		"just expired":               {"exp": now - 29},
		"issued in the near future":  {"iat": now + 30, "nbf": now + 30},
		"an hour old":                {"iat": now - 3630},
		"a time with a fraction":     {"exp": float64(now) + 100.5},
		"no email":                   {"email": nil},
		"an unknown claim":           {"big": json.Number("9007199254740993")},
		"distributed claims (Entra)": {"_claim_names": map[string]string{"groups": "src1"}, "_claim_sources": sources},
	} {
		token := signRS256(t, withChanges(validClaims(s)["google"], changes))
		if got, err := p.VerifyIDToken(t.Context(), IDToken{Token: token}); err != nil || got.Subject != "subject-1" {
			t.Errorf("VerifyIDToken of the token %q = %+v, %v, want the subject and no error", name, got, err)
		}
	}
}

func TestFacebookIDTokensHaveNoMaximumAge(t *testing.T) {
	t.Parallel()
	s := newFakeProvidersWithKeys(t)
	token := signRS256(
		t,
		withChanges(validClaims(s)["facebook"], map[string]any{"iat": s.clock().Add(-48 * time.Hour).Unix()}),
	)
	p := s.newProvider(config.Provider{ID: "facebook"})
	if _, err := p.VerifyIDToken(t.Context(), IDToken{Token: token}); err != nil {
		t.Errorf("VerifyIDToken of a token that is two days old: got the error %v, want none", err)
	}
}

func TestIDTokenMustHaveTheNonce(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte("nonce-1"))
	hashed := hex.EncodeToString(sum[:])
	for _, test := range []struct {
		id, sent string
		claim    any
		valid    bool
	}{
		{"google", "nonce-1", "nonce-1", true},
		{"google", "nonce-1", nil, false},
		{"google", "nonce-1", "nonce-2", false},
		{"google", "nonce-1", hashed, false},
		{"google", "", "nonce-2", true},
		{"apple", "nonce-1", "nonce-1", true},
		{"apple", "nonce-1", hashed, true},
		{"apple", "nonce-1", strings.ToUpper(hashed), false},
		{"apple", "nonce-1", nil, false},
		{"microsoft", "nonce-1", "nonce-1", true},
		{"microsoft", "nonce-1", nil, false},
		{"facebook", "nonce-1", "nonce-1", true},
		{"facebook", "nonce-1", "nonce-2", false},
	} {
		s := newFakeProvidersWithKeys(t)
		token := signRS256(t, withChanges(validClaims(s)[test.id], map[string]any{"nonce": test.claim}))
		_, err := s.newProvider(config.Provider{ID: test.id}).
			VerifyIDToken(t.Context(), IDToken{Token: token, Nonce: test.sent})
		if (err == nil) != test.valid || err != nil && !errors.Is(err, ErrInvalidToken) {
			t.Errorf("VerifyIDToken, %+v: got the error %v, want one only if valid is false", test, err)
		}
	}
}

func TestGoogleIDTokenMustHaveTheHostedDomain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		configured string
		claim      any
		valid      bool
	}{
		{"", nil, true},
		{"example.com", "example.com", true},
		{"*", "example.org", true},
		{"example.com", "example.org", false},
		{"example.com", nil, false},
		{"*", nil, false},
		{"*", "", false},
	} {
		s := newFakeProvidersWithKeys(t)
		p := s.newProvider(config.Provider{ID: "google", HostedDomain: test.configured})
		token := signRS256(t, withChanges(validClaims(s)["google"], map[string]any{"hd": test.claim}))
		if _, err := p.VerifyIDToken(t.Context(), IDToken{Token: token}); (err == nil) != test.valid {
			t.Errorf("VerifyIDToken, %+v: got the error %v, want one only if valid is false", test, err)
		}
		if _, err := p.Profile(t.Context(), Tokens{ID: token}, ProfileInput{}); (err == nil) != test.valid {
			t.Errorf("Profile, %+v: got the error %v, want one only if valid is false", test, err)
		}
	}
}

func TestAppleNameComesFromTheParameterUser(t *testing.T) {
	t.Parallel()
	for user, want := range map[string]string{
		`{"name":{"firstName":"Ada","lastName":"Lovelace"}}`: "Ada Lovelace",
		`{"name":{"firstName":"Ada"}}`:                       "Ada",
		`{"name":{"lastName":"Lovelace"}}`:                   "Lovelace",
		`{"name":"Ada"}`:                                     "",
		`{"name":{"firstName":7}}`:                           "",
		`<html>`:                                             "",
		``:                                                   "",
	} {
		s := newFakeProvidersWithKeys(t)
		got, err := s.newProvider(config.Provider{ID: "apple"}).
			Profile(t.Context(), Tokens{ID: signRS256(t, validClaims(s)["apple"])}, ProfileInput{AppleUser: user})
		if err != nil || got.Name == nil || *got.Name != want {
			t.Errorf("Profile of Apple with the parameter user %s: got the name %v and the error %v, want %q",
				user, got.Name, err, want)
		}
	}
}

// account-info reads the stored id token, which has expired.
func TestStoredIDTokenIsReadWithoutVerification(t *testing.T) {
	t.Parallel()
	for id, place := range jwksURLs {
		s := newFakeProvidersWithKeys(t)
		token := signRS256(t, validClaims(s)[id])
		s.advance(90 * 24 * time.Hour)
		p := s.newProvider(config.Provider{ID: id})
		if _, err := p.Profile(t.Context(), Tokens{ID: token}, ProfileInput{}); !errors.Is(err, ErrNoProfile) {
			t.Errorf("%s: Profile with an expired token: got %v, want ErrNoProfile", id, err)
		}
		before := s.countRequests("GET " + place)
		got, err := p.Profile(t.Context(), Tokens{ID: token}, ProfileInput{Stored: true})
		if err != nil || got.Email != "a@b.c" || s.countRequests("GET "+place) != before {
			t.Errorf("%s: Profile with a stored token = %+v, %v, want the email without a request of the JWKS", id, got, err)
		}
		for _, broken := range []string{"", "a.b", "a.!.c", "a.W10.c"} {
			_, err := p.Profile(t.Context(), Tokens{ID: broken}, ProfileInput{Stored: true})
			if !errors.Is(err, ErrNoProfile) {
				t.Errorf("%s: Profile with the stored token %q: got %v, want ErrNoProfile", id, broken, err)
			}
		}
	}
}
