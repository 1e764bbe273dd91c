package jwtverify

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/internal/testkit/clock"
	"github.com/xenon-auth/xenon/internal/testkit/jwkstest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/secrets"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the tests cause outages
	os.Exit(m.Run())
}

const origin = "https://learn.example.com"

var startTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// keyPair is a key of a set with its private key, which package keys does not export.
type keyPair struct {
	id      string
	private *rsa.PrivateKey
}

// testSet is a key set of package keys, and the private keys of its current and its next key.
type testSet struct {
	keys.Set
	current, next keyPair
}

// keySets returns a key set, its rotation, the rotation of that, and a key set of another deployment. Generating RSA
// keys is slow, so all tests use the same sets.
var keySets = sync.OnceValue(func() (s struct{ first, second, third, foreign testSet }) {
	first, err1 := keys.Generate(startTime, config.RS256)
	second, err2 := first.Rotate(startTime.Add(24*time.Hour), 7*24*time.Hour, config.RS256)
	third, err3 := second.Rotate(startTime.Add(48*time.Hour), 7*24*time.Hour, config.RS256)
	foreign, err4 := keys.Generate(startTime, config.RS256)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		panic(err)
	}
	s.first, s.second, s.third, s.foreign = newTestSet(first), newTestSet(second), newTestSet(third), newTestSet(foreign)
	return s
})

func newTestSet(set keys.Set) testSet {
	text, err := set.Document()
	if err != nil {
		panic(err)
	}
	type entry struct{ Kid, PrivateKey string }
	var document struct{ Next, Current entry }
	if err := json.Unmarshal(text, &document); err != nil {
		panic(err)
	}
	pair := func(e entry) keyPair {
		block, _ := pem.Decode([]byte(e.PrivateKey))
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			panic(err)
		}
		return keyPair{e.Kid, parsed.(*rsa.PrivateKey)}
	}
	return testSet{set, pair(document.Current), pair(document.Next)}
}

// jwk returns the JWKS entry of a key.
func (k keyPair) jwk() map[string]any { return jwk(k.id, &k.private.PublicKey) }

func jwk(id string, public *rsa.PublicKey) map[string]any {
	encode := base64.RawURLEncoding.EncodeToString
	return map[string]any{
		"alg": "RS256", "kty": "RSA", "kid": id, "use": "sig",
		"n": encode(public.N.Bytes()), "e": encode(big.NewInt(int64(public.E)).Bytes()),
	}
}

// jwksOf returns a JWKS with the entries.
func jwksOf(entries ...any) string {
	text, err := json.Marshal(map[string]any{"keys": entries})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func newClock() *clock.Clock { return clock.New(startTime.Add(48 * time.Hour)) }

// deployment is a key set in a file, the Keys that sign with it, a server that publishes it, and a Verifier that
// fetches it from the server. At first the set is keySets().third, which has four keys.
type deployment struct {
	*clock.Clock
	*jwkstest.Server
	cfg      config.API
	keys     *keys.Keys
	verifier *Verifier
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{Clock: newClock()}
	d.Server = jwkstest.New(t, func(ctx context.Context) ([]keys.JWK, error) { return d.keys.Public(ctx) })
	d.cfg = config.API{
		SigningKeysFile: filepath.Join(t.TempDir(), "keys.json"),
		JWTIssuer:       origin,
		JWTAudience:     origin,
		JWTExpiresIn:    7 * 24 * time.Hour,
		JWKSURL:         d.URL,
	}
	d.saveKeys(t, keySets().third)
	d.keys = keys.New(secrets.New(d.cfg, d.Now), d.cfg, d.Now)
	d.verifier = d.newVerifier()
	return d
}

func (d *deployment) newVerifier() *Verifier {
	return MustNew(Options{JWKSURL: d.cfg.JWKSURL, Issuer: d.cfg.JWTIssuer, Audience: d.cfg.JWTAudience, Now: d.Now})
}

func (d *deployment) saveKeys(t *testing.T, s testSet) {
	t.Helper()
	if err := keys.SaveFile(d.cfg.SigningKeysFile, s.Set); err != nil {
		t.Fatal(err)
	}
}

var testClaims = keys.Claims{
	Subject:   "0b0e7a52-6f0d-4a43-9d52-3d9f0a4b6a11",
	SessionID: "5f3c1c0a-2f67-4c2b-8f0e-0f7f8a1d2b3c",
	User:      []byte(`{"name":"Zoë <b>","email":"zoe@example.com"}`),
}

// newToken returns a new token that Xenon issued.
func (d *deployment) newToken(t *testing.T) string {
	t.Helper()
	token, err := d.keys.Sign(t.Context(), testClaims)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// goodClaims returns the claims of a valid token, which a test can change.
func (d *deployment) goodClaims() jwt.MapClaims {
	now := d.Now().Unix()
	return jwt.MapClaims{
		"sub": testClaims.Subject, "sid": testClaims.SessionID, "jti": "x", "iss": origin, "aud": origin,
		"iat": now, "exp": now + 3600,
	}
}

func goodHeader() map[string]any {
	return map[string]any{"alg": "RS256", "kid": keySets().third.current.id}
}

// signToken returns a token with a header and claims, signed with the current key of keySets().third.
func signToken(t testing.TB, header, claims map[string]any) string {
	t.Helper()
	return signWithKey(t, keySets().third.current.private, header, claims)
}

func signWithKey(t testing.TB, key *rsa.PrivateKey, header, claims map[string]any) string {
	t.Helper()
	return signText(t, key, encodeSegment(t, header)+"."+encodeSegment(t, claims))
}

// signText returns the text with its RS256 signature.
func signText(t testing.TB, key *rsa.PrivateKey, text string) string {
	t.Helper()
	signature, err := jwt.SigningMethodRS256.Sign(text, key)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func encodeSegment(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func splitSignature(token string) (text, signature string) {
	i := bytes.LastIndexByte([]byte(token), '.')
	return token[:i], token[i+1:]
}

// checkAccepted fails the test unless the verifier accepts the token.
func (d *deployment) checkAccepted(t *testing.T, token string) {
	t.Helper()
	got, err := d.verifier.Verify(t.Context(), token)
	if got.UserID != testClaims.Subject || got.SessionID != testClaims.SessionID || err != nil {
		t.Errorf("Verify = %+v, %v, want user %s and session %s", got, err, testClaims.Subject, testClaims.SessionID)
	}
}

// checkRejected fails the test unless the verifier says that the token is invalid.
func (d *deployment) checkRejected(t *testing.T, token string) {
	t.Helper()
	got, err := d.verifier.Verify(t.Context(), token)
	if !errors.Is(err, ErrInvalidToken) || errors.Is(err, ErrUnavailable) || got != (Claims{}) {
		t.Errorf("Verify = %+v, %v, want ErrInvalidToken and no claims", got, err)
	}
}

// checkUnavailable fails the test unless the verifier says that it has no keys.
func (d *deployment) checkUnavailable(t *testing.T, token string) {
	t.Helper()
	_, err := d.verifier.Verify(t.Context(), token)
	var u interface{ Unavailable() bool }
	if !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrInvalidToken) || !errors.As(err, &u) || !u.Unavailable() {
		t.Errorf("Verify: %v, want ErrUnavailable", err)
	}
}
