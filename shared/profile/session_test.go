package profile_test

import (
	"crypto/ed25519"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

const noSession = "00000000-0000-4000-8000-000000000000"

func (s *server) exec(sql string, args ...any) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close(s.t.Context())
	if _, err := conn.Exec(s.t.Context(), sql, args...); err != nil {
		s.t.Fatal(err)
	}
}

// With JWT_CLAIMS=supabase aud is a list.
func TestProfileAcceptsTokensWithTheClaimsOfSupabase(t *testing.T) {
	t.Parallel()
	s := newServer(t, "JWT_CLAIMS", "supabase")
	_, token := s.newUser()
	if w := s.do("POST", token, `{}`); w.Code != http.StatusCreated {
		t.Errorf("create a profile: got %d %s, want 201", w.Code, w.Body)
	}
}

// The end of a session, a ban and the deletion of the user take effect at the next request, before the token expires.
func TestProfileRefusesTokenOfEndedSession(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sql, code string }{
		"signed out": {`DELETE FROM session WHERE "userId" = $1`, "INVALID_TOKEN"},
		"session expired": {
			`UPDATE session SET "expiresAt" = now() - interval '1 second' WHERE "userId" = $1`, "INVALID_TOKEN",
		},
		"banned without end": {`UPDATE "user" SET banned = true WHERE id = $1`, "INVALID_TOKEN"},
		"banned until tomorrow": {
			`UPDATE "user" SET banned = true, "banExpires" = now() + interval '1 day' WHERE id = $1`, "INVALID_TOKEN",
		},
		"banned until infinity": {
			`UPDATE "user" SET banned = true, "banExpires" = 'infinity' WHERE id = $1`, "INVALID_TOKEN",
		},
		"user deleted": {`DELETE FROM "user" WHERE id = $1`, "USER_NOT_FOUND"},
		"session of another user": {
			`UPDATE session SET "userId" = (SELECT id FROM "user" WHERE id <> $1 LIMIT 1) WHERE "userId" = $1`,
			"INVALID_TOKEN",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.newUser() // a user whose rows must not be used
			id, token := s.newUser()
			if w := s.do("POST", token, `{"time_per_week":1}`); w.Code != http.StatusCreated {
				t.Fatalf("create before the session ends: got %d %s, want 201", w.Code, w.Body)
			}
			newcomer, newcomersToken := s.newUser()
			s.exec(c.sql, id)
			s.exec(c.sql, newcomer)
			for _, try := range []struct{ method, token string }{
				{"GET", token},
				{"PUT", token},
				{"POST", token},
				{"GET", newcomersToken},
				{"PUT", newcomersToken},
				{"POST", newcomersToken},
			} {
				w := s.do(try.method, try.token, `{"time_per_week":2}`)
				if w.Code != http.StatusUnauthorized || errorCode(w) != c.code || w.Header().Get("WWW-Authenticate") != "Bearer" {
					t.Errorf("%s: got %d %s, WWW-Authenticate %q, want 401 %s and Bearer",
						try.method, w.Code, w.Body, w.Header().Get("WWW-Authenticate"), c.code)
				}
			}
			if n := dbtest.Value[int](
				t,
				s.url,
				`SELECT count(*) FROM user_profile WHERE time_per_week = 2 OR user_id = $1`,
				newcomer,
			); n != 0 {
				t.Errorf("refused requests wrote %d profiles, want 0", n)
			}
		})
	}
}

func TestProfileAcceptsTokenAfterTheBanHasEnded(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id, token := s.newUser()
	s.do("POST", token, `{}`)
	for _, sql := range []string{
		`UPDATE "user" SET banned = true, "banExpires" = now() - interval '1 second' WHERE id = $1`,
		`UPDATE "user" SET banned = false, "banExpires" = NULL WHERE id = $1`,
	} {
		s.exec(`UPDATE "user" SET banned = true, "banExpires" = NULL WHERE id = $1`, id)
		if w := s.do("GET", token, ""); w.Code != http.StatusUnauthorized {
			t.Errorf("token of a banned user: got %d %s, want 401", w.Code, w.Body)
		}
		s.exec(sql, id)
		if w := s.do("GET", token, ""); w.Code != http.StatusOK {
			t.Errorf("token after %s: got %d %s, want 200", sql, w.Code, w.Body)
		}
	}
}

func TestProfileRefusesSessionIDOfAnotherUser(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id, token := s.newUser()
	other, othersToken := s.newUser()
	s.do("POST", token, `{}`)
	for _, sid := range []string{noSession, s.sessions[other], "session", "'; drop table session", "\x00"} {
		if w := s.do("GET", s.tokenOf(id, sid), ""); w.Code != http.StatusUnauthorized || errorCode(w) != "INVALID_TOKEN" {
			t.Errorf("token with the sid %q: got %d %s, want 401 INVALID_TOKEN", sid, w.Code, w.Body)
		}
	}
	if w := s.do("GET", othersToken, ""); w.Code != http.StatusNotFound {
		t.Errorf("token of the other user, who has no profile: got %d %s, want 404", w.Code, w.Body)
	}
}

// Tokens of a Better Auth server have no sid. They are valid until they expire, or the user is banned or deleted.
func TestProfileAcceptsTokenWithoutSessionID(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id, _ := s.newUser()
	token := s.foreignToken(id, jwt.SigningMethodRS256, foreignKeyID, s.foreign)
	s.exec(`DELETE FROM session`)
	for alg, want := range map[jwt.SigningMethod]int{jwt.SigningMethodEdDSA: 404, jwt.SigningMethodHS256: 401} {
		var key any = s.foreignEd25519
		if want == 401 {
			key = []byte(s.foreignEd25519.Public().(ed25519.PublicKey))
		}
		if w := s.do("GET", s.foreignToken(id, alg, foreignEd25519ID, key), ""); w.Code != want {
			t.Errorf("a token with %s: got %d %s, want %d", alg.Alg(), w.Code, w.Body, want)
		}
	}
	for _, c := range []struct {
		sql, method, body string
		status            int
		code              string
	}{
		{"", "GET", "", 404, "PROFILE_NOT_FOUND"},
		{"", "POST", "{}", 201, ""},
		{"", "POST", "{}", 409, "PROFILE_ALREADY_EXISTS"},
		{"", "PUT", `{"time_per_week":3}`, 200, ""},
		{`UPDATE "user" SET banned = true`, "GET", "", 401, "INVALID_TOKEN"},
		{`UPDATE "user" SET banned = false`, "GET", "", 200, ""},
		{`DELETE FROM "user"`, "GET", "", 401, "USER_NOT_FOUND"},
	} {
		if c.sql != "" {
			s.exec(c.sql)
		}
		w := s.do(c.method, token, c.body)
		if w.Code != c.status || c.code != "" && errorCode(w) != c.code {
			t.Errorf("%s %s: got %d %s, want %s", c.sql, c.method, w.Code, w.Body, fmt.Sprint(c.status, " ", c.code))
		}
	}
}

// foreignToken returns a token as Better Auth signs it, for a user.
func (s *server) foreignToken(id string, method jwt.SigningMethod, kid string, key any) string {
	s.t.Helper()
	now := time.Now()
	made := jwt.NewWithClaims(method, jwt.MapClaims{
		"sub": id, "iss": s.cfg.JWTIssuer, "aud": s.cfg.JWTAudience, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	made.Header = map[string]any{"alg": method.Alg(), "kid": kid}
	token, err := made.SignedString(key)
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// The check of the session is part of the statement that reads or writes the profile.
func TestProfileChecksSessionWithoutAnotherRoundTrip(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	_, token := s.newUser()
	s.do("POST", token, "{}")
	etag := s.do("GET", token, "").Header().Get("ETag")
	for _, c := range []struct {
		method, body string
		status       int
		header       []string
	}{
		{"GET", "", 200, nil},
		{"POST", "{}", 409, nil},
		{"PUT", `{"time_per_week":1}`, 200, nil},
		{"PUT", `{"time_per_week":2}`, 412, []string{"If-Match", etag}},
	} {
		before := s.wire.RoundTrips()
		w := s.do(c.method, token, c.body, c.header...)
		if got := s.wire.RoundTrips() - before; got != 1 || w.Code != c.status {
			t.Errorf("%s: got %d in %d round trips, want %d in 1", c.method, w.Code, got, c.status)
		}
	}
}
