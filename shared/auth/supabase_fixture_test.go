package auth_test

import (
	"encoding/json"
	"maps"
	"os"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/shared/bridge"
)

const (
	supabasePath   = "/api/auth/sign-in/supabase"
	supabaseRef    = "abcdefghijklmnopqrst"
	supabaseSecret = "super-secret-jwt-token-with-at-least-32-characters"

	invalidSupabaseReply = `{"message":"Invalid Supabase session","code":"INVALID_SUPABASE_SESSION"}`
)

// supabaseVectors are sessions that Supabase's auth server made, and what sign-in/supabase answers to their tokens.
type supabaseVectors struct {
	Now       time.Time
	JWTSecret string
	JWKS      json.RawMessage
	Sessions  []struct {
		Name, ID, User string
		AAL2           bool
		Credentials    []struct {
			Token string
			AAL2  bool
		}
		Requests []struct{ Made, RefreshToken, Refresh, AccessToken, Access string }
	}
	Attacks []struct {
		Why  string
		Body json.RawMessage
	}
	Attacked []struct{ ID, User string }
}

func readSupabaseVectors(t *testing.T) (v supabaseVectors) {
	t.Helper()
	text, err := os.ReadFile("testdata/supabase_sessions.json")
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Sessions) < 10 || len(v.Attacks) < 8 || v.JWTSecret != supabaseSecret {
		t.Fatalf("vectors: got %d sessions, %d attacks and the secret %q, want at least 10, at least 8 and %q",
			len(v.Sessions), len(v.Attacks), v.JWTSecret, supabaseSecret)
	}
	return v
}

// newBridgeServer returns a server with SUPABASE_BRIDGE=on, and with settings in the form "NAME=value". Its database
// has an import whose last pass was an hour ago.
func newBridgeServer(t *testing.T, settings ...string) *server {
	t.Helper()
	s, _ := newMailServer(t, append([]string{
		"SUPABASE_BRIDGE=on", "SUPABASE_REF=" + supabaseRef, "SUPABASE_JWT_SECRET=" + supabaseSecret, "TWO_FACTOR=on",
	}, settings...)...)
	s.exec(`INSERT INTO "supabaseBridge" ("lastPassAt") VALUES ($1)`, s.now.Add(-time.Hour))
	return s
}

// importedSession is a session of Supabase that a test has stored as the import does.
type importedSession struct {
	id, user string
	token    string // a refresh token of version 1
}

// body is the body of a request with the refresh token.
func (i importedSession) body() string { return `{"refreshToken":"` + i.token + `"}` }

// Tokens of the tests.
const (
	refreshToken = "nvqqcysrgban"
	otherRefresh = "bb7pw5uhihsy"
)

// importSession stores a session of the user with the refresh token.
func (s *server) importSession(userID, token string) importedSession {
	s.t.Helper()
	id := query[string](s, `
		INSERT INTO "supabaseSession" (id, "userId", aal2, "createdAt")
		VALUES (gen_random_uuid(), $1, false, $2) RETURNING id::text`, userID, s.now.Add(-24*time.Hour))
	s.importCredential(id, token, false)
	return importedSession{id, userID, token}
}

// importCredential stores a refresh token of a session.
func (s *server) importCredential(sessionID, token string, aal2 bool) {
	s.t.Helper()
	s.importCredentialWith(string(s.cfg.AuthSecret), sessionID, token, aal2)
}

// importCredentialWith is like importCredential, for an import with another BETTER_AUTH_SECRET.
func (s *server) importCredentialWith(secret, sessionID, token string, aal2 bool) {
	s.t.Helper()
	digest, err := bridge.Digest(bridge.Key([]byte(secret)), token)
	if err != nil {
		s.t.Fatal(err)
	}
	s.exec(`INSERT INTO "supabaseCredential" VALUES ($1, $2::uuid, $3)`, digest, sessionID, aal2)
}

// importAda signs up Ada, signs her out, and stores a session that she has at Supabase.
func (s *server) importAda() importedSession {
	s.t.Helper()
	ada := s.clientOf(s.signUpAda())
	s.exec(`DELETE FROM session`)
	return s.importSession(ada.id, refreshToken)
}

// bridge sends a request to sign in with a session of Supabase.
func (s *server) bridge(body string, headers ...string) answer {
	s.t.Helper()
	return s.do("POST", supabasePath, body, headers...)
}

// isUnused reports whether the session of Supabase was neither used nor revoked.
func (s *server) isUnused(id string) bool {
	s.t.Helper()
	return query[bool](s, `
		SELECT "usedAt" IS NULL AND "revokedAt" IS NULL AND "sessionId" IS NULL
		FROM "supabaseSession"
		WHERE id = $1::uuid`, id)
}

// sessionCount returns how many sessions there are.
func (s *server) sessionCount() int64 {
	s.t.Helper()
	return query[int64](s, `SELECT count(*) FROM session`)
}

// checkInvalid checks that a response is the one refusal.
func (a answer) checkInvalid(t *testing.T, name string) {
	t.Helper()
	if a.status != 401 || a.body != invalidSupabaseReply {
		t.Errorf("%s: got %d %s, want 401 %s", name, a.status, a.body, invalidSupabaseReply)
	}
}

// accessClaims returns the claims of an access token of the session, which changes can replace or, with nil, remove.
func (s *server) accessClaims(i importedSession, changes ...map[string]any) jwt.MapClaims {
	claims := jwt.MapClaims{
		"iss": "https://" + supabaseRef + ".supabase.co/auth/v1", "sub": i.user, "aud": "authenticated",
		"role": "authenticated", "aal": "aal1", "session_id": i.id, "is_anonymous": false,
		"iat": s.now.Add(-time.Minute).Unix(), "exp": s.now.Add(time.Hour).Unix(),
	}
	for _, change := range changes {
		maps.Copy(claims, change)
	}
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

// signAccess returns an access token that is signed with the secret.
func signAccess(t *testing.T, claims jwt.Claims, secret string) string {
	t.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// accessBody returns the body of a request with an access token.
func accessBody(token string) string { return `{"accessToken":"` + token + `"}` }
