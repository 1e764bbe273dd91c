package bench

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// server has the handlers of sign-up, sign-in and the session on a real Postgres, with a pool of one connection, as in
// a function. cookie is the session cookie of its user.
type server struct {
	url    string
	mux    http.Handler
	cookie string
}

func newServer(b *testing.B) *server {
	b.Helper()
	log := slog.NewJSONHandler(io.Discard, nil) //nolint:sloglint // writing the record is a part of a request
	slog.SetDefault(slog.New(log))
	env := map[string]string{
		"DATABASE_URL": dbtest.New(b), "BETTER_AUTH_SECRET": "a secret of the benchmarks, long enough",
		"SIGNING_KEYS_FILE": filepath.Join(b.TempDir(), "keys.json"), "RATE_LIMIT": "off", "MAIL": "none",
	}
	cfg, err := config.LoadAPI(func(name string) string { return env[name] })
	if err != nil {
		b.Fatal(err)
	}
	set, err := keys.Generate(time.Now(), config.RS256)
	if err == nil {
		err = keys.SaveFile(cfg.SigningKeysFile, set)
	}
	if err != nil {
		b.Fatal(err)
	}
	secretStore := secrets.New(cfg, time.Now)
	db := store.Open(secretStore, 1)
	b.Cleanup(db.Close)
	svc := auth.New(cfg, db, secretStore, time.Now)
	routes := web.Routes{}
	for _, served := range []web.Routes{svc.SignupRoutes(), svc.SigninRoutes(), svc.SessionRoutes()} {
		for route, h := range served {
			routes[route] = h
		}
	}
	s := &server{url: env["DATABASE_URL"], mux: routes.Mux(cfg)}
	up := s.send(b, "POST", "/api/auth/sign-up/email",
		`{"name":"Ada","email":"ada@example.com","password":"`+signInPassword+`"}`)
	s.cookie, _, _ = strings.Cut(up.Header().Get("Set-Cookie"), ";")
	return s
}

const signInPassword = "beta-Pass-2"

func (s *server) send(b *testing.B, method, path, body string) *httptest.ResponseRecorder {
	b.Helper()
	r := httptest.NewRequestWithContext(web.WithRequestID(b.Context(), "the gateway's"), method, path,
		strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if s.cookie != "" {
		r.Header.Set("Cookie", s.cookie)
		r.Header.Set("Origin", config.DefaultOrigin)
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.Fatalf("%s %s: got %d %s, want 200", method, path, w.Code, w.Body)
	}
	return w
}

// BenchmarkGetSession measures get-session, the most frequent request: it reads the cookie, executes one statement,
// reuses a JWT and writes JSON.
func BenchmarkGetSession(b *testing.B) {
	s := newServer(b)
	b.ReportAllocs()
	for b.Loop() {
		s.send(b, "GET", "/api/auth/get-session", "")
	}
}

// BenchmarkSelectOne measures the smallest statement on a connection of pgx. No request with a statement can be faster.
func BenchmarkSelectOne(b *testing.B) {
	conn, err := pgx.Connect(b.Context(), dbtest.New(b))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(b.Context())
	b.ReportAllocs()
	for b.Loop() {
		var one int
		if err := conn.QueryRow(b.Context(), "SELECT 1", pgx.QueryExecModeExec).Scan(&one); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSignIn measures a sign-in for four formats of the stored hash. The first sign-in of a user with an old
// format also computes and stores a new hash. So the benchmark restores the old hash before every sign-in, outside of
// the measured time.
func BenchmarkSignIn(b *testing.B) {
	s := newServer(b)
	conn, err := pgx.Connect(b.Context(), s.url)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(b.Context())
	var argon2id string
	if err := conn.QueryRow(b.Context(), `SELECT password FROM account`).Scan(&argon2id); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct{ name, stored, password string }{
		{"argon2id", argon2id, signInPassword},
		{"scrypt+rehash", `257a8ceeb0deb8c8d152e8d769ab57a9:` +
			`3cf98fc56aa619744daec994f579de698be1ddf052eb130571a0aef9e3d919a0` +
			`fea609b665fa6586cf10324fcd0e0b25fd7d27184db4bad4246e00abcfa98898`, "password123"},
		{"bcrypt10+rehash", `$2a$10$vl1gsT0SRpqM.fZkG1XQJeHR39/9mSLkHUkBvQ2B5YD9P1dD4Rkfm`, "native-Password-1"},
		{
			"firebase+rehash", `$fbscrypt$v=1,n=14,r=8,p=1,ss=Cg==,` +
				`sk=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=$dXNlcnNhbHQwMQ==$ZTWFiGPElEExObq3Vs3juLtoTB80q4t8CnVloK8T/YE=`,
			"fire-Pass-1",
		},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				if _, err := conn.Exec(b.Context(), `UPDATE account SET password = $1`, c.stored); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				s.send(b, "POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"`+c.password+`"}`)
			}
		})
	}
}
