package auth_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/jwtverify"
	"github.com/xenon-auth/xenon/shared/keys"
)

// verifier returns a verifier that reads the JWKS of s over HTTP.
func (s *server) verifier() *jwtverify.Verifier {
	s.t.Helper()
	server := httptest.NewServer(s.mux)
	s.t.Cleanup(server.Close)
	return jwtverify.MustNew(jwtverify.Options{
		JWKSURL: server.URL + jwksPath, Issuer: s.cfg.JWTIssuer, Audience: s.cfg.JWTAudience,
		Now: func() time.Time { return s.now },
	})
}

func TestR36_TokenHasUserIssuerAndAudience(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	up := s.signUpAda()
	a := s.do("GET", tokenPath, "", "Cookie", up.cookie())
	token, _ := a.json(t)["token"].(string)
	who, err := s.verifier().Verify(t.Context(), token)
	user, _ := up.json(t)["user"].(map[string]any)
	if err != nil || who.UserID != user["id"] || who.SessionID != query[string](s, `SELECT id::text FROM session`) {
		t.Errorf("verify the token: got claims %+v, error %v; want the user and the session", who, err)
	}
	claims := jwt.MapClaims{}
	parsed, _, err := jwt.NewParser().ParseUnverified(token, claims)
	if err != nil {
		t.Fatal(err)
	}
	if got := parsed.Header["alg"]; got != "RS256" || len(parsed.Header) != 2 {
		t.Errorf("header of the token: got %v, want alg RS256 and one more member", parsed.Header)
	}
	for name, want := range user {
		if diff := cmp.Diff(want, claims[name]); diff != "" {
			t.Errorf("claim %s of the token (-user +token):\n%s", name, diff)
		}
	}
	iat, exp := claims["iat"].(float64), claims["exp"].(float64)
	if claims["sub"] != user["id"] || claims["iss"] != origin || claims["aud"] != origin || exp-iat != 604800 ||
		iat != float64(s.now.Unix()) ||
		claims["jti"] == "" || len(claims) != len(user)+7 {
		t.Errorf("claims of the token: got %v, want the user, issuer, audience and jti, and expiry in 7 days", claims)
	}
}

func TestTokenNeedsASession(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	a := s.do("GET", tokenPath, "")
	if a.status != 401 || a.body != `{"message":"Unauthorized","code":"UNAUTHORIZED"}` || len(a.header["Set-Cookie"]) > 0 {
		t.Errorf("/token without a session: got %d %s, want 401 UNAUTHORIZED and no cookie", a.status, a.body)
	}
}

func TestTokenIsReusedForAMinute(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	cookie := s.signUpAda().cookie()
	getToken := func() any { return s.do("GET", tokenPath, "", "Cookie", cookie).json(t)["token"] }
	first := getToken()
	if header := s.do("GET", sessionPath, "", "Cookie", cookie).header.Get("Set-Auth-Jwt"); header != first {
		t.Error("get-session within a minute: got another token than from /token, want the same")
	}
	s.now = s.now.Add(61 * time.Second)
	if getToken() == first {
		t.Error("/token after 61 s: got the first token again, want a new one")
	}
	second := getToken()
	s.exec(`UPDATE "user" SET name = 'Countess'`)
	if getToken() == second {
		t.Error("/token after the name has changed: got the token with the old name, want a new one")
	}
}

func TestJWKSHasTheKeysOfXenonAndBetterAuth(t *testing.T) {
	t.Parallel()
	s := newServer(t, changeSetting("SHARED_DATABASE", "on"))
	set, err := keys.LoadFile(s.cfg.SigningKeysFile)
	if err != nil {
		t.Fatal(err)
	}
	const betterAuthKey = `{"kty":"RSA","n":"vx5JkTFhF9MUzqTfnGUSpblFjhZYtIJFjTtBTswtWejU","e":"AQAB"}`
	s.exec(`INSERT INTO jwks (id, "publicKey", "privateKey", "createdAt", "expiresAt", alg) VALUES
		('11111111-1111-4111-8111-111111111111', $1, 'never read', now(), NULL, 'RS256'),
		('22222222-2222-4222-8222-222222222222', $1, 'never read', now(), $2, NULL),
		('33333333-3333-4333-8333-333333333333', $1, 'never read', now(), $3, NULL),
		('44444444-4444-4444-8444-444444444444', 'not a key', 'never read', now(), NULL, NULL)`,
		betterAuthKey, s.now.AddDate(0, 0, -29), s.now.AddDate(0, 0, -31))
	a := s.do("GET", jwksPath, "")
	var got struct {
		Keys []struct{ Alg, Kty, N, E, Kid, D, Use string }
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, k := range got.Keys {
		ids = append(ids, k.Kid)
		if k.Kty != "RSA" || k.Alg != "RS256" || k.E != "AQAB" || k.D != "" || k.Use != "sig" {
			t.Errorf("JWKS: got key %+v, want a public RSA key for RS256", k)
		}
	}
	slices.Sort(ids)
	want := []string{
		set.Current.ID, set.Next.ID, "11111111-1111-4111-8111-111111111111",
		"22222222-2222-4222-8222-222222222222",
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("key ids in the JWKS (-want +got):\n%s", diff)
	}
	if cc := a.header.Get("Cache-Control"); cc != "public, max-age=300, stale-if-error=86400" {
		t.Errorf("JWKS: got Cache-Control %q, want that of a complete JWKS", cc)
	}
	if strings.Contains(a.body, "never read") {
		t.Error("the JWKS contains a private key of the table jwks, want public keys only")
	}
}

// The JWKS has Xenon's own keys even if the database is not available.
func TestR38_JWKSWithoutDatabase(t *testing.T) {
	t.Parallel()
	s := newServer(t, changeSetting("SHARED_DATABASE", "on"))
	s.svc.Store.Close()
	if a := s.do("GET", jwksPath, ""); a.status != 200 || strings.Count(a.body, `"kid"`) != 2 {
		t.Errorf("JWKS without a database: got %d %s, want 200 and 2 keys", a.status, a.body)
	}
}

// If the deployment has no signing keys, sessions still work. A request for a token or the JWKS gets a 500.
func TestSessionWorksWithoutSigningKeys(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	cookie := s.signUpAda().cookie()
	if err := os.Remove(s.cfg.SigningKeysFile); err != nil {
		t.Fatal(err)
	}
	a := s.do("GET", sessionPath, "", "Cookie", cookie)
	if a.status != 200 || a.json(t)["user"] == nil || a.header.Get("Set-Auth-Jwt") != "" {
		t.Errorf("get-session without signing keys: got %d %s, want 200 without a JWT", a.status, a.body)
	}
	for _, path := range []string{tokenPath, jwksPath} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
		r.Header.Set("Cookie", cookie)
		w := httptest.NewRecorder()
		s.mux.ServeHTTP(w, r)
		if w.Code != 500 || w.Body.Len() > 0 {
			t.Errorf("%s without signing keys: got %d %s, want 500 without a body", path, w.Code, w.Body)
		}
	}
}

// A request whose context has ended gets a 503 and changes nothing.
func TestR48_HandlersHonourTheDeadline(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	cookie := s.signUpAda().cookie()
	for _, c := range [][3]string{
		{"POST", signUpPath, strings.Replace(signUpBody, "ada@", "bob@", 1)},
		{"POST", signInPath, signInBody},
		{"GET", sessionPath, ""},
		{"GET", tokenPath, ""},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r := httptest.NewRequestWithContext(ctx, c[0], c[1], strings.NewReader(c[2]))
		if c[2] != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		r.Header.Set("Cookie", cookie)
		r.Header.Set("Origin", origin)
		w := httptest.NewRecorder()
		s.mux.ServeHTTP(w, r)
		if w.Code != 503 {
			t.Errorf("%s with a context that has ended: got %d %s, want 503", c[1], w.Code, w.Body)
		}
	}
	if got := query[int](s, `SELECT count(*) FROM "user"`); got != 1 {
		t.Errorf("after requests whose deadline had passed: got %d users, want 1, none of them new", got)
	}
}
