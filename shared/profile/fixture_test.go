package profile_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/profile"
	"github.com/xenon-auth/xenon/shared/profilefields/declaration"
	"github.com/xenon-auth/xenon/shared/schema"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

func init() { slog.SetDefault(slog.New(slog.DiscardHandler)) }

// server serves /api/profile with a database of its own, and a JWKS over HTTP.
type server struct {
	t      *testing.T
	url    string
	wire   *dbtest.CountingDialer
	mux    http.Handler
	signer *keys.Keys
	limits *limit.Limiter
	now    time.Time // the clock of the rate limits
	asked  int       // number of requests for the JWKS

	cfg      config.API
	foreign  *rsa.PrivateKey   // the key of a Better Auth server, which the JWKS has besides Xenon's keys
	sessions map[string]string // the session id of each user

	foreignEd25519 ed25519.PrivateKey // another key of the Better Auth server; EdDSA is its default
}

// The ids of the keys of a Better Auth server.
const (
	foreignKeyID     = "a key of a TypeScript server"
	foreignEd25519ID = "an Ed25519 key of a TypeScript server"
)

// testKeys returns Xenon's keys and the key of a Better Auth server. Generating RSA keys is slow, so all tests share
// them.
var testKeys = sync.OnceValue(func() (k struct {
	xenon   keys.Set
	foreign *rsa.PrivateKey
},
) {
	var errs [2]error
	k.xenon, errs[0] = keys.Generate(time.Now(), config.RS256)
	k.foreign, errs[1] = rsa.GenerateKey(rand.Reader, 2048)
	if err := errors.Join(errs[:]...); err != nil {
		panic(err)
	}
	return k
})

func newServer(t *testing.T, settings ...string) *server {
	t.Helper()
	s := &server{
		t: t, url: dbtest.New(t), wire: &dbtest.CountingDialer{}, sessions: map[string]string{},
		now: time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC),
	}
	s.foreign = testKeys().foreign
	n := base64.RawURLEncoding.EncodeToString(s.foreign.N.Bytes())
	foreignJWK, err := keys.ParsePublicJWK(foreignKeyID, `{"kty":"RSA","e":"AQAB","n":"`+n+`"}`, "RS256")
	if err != nil {
		t.Fatal(err)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s.foreignEd25519 = private
	x := base64.RawURLEncoding.EncodeToString(public)
	ed25519JWK, err := keys.ParsePublicJWK(foreignEd25519ID, `{"crv":"Ed25519","x":"`+x+`","kty":"OKP"}`, "EdDSA")
	if err != nil {
		t.Fatal(err)
	}
	jwks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked++
		public, err := s.signer.Public(r.Context())
		if err != nil {
			t.Errorf("read the public keys: %v", err)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": append(public, foreignJWK, ed25519JWK)})
	}))
	t.Cleanup(jwks.Close)
	env := map[string]string{
		"DATABASE_URL": s.url, "BETTER_AUTH_SECRET": "a secret of the tests, long enough",
		"SIGNING_KEYS_FILE": filepath.Join(t.TempDir(), "keys.json"), "JWKS_URL": jwks.URL,
		"RATE_LIMIT": "off", // except in tests of the limits
	}
	for i := 0; i < len(settings); i += 2 {
		env[settings[i]] = settings[i+1]
	}
	cfg, err := config.LoadAPI(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.SaveFile(cfg.SigningKeysFile, testKeys().xenon); err != nil {
		t.Fatal(err)
	}
	s.cfg = cfg
	secretStore := secrets.New(cfg, time.Now)
	s.signer = keys.New(secretStore, cfg, time.Now)
	fields, err := declaration.LoadIf(cfg.Profile, cfg.ProfileFields)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrations.ChangeProfile(t.Context(), s.url, schema.Public, fields); err != nil {
		t.Fatal(err)
	}
	db := store.Open(secretStore, 10).UseProfileFields(fields)
	db.Dial = s.wire.Dial
	t.Cleanup(db.Close)
	s.limits = limit.New(
		cfg,
		db,
		web.NewClients(cfg.ClientIP, secretStore.AcceptsOriginSecret),
		func() time.Time { return s.now },
	)
	s.mux = profile.New(cfg, db, s.limits, time.Now).ProfileRoutes().Mux(cfg)
	return s
}

// newUser stores a user with a session. It returns the id of the user and a JWT of the session.
func (s *server) newUser() (id, token string) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close(s.t.Context())
	var sessionID string
	err = conn.QueryRow(s.t.Context(), `
		WITH u AS (
			INSERT INTO "user" (name, email, "emailVerified") VALUES ('Ada', gen_random_uuid()::text, true) RETURNING id
		)
		INSERT INTO session (token, "userId", "expiresAt", "updatedAt")
		SELECT gen_random_uuid()::text, id, now() + interval '7 days', now() FROM u
		RETURNING "userId"::text, id::text`).Scan(&id, &sessionID)
	if err != nil {
		s.t.Fatal(err)
	}
	s.sessions[id] = sessionID
	return id, s.tokenOf(id, sessionID)
}

// tokenOf signs a JWT for a user and a session, which need not exist.
func (s *server) tokenOf(userID, sessionID string) string {
	s.t.Helper()
	claims := keys.Claims{Subject: userID, SessionID: sessionID, User: []byte(`{"id":"` + userID + `"}`)}
	token, err := s.signer.Token(s.t.Context(), claims)
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

func (s *server) do(method, token, body string, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.doPath(method, "/api/profile", token, body, headers...)
}

func (s *server) doPath(method, path, token, body string, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	if w.Code == http.StatusInternalServerError {
		s.t.Errorf("%s %s answered 500 %s, want another status", method, body, w.Body)
	}
	return w
}

// tryExec executes a statement and returns its error.
func (s *server) tryExec(sql string, args ...any) error {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close(s.t.Context())
	_, err = conn.Exec(s.t.Context(), sql, args...)
	return err
}

func errorCode(w *httptest.ResponseRecorder) string {
	var e struct {
		Detail    string `json:"detail"`
		ErrorCode string `json:"error_code"`
	}
	if json.Unmarshal(w.Body.Bytes(), &e) != nil || e.Detail == "" {
		return "not in the form of an error: " + w.Body.String()
	}
	return e.ErrorCode
}

func decodeFields(t *testing.T, w *httptest.ResponseRecorder) (m map[string]any) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil {
		t.Fatalf("read the response %d %s as JSON: %v", w.Code, w.Body, err)
	}
	return m
}
