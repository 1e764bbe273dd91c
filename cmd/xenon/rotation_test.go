package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/auditlog"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
)

// xenonServer is a Xenon server that listens for HTTP. The test sets its clock and changes its signing keys.
type xenonServer struct {
	t      *testing.T
	origin string
	cfg    config.API
	ahead  atomic.Int64 // the time by which the clock is ahead of the real clock
}

func (x *xenonServer) now() time.Time { return time.Now().Add(time.Duration(x.ahead.Load())) }

// newXenonServer starts a server with settings for tests. more has settings that override them.
func newXenonServer(t *testing.T, more map[string]string) *xenonServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	x := &xenonServer{t: t, origin: "http://" + listener.Addr().String()}
	env := map[string]string{
		"DATABASE_URL": dbtest.New(t), "BETTER_AUTH_SECRET": "a secret of the tests, long enough",
		"BETTER_AUTH_URL":   x.origin,
		"SIGNING_KEYS_FILE": filepath.Join(t.TempDir(), "keys.json"), "RATE_LIMIT": "off", "MAIL": "none",
	}
	maps.Copy(env, more)
	if x.cfg, err = config.LoadAPI(func(name string) string { return env[name] }); err != nil {
		t.Fatal(err)
	}
	if err := generateKeys(x.cfg.SigningKeysFile, x.cfg.JWTAlg, io.Discard); err != nil {
		t.Fatal(err)
	}
	appSecrets := secrets.New(x.cfg, x.now)
	db := store.Open(appSecrets, 8)
	t.Cleanup(db.Close)
	served := routesByFunction(x.cfg, appSecrets, db, x.now, auditlog.NewBuffer(slog.DiscardHandler, 1), nil)
	routes, err := templateRoutes(readProjectTemplate(t), served)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: routes.Mux(x.cfg)}}
	server.Start()
	t.Cleanup(server.Close)
	return x
}

func (x *xenonServer) send(
	method, path, body, header, value string,
) (status int, answer []byte, cookies []*http.Cookie) {
	r, err := http.NewRequestWithContext(x.t.Context(), method, x.origin+path, bytes.NewBufferString(body))
	if err != nil {
		x.t.Error(err)
		return
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if header != "" {
		r.Header.Set(header, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		x.t.Error(err)
		return
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	if err != nil {
		x.t.Error(err)
	}
	return resp.StatusCode, answer, resp.Cookies()
}

// registerUser returns a bearer token for the session of a new user.
func (x *xenonServer) registerUser(n int) string {
	x.t.Helper()
	user := `{"name":"Ada","email":"ada` + strconv.Itoa(n) + `@example.com","password":"correct horse"}`
	status, body, _ := x.send("POST", "/api/auth/sign-up/email", user, "", "")
	var up struct{ Token string }
	if err := json.Unmarshal(body, &up); err != nil || status != 200 {
		x.t.Fatalf("sign-up: got the status %d and %s, want 200", status, body)
	}
	return up.Token
}

func (x *xenonServer) requestToken(session string) string {
	status, body, _ := x.send("GET", "/api/auth/token", "", "Authorization", "Bearer "+session)
	var got struct{ Token string }
	if err := json.Unmarshal(body, &got); err != nil || status != 200 {
		x.t.Errorf("GET /api/auth/token: got the status %d and %s, want 200", status, body)
	}
	return got.Token
}

// acceptsToken reports whether the profile API accepts a token. If it does, it answers 404, because no user has a
// profile; otherwise it answers 401.
func (x *xenonServer) acceptsToken(token string) bool {
	status, body, _ := x.send("GET", "/api/profile", "", "Authorization", "Bearer "+token)
	if status != http.StatusNotFound && status != http.StatusUnauthorized {
		x.t.Errorf("GET /api/profile: got the status %d and %s, want 404 for a valid token or 401", status, body)
	}
	return status == http.StatusNotFound
}

// keyStore is where the server gets its keys: a file or Secrets Manager.
type keyStore struct {
	every    time.Duration            // the interval between two rotations
	readKeys func() (keys.Set, error) // returns the current keys
	rotate   func() error             // rotates the keys
}

func TestR37_TwoRotationsUnderLoad(t *testing.T) {
	t.Parallel()
	x := newXenonServer(t, nil)
	file := x.cfg.SigningKeysFile
	x.rotateTwiceUnderLoad(keyStore{
		every:    keys.MaxPropagation,
		readKeys: func() (keys.Set, error) { return keys.LoadFile(file) },
		rotate: func() error {
			set, err := keys.LoadFile(file)
			if err == nil {
				set, err = set.Rotate(x.now(), x.cfg.JWTExpiresIn, x.cfg.JWTAlg)
			}
			if err == nil {
				err = keys.SaveFile(file, set)
			}
			return err
		},
	})
}

// rotateTwiceUnderLoad gets tokens and uses new and old tokens while the keys rotate twice. The server must accept all
// valid tokens and reject an expired one. After another rotation it must not publish or accept the first key any more.
func (x *xenonServer) rotateTwiceUnderLoad(store keyStore) {
	t := x.t
	const users = 4
	var sessions [users]string
	for i := range sessions {
		sessions[i] = x.registerUser(i)
	}
	firstKeys, err := store.readKeys()
	if err != nil {
		t.Fatal(err)
	}
	first := x.requestToken(sessions[0])
	var used, rejected atomic.Int64
	stop := make(chan struct{})
	var group sync.WaitGroup
	for _, session := range sessions {
		group.Go(func() {
			tokens := []string{first}
			for {
				select {
				case <-stop:
					return
				default:
				}
				if fresh := x.requestToken(session); fresh != tokens[len(tokens)-1] {
					tokens = append(tokens, fresh)
				}
				for _, token := range tokens {
					used.Add(1)
					if !x.acceptsToken(token) {
						rejected.Add(1)
					}
				}
			}
		})
	}
	waitForUses := func(n int64) {
		for target := used.Load() + n; used.Load() < target && !t.Failed(); time.Sleep(time.Millisecond) {
		}
	}
	waitForUses(50)
	rotate := func() {
		if err := store.rotate(); err != nil {
			t.Error(err)
		}
	}
	for range 2 {
		x.ahead.Add(int64(store.every + time.Minute))
		waitForUses(50) // after the interval, all caches have the next key
		rotate()
		waitForUses(100)
	}
	close(stop)
	group.Wait()
	if rejected.Load() > 0 {
		t.Errorf("rejected uses of valid tokens: got %d of %d, want 0", rejected.Load(), used.Load())
	}
	t.Logf("%d uses of valid tokens, %d rejected", used.Load(), rejected.Load())

	x.ahead.Add(int64(x.cfg.JWTExpiresIn))
	if x.acceptsToken(first) {
		t.Error("an expired token is accepted, want it rejected")
	}
	old, err := store.readKeys()
	if err != nil {
		t.Fatal(err)
	}
	x.ahead.Add(int64(2 * store.every))
	rotate()
	x.ahead.Add(int64(keys.MaxPropagation))
	_, jwks, _ := x.send("GET", "/api/auth/jwks", "", "", "")
	for _, k := range old.Retired {
		if bytes.Contains(jwks, []byte(k.ID)) {
			t.Errorf("the JWKS after the third rotation: got the removed key %s in it, want only newer keys", k.ID)
		}
	}
	good := x.requestToken(x.registerUser(users))
	if !x.acceptsToken(good) {
		t.Error("a new token is rejected, want it accepted")
	}
	if x.acceptsToken(x.signWith(firstKeys, good)) {
		t.Error("a token of a removed key is accepted, want it rejected")
	}
}

// signWith returns a new token for the user and the session of the token good. The current key of s signs it.
func (x *xenonServer) signWith(s keys.Set, good string) string {
	x.t.Helper()
	var claims struct {
		jwt.RegisteredClaims
		SessionID string `json:"sid"`
	}
	if _, _, err := jwt.NewParser().ParseUnverified(good, &claims); err != nil {
		x.t.Fatal(err)
	}
	cfg := x.cfg
	cfg.SigningKeysARN, cfg.SigningKeysFile = "", filepath.Join(x.t.TempDir(), "kept.json")
	if err := keys.SaveFile(cfg.SigningKeysFile, s); err != nil {
		x.t.Fatal(err)
	}
	signer := keys.New(secrets.New(cfg, x.now), cfg, x.now)
	token, err := signer.Sign(x.t.Context(), keys.Claims{Subject: claims.Subject, SessionID: claims.SessionID})
	if err != nil {
		x.t.Fatal(err)
	}
	return token
}
