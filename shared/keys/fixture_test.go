package keys

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/internal/testkit/clock"
	"github.com/xenon-auth/xenon/internal/testkit/jwkstest"
	"github.com/xenon-auth/xenon/jwtverify"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/secrets"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the tests cause outages
	os.Exit(m.Run())
}

const origin = "https://learn.example.com"

var startTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// keySets returns a key set, its rotation, the rotation of that, and a key set of another deployment. Generating RSA
// keys is slow, so all tests use the same sets.
var keySets = sync.OnceValue(func() (s struct{ first, second, third, foreign Set }) {
	var errs [4]error
	s.first, errs[0] = Generate(startTime, config.RS256)
	s.second, errs[1] = s.first.Rotate(startTime.Add(24*time.Hour), 7*24*time.Hour, config.RS256)
	s.third, errs[2] = s.second.Rotate(startTime.Add(48*time.Hour), 7*24*time.Hour, config.RS256)
	s.foreign, errs[3] = Generate(startTime, config.RS256)
	for _, err := range errs {
		if err != nil {
			panic(err)
		}
	}
	return s
})

func newClock() *clock.Clock { return clock.New(startTime.Add(48 * time.Hour)) }

// deployment is a key set in a file, the Keys that sign with it, a server that publishes it, and a Verifier that
// fetches it from the server. At first the set is sets().third, which has four keys.
type deployment struct {
	*clock.Clock
	*jwkstest.Server
	cfg      config.API
	keys     *Keys
	verifier *jwtverify.Verifier
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{Clock: newClock()}
	d.Server = jwkstest.New(t, func(ctx context.Context) ([]JWK, error) { return d.keys.Public(ctx) })
	d.cfg = config.API{
		SigningKeysFile: filepath.Join(t.TempDir(), "keys.json"),
		JWTIssuer:       origin,
		JWTAudience:     origin,
		JWTExpiresIn:    7 * 24 * time.Hour,
		JWKSURL:         d.URL,
	}
	d.saveKeys(t, keySets().third)
	d.keys = New(secrets.New(d.cfg, d.Now), d.cfg, d.Now)
	d.verifier = d.newVerifier()
	return d
}

func (d *deployment) newVerifier() *jwtverify.Verifier {
	return jwtverify.MustNew(jwtverify.Options{
		JWKSURL: d.cfg.JWKSURL, Issuer: d.cfg.JWTIssuer, Audience: d.cfg.JWTAudience, Now: d.Now,
	})
}

// saveKeys replaces the key set, and waits until the next read checks the file.
func (d *deployment) saveKeys(t *testing.T, s Set) {
	t.Helper()
	if err := SaveFile(d.cfg.SigningKeysFile, s); err != nil {
		t.Fatal(err)
	}
	d.Advance(secrets.KeyFileCheckInterval)
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
	invalid := errors.Is(err, jwtverify.ErrInvalidToken) && !errors.Is(err, jwtverify.ErrUnavailable)
	if !invalid || got != (jwtverify.Claims{}) {
		t.Errorf("Verify = %+v, %v, want ErrInvalidToken and no claims", got, err)
	}
}

var testClaims = Claims{
	Subject:   "0b0e7a52-6f0d-4a43-9d52-3d9f0a4b6a11",
	SessionID: "5f3c1c0a-2f67-4c2b-8f0e-0f7f8a1d2b3c",
	User:      json.RawMessage(`{"email":"zoe@example.com","name":"Zoë <b>"}`),
}

func (d *deployment) newToken(t *testing.T) string {
	t.Helper()
	token, err := d.keys.Sign(t.Context(), testClaims)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// goodClaims returns the claims of a valid token.
func (d *deployment) goodClaims() jwt.MapClaims {
	now := d.Now().Unix()
	return jwt.MapClaims{
		"sub": testClaims.Subject, "sid": testClaims.SessionID, "jti": "x", "iss": origin, "aud": origin,
		"iat": now, "exp": now + 3600,
	}
}

func encodeSegment(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}
