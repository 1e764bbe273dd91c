package keys

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/secrets"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // outages are made on purpose here
	os.Exit(m.Run())
}

const origin = "https://learn.example.com"

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// sets are three key sets, each the rotation of the one before, and one of somebody else. RSA keys are slow to make.
var sets = sync.OnceValue(func() (s struct{ first, second, third, foreign Set }) {
	var errs [4]error
	s.first, errs[0] = Generate(start)
	s.second, errs[1] = s.first.Rotate(start.Add(24*time.Hour), 7*24*time.Hour)
	s.third, errs[2] = s.second.Rotate(start.Add(48*time.Hour), 7*24*time.Hour)
	s.foreign, errs[3] = Generate(start)
	for _, err := range errs {
		if err != nil {
			panic(err)
		}
	}
	return s
})

// clock is a time that tests move.
type clock struct{ ns atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ns.Store(start.Add(48 * time.Hour).UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.ns.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.ns.Add(int64(d)) }

// deployment is a key set in a file, the Keys that sign with it, a server that publishes it, and a Verifier that reads
// there. The set is the third, so there are four keys.
type deployment struct {
	*clock
	cfg      config.Config
	keys     *Keys
	verifier *Verifier
	asked    atomic.Int64                 // how often the JWKS was fetched
	answer   atomic.Pointer[http.Handler] // instead of the published keys
}

func deploy(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{clock: newClock()}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.asked.Add(1)
		if h := d.answer.Load(); h != nil {
			(*h).ServeHTTP(w, r)
			return
		}
		d.jwks(w, r)
	}))
	t.Cleanup(server.Close)
	d.cfg = config.Config{
		SigningKeysFile: filepath.Join(t.TempDir(), "keys.json"),
		JWTIssuer:       origin,
		JWTAudience:     origin,
		JWTExpiresIn:    7 * 24 * time.Hour,
		JWKSURL:         server.URL,
	}
	d.save(t, sets().third)
	d.keys = New(secrets.New(d.cfg, d.now), d.cfg, d.now)
	d.verifier = NewVerifier(d.cfg, d.now)
	return d
}

func (d *deployment) jwks(w http.ResponseWriter, r *http.Request) {
	published, err := d.keys.Public(r.Context())
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	json.NewEncoder(w).Encode(map[string]any{"keys": published})
}

func (d *deployment) save(t *testing.T, s Set) {
	t.Helper()
	if err := SaveFile(d.cfg.SigningKeysFile, s); err != nil {
		t.Fatal(err)
	}
}

// serve makes the JWKS URL answer with status and body; down makes it drop the connection; up undoes both.
func (d *deployment) serve(status int, body string) {
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		w.Write([]byte(body))
	})
	d.answer.Store(&h)
}

func (d *deployment) down() {
	var h http.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	d.answer.Store(&h)
}

func (d *deployment) up() { d.answer.Store(nil) }

var someone = Claims{
	Subject:   "0b0e7a52-6f0d-4a43-9d52-3d9f0a4b6a11",
	SessionID: "5f3c1c0a-2f67-4c2b-8f0e-0f7f8a1d2b3c",
	User:      map[string]any{"name": "Zoë <b>", "email": "zoe@example.com"},
}

func (d *deployment) token(t *testing.T) string {
	t.Helper()
	token, err := d.keys.Sign(t.Context(), someone)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// goodClaims are those of a valid token, for forging from.
func (d *deployment) goodClaims() jwt.MapClaims {
	now := d.now().Unix()
	return jwt.MapClaims{
		"sub": someone.Subject, "sid": someone.SessionID, "jti": "x", "iss": origin, "aud": origin,
		"iat": now, "exp": now + 3600,
	}
}

// forge signs any header over any claims with the current key of the deployment.
func (d *deployment) forge(t *testing.T, header, claims map[string]any) string {
	t.Helper()
	return forgeWith(t, sets().third.Current.private, header, claims)
}

func forgeWith(t *testing.T, key *rsa.PrivateKey, header, claims map[string]any) string {
	t.Helper()
	text := segment(t, header) + "." + segment(t, claims)
	signature, err := jwt.SigningMethodRS256.Sign(text, key)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func segment(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func goodHeader() map[string]any {
	return map[string]any{"alg": "RS256", "kid": sets().third.Current.ID}
}
