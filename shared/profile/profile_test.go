package profile_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
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
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/profile"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

func init() { slog.SetDefault(slog.New(slog.DiscardHandler)) }

// site is /api/profile on a database of the test, with a JWKS served over HTTP.
type site struct {
	t      *testing.T
	url    string
	wire   *dbtest.Wire
	mux    http.Handler
	signer *keys.Keys
	limits *limit.Limiter
	now    time.Time // the clock of the rate limits
	asked  int       // requests for the JWKS

	cfg      config.API
	foreign  *rsa.PrivateKey   // of a Better Auth server; the JWKS has it besides Xenon's keys
	sessions map[string]string // the session id of each user
}

const foreignKeyID = "a key of a TypeScript server"

// testKeys returns the keys of all sites. Generating RSA keys is slow, so all tests share them.
var testKeys = sync.OnceValue(func() (k struct {
	own     keys.Set
	foreign *rsa.PrivateKey
},
) {
	var errs [2]error
	k.own, errs[0] = keys.Generate(time.Now())
	k.foreign, errs[1] = rsa.GenerateKey(rand.Reader, 2048)
	if err := errors.Join(errs[:]...); err != nil {
		panic(err)
	}
	return k
})

func newSite(t *testing.T, settings ...string) *site {
	t.Helper()
	s := &site{
		t: t, url: dbtest.New(t), wire: &dbtest.Wire{}, sessions: map[string]string{},
		now: time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC),
	}
	s.foreign = testKeys().foreign
	n := base64.RawURLEncoding.EncodeToString(s.foreign.N.Bytes())
	foreignJWK, err := keys.ParsePublicJWK(foreignKeyID, `{"kty":"RSA","e":"AQAB","n":"`+n+`"}`, "RS256")
	if err != nil {
		t.Fatal(err)
	}
	jwks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked++
		public, err := s.signer.Public(r.Context())
		if err != nil {
			t.Error(err)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": append(public, foreignJWK)})
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
	if err := keys.SaveFile(cfg.SigningKeysFile, testKeys().own); err != nil {
		t.Fatal(err)
	}
	s.cfg = cfg
	secretStore := secrets.New(cfg, time.Now)
	s.signer = keys.New(secretStore, cfg, time.Now)
	db := store.Open(secretStore, 10)
	db.Dial = s.wire.Dial
	t.Cleanup(db.Close)
	s.limits = limit.New(
		cfg,
		db,
		web.NewClients(cfg.ClientIP, secretStore.AcceptsOrigin),
		func() time.Time { return s.now },
	)
	s.mux = profile.New(cfg, db, s.limits, time.Now).Profile().Mux(cfg)
	return s
}

// person stores a user with a session and returns their JWT.
func (s *site) person() (id, token string) {
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
func (s *site) tokenOf(userID, sessionID string) string {
	s.t.Helper()
	claims := keys.Claims{Subject: userID, SessionID: sessionID, User: map[string]string{"id": userID}}
	token, err := s.signer.Token(s.t.Context(), claims)
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

func (s *site) do(method, token, body string, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, "/api/profile", strings.NewReader(body))
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
		s.t.Errorf("%s %s answered 500: %s", method, body, w.Body)
	}
	return w
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

func fields(t *testing.T, w *httptest.ResponseRecorder) (m map[string]any) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return m
}

func TestProfileIsCreatedReadAndChanged(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id, token := s.person()
	for _, method := range []string{"GET", "PUT"} {
		if w := s.do(method, token, "{}"); w.Code != 404 || errorCode(w) != "PROFILE_NOT_FOUND" {
			t.Errorf("%s of no profile: got %d %s", method, w.Code, w.Body)
		}
	}
	w := s.do("POST", token, `{"age_range":"35_plus","education_level":"self_taught","tech_background":"hobbyist",
		"primary_goal":"academic","learning_mode":"code_first","learning_speed":"casual","time_per_week":0,
		"preferred_language":"ur","id":"x","user_id":"y","extra":1}`)
	got := fields(t, w)
	if w.Code != 201 || got["user_id"] != id || got["learning_mode"] != "code_first" || got["time_per_week"] != 0.0 ||
		got["preferred_language"] != "ur" || len(got) != 12 {
		t.Errorf("create: got %d %s", w.Code, w.Body)
	}
	if w := s.do("POST", token, "{}"); w.Code != 409 || errorCode(w) != "PROFILE_ALREADY_EXISTS" {
		t.Errorf("a second: got %d %s", w.Code, w.Body)
	}
	w = s.do("PUT", token, `{"age_range":null,"time_per_week":12}`)
	if got = fields(t, w); w.Code != 200 || got["age_range"] != nil || got["time_per_week"] != 12.0 ||
		got["learning_mode"] != "code_first" {
		t.Errorf("update: got %d %s", w.Code, w.Body)
	}
	if read := s.do("GET", token, ""); read.Code != 200 || read.Body.String() != w.Body.String() ||
		read.Header().Get("ETag") != w.Header().Get("ETag") {
		t.Errorf("read: got %d %s", read.Code, read.Body)
	}
}

func TestEmptyProfileHasOnlyDefaults(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, token := s.person()
	got := fields(t, s.do("POST", token, "{}"))
	for name, value := range got {
		switch name {
		case "id", "user_id", "created_at", "updated_at":
		case "preferred_language":
			if value != "en" {
				t.Errorf("got language %v", value)
			}
		default:
			if value != nil {
				t.Errorf("got %s %v", name, value)
			}
		}
	}
}

func TestInvalidFieldsAreReportedAndNothingIsStored(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, token := s.person()
	before := s.do("POST", token, `{"time_per_week":2147483647,"preferred_language":"zh-Hant-TW"}`)
	if before.Code != 201 {
		t.Errorf("the greatest values: got %d %s", before.Code, before.Body)
	}
	const notALanguage = "preferred_language: has to be a language tag such as en or pt-BR, of at most 10 characters"
	for _, c := range []struct{ body, detail string }{
		{`{"age_range":"35_44"}`, "age_range: has to be one of under_18, 18_24, 25_34, 35_plus, or null"},
		{`{"learning_mode":["visual"]}`, "learning_mode: has to be one of visual, textual, code_first, or null"},
		{`{"time_per_week":-1}`, "time_per_week: has to be a whole number of hours, 0 or more, or null"},
		{`{"time_per_week":1.5}`, "time_per_week: has to be a whole number of hours, 0 or more, or null"},
		{`{"time_per_week":"5"}`, "time_per_week: has to be a whole number of hours, 0 or more, or null"},
		{`{"time_per_week":1e999}`, "Invalid JSON in request body"},
		{`{"time_per_week":2147483648}`, "time_per_week: has to be a whole number of hours, 0 or more, or null"},
		{`{"preferred_language":null}`, notALanguage},
		{`{"preferred_language":1}`, notALanguage},
		{`{"preferred_language":"zh-Hant-TWN"}`, notALanguage},
		{`{"preferred_language":"en\u0000"}`, notALanguage},
		{
			`{"primary_goal":"x","learning_speed":1}`,
			"primary_goal: has to be one of career_switch, academic, hobby_project, startup_founder, or null; " +
				"learning_speed: has to be one of intensive, balanced, casual, or null",
		},
		{`[]`, "The body has to be a JSON object"},
		{`"text"`, "The body has to be a JSON object"},
		{`{"a"`, "Invalid JSON in request body"},
	} {
		for _, method := range []string{"POST", "PUT"} {
			w := s.do(method, token, c.body)
			if got := fields(t, w)["detail"]; w.Code != 400 || got != c.detail {
				t.Errorf("%s %s: got %d %s", method, c.body, w.Code, w.Body)
			}
		}
	}
	for body, contentType := range map[string]string{
		`{"time_per_week":6}`: "text/plain", "time_per_week=6": "application/x-www-form-urlencoded",
	} {
		w := s.do("PUT", token, body, "Content-Type", contentType)
		if w.Code != 415 || errorCode(w) != "UNSUPPORTED_MEDIA_TYPE" {
			t.Errorf("%s: got %d %s", contentType, w.Code, w.Body)
		}
	}
	if w := s.do("PUT", token, `{"x":"`+strings.Repeat("x", 2<<20)+`"}`); w.Code != 413 {
		t.Errorf("2 MB: got %d %s", w.Code, w.Body)
	}
	if w := s.do("PUT", token, ``); w.Code != 400 {
		t.Errorf("no body: got %d %s", w.Code, w.Body)
	}
	if after := s.do("GET", token, ""); after.Body.String() != before.Body.String() {
		t.Errorf("before:\n%s\nafter:\n%s", before.Body, after.Body)
	}
}

func TestConcurrentChangesAreNotLost(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, token := s.person()
	etag := s.do("POST", token, `{}`).Header().Get("ETag")
	first := s.do("PUT", token, `{"time_per_week":1}`, "If-Match", etag)
	if first.Code != 200 || first.Header().Get("ETag") == etag {
		t.Errorf("first: got %d, ETag %s", first.Code, first.Header().Get("ETag"))
	}
	w := s.do("PUT", token, `{"time_per_week":2}`, "If-Match", etag)
	if w.Code != 412 || errorCode(w) != "PROFILE_CHANGED" {
		t.Errorf("second from the same state: got %d %s", w.Code, w.Body)
	}
	for _, match := range []string{`"x!", ` + first.Header().Get("ETag"), "*"} {
		w := s.do("PUT", token, `{"time_per_week":3}`, "If-Match", match)
		if w.Code != 200 {
			t.Errorf("If-Match %s: got %d %s", match, w.Code, w.Body)
		}
		first = w
	}
	current := first.Header().Get("ETag")
	for _, match := range []string{
		"W/" + current, "garbage", `""`, strings.Trim(current, `"`), current[1:], current[:len(current)-1],
	} {
		if w := s.do("PUT", token, `{}`, "If-Match", match); w.Code != 412 {
			t.Errorf("If-Match %s: got %d %s", match, w.Code, w.Body)
		}
	}
	_, withoutProfile := s.person()
	if w := s.do("PUT", withoutProfile, `{}`, "If-Match", etag); w.Code != 404 {
		t.Errorf("no profile: got %d %s", w.Code, w.Body)
	}
}

// Without If-Match, changes of different fields at the same time are all stored.
func TestConcurrentChangesOfDifferentFieldsAreAllStored(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, token := s.person()
	s.do("POST", token, `{}`)
	s.do("GET", token, "") // reads the key set
	var group sync.WaitGroup
	for _, body := range []string{
		`{"age_range":"25_34"}`, `{"education_level":"phd"}`, `{"tech_background":"student"}`, `{"primary_goal":"academic"}`,
		`{"learning_mode":"visual"}`, `{"learning_speed":"balanced"}`, `{"time_per_week":9}`, `{"preferred_language":"de"}`,
	} {
		group.Go(func() { s.do("PUT", token, body) })
	}
	group.Wait()
	for name, value := range fields(t, s.do("GET", token, "")) {
		if value == nil {
			t.Errorf("%s was lost", name)
		}
	}
}

func TestProfileIgnoresUserIDsOutsideTheToken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, ada := s.person()
	_, bob := s.person()
	s.do("POST", ada, `{"time_per_week":1}`)
	s.do("POST", bob, `{"time_per_week":2}`)
	s.do("PUT", bob, `{"user_id":"`+fmt.Sprint(fields(t, s.do("GET", ada, ""))["user_id"])+`","time_per_week":3}`)
	if got := fields(t, s.do("GET", ada, ""))["time_per_week"]; got != 1.0 {
		t.Errorf("the change of another user was stored: %v", got)
	}
}

func TestInvalidTokensAreRejected(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, good := s.person()
	parts := strings.Split(good, ".")
	for _, c := range []struct{ name, header, code string }{
		{"none", "", "UNAUTHORIZED"},
		{"other scheme", "Basic " + good, "UNAUTHORIZED"},
		{"scheme alone", "Bearer", "UNAUTHORIZED"},
		{"scheme and a space", "Bearer ", "UNAUTHORIZED"},
		{"garbage", "Bearer garbage", "INVALID_TOKEN"},
		{"tampered", "Bearer " + parts[0] + "." + parts[1] + "A." + parts[2], "INVALID_TOKEN"},
		{"no signature", "Bearer " + parts[0] + "." + parts[1] + ".", "INVALID_TOKEN"},
		{"subject is no UUID", "Bearer " + s.tokenOf("robert'); drop table", noSession), "INVALID_TOKEN"},
	} {
		w := s.do("GET", "", "", "Authorization", c.header)
		if w.Code != 401 || errorCode(w) != c.code || w.Header().Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s: got %d %s", c.name, w.Code, w.Body)
		}
	}
	gone := s.tokenOf("00000000-0000-4000-8000-000000000000", noSession)
	if w := s.do("POST", gone, "{}"); w.Code != 401 || errorCode(w) != "USER_NOT_FOUND" {
		t.Errorf("deleted user: got %d %s", w.Code, w.Body)
	}
}

func TestProfileRequestTakesOneRoundTripAndNoKeyRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, token := s.person()
	s.do("POST", token, "{}")
	asked, before := s.asked, s.wire.Trips()
	s.do("GET", token, "")
	if got := s.wire.Trips() - before; got != 1 || s.asked != asked {
		t.Errorf("got %d round trips and %d requests for the JWKS, want 1 and 0", got, s.asked-asked)
	}
	s.do("PUT", token, `{"time_per_week":1}`)
	if got := s.wire.Trips() - before; got != 2 {
		t.Errorf("got %d round trips for two requests", got)
	}
}
