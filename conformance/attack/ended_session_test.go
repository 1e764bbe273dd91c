package attack

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// /api/profile rejects a copied JWT as soon as its session has ended: after a sign-out, a revocation, a change of the
// password with revokeOtherSessions, the deletion of the user or a ban. With the cookie of the ended session,
// get-session returns no other JWT.
func TestProfileRejectsCopiedJWTAfterSessionEnds(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	post := func(p signedInUser, path, body string) func(t *testing.T) {
		return func(t *testing.T) {
			t.Helper()
			header := http.Header{"Cookie": {p.cookie}, "Origin": {"http://localhost:3000"}}
			if w := s.do("POST", "/api/auth/"+path, body, header); w.Code != http.StatusOK {
				t.Fatalf("POST /api/auth/%s: got %d %s, want 200", path, w.Code, w.Body)
			}
		}
	}
	for _, c := range []struct {
		name string
		end  func(p signedInUser) func(t *testing.T)
		code string
	}{
		{"sign-out", func(p signedInUser) func(*testing.T) { return post(p, "sign-out", `{}`) }, "INVALID_TOKEN"},
		{"revoke-session", func(p signedInUser) func(*testing.T) {
			return post(p, "revoke-session", `{"token":"`+p.bearer+`"}`)
		}, "INVALID_TOKEN"},
		{
			"revoke-sessions",
			func(p signedInUser) func(*testing.T) { return post(p, "revoke-sessions", `{}`) },
			"INVALID_TOKEN",
		},
		{"change-password", func(p signedInUser) func(*testing.T) {
			return post(p, "change-password",
				`{"currentPassword":"`+userPassword+`","newPassword":"another horse","revokeOtherSessions":true}`)
		}, "INVALID_TOKEN"},
		{"delete-user", func(p signedInUser) func(*testing.T) { return post(p, "delete-user", `{}`) }, "USER_NOT_FOUND"},
		{"ban", func(signedInUser) func(*testing.T) {
			return func(t *testing.T) {
				t.Helper()
				conn, err := pgx.Connect(t.Context(), s.db)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close(t.Context())
				if _, err := conn.Exec(t.Context(), `UPDATE "user" SET banned = true`); err != nil {
					t.Fatal(err)
				}
			}
		}, "INVALID_TOKEN"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := s.recreateUser(t)
			bearer := http.Header{"Authorization": {"Bearer " + p.jwt}}
			if w := s.do("GET", "/api/profile", "", bearer); w.Code != http.StatusOK {
				t.Fatalf("GET /api/profile before the session ended: got %d %s, want 200", w.Code, w.Body)
			}
			c.end(p)(t)
			for _, method := range []string{"GET", "PUT", "POST"} {
				w := s.do(method, "/api/profile", `{}`, bearer)
				if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), c.code) {
					t.Errorf("%s /api/profile after the session ended: got %d %s, want 401 %s", method, w.Code, w.Body, c.code)
				}
			}
			w := s.do("GET", "/api/auth/get-session", "", http.Header{"Cookie": {p.cookie}})
			if w.Header().Get("Set-Auth-Jwt") != "" {
				t.Error("get-session after the session ended: got a JWT in Set-Auth-Jwt, want none")
			}
		})
	}
}
