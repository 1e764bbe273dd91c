package admin_test

import (
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// What an administrator does to end the sessions of a user must reach the sessions that the user can still bring from
// Supabase.
func TestAdministratorRevokesUnusedSupabaseSessions(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	root, ada := s.newAdmin(), s.signUp("ada")
	for _, c := range []struct {
		path, body string
		revoked    bool
	}{
		{"revoke-user-sessions", `{"userId":"` + ada.id + `"}`, true},
		{"set-user-password", `{"userId":"` + ada.id + `","newPassword":"battery staple"}`, true},
		{"ban-user", `{"userId":"` + ada.id + `"}`, true},
		{"unban-user", `{"userId":"` + ada.id + `"}`, false},
		{"update-user", `{"userId":"` + ada.id + `","data":{"banned":true}}`, true},
		{"update-user", `{"userId":"` + ada.id + `","data":{"name":"Ada"}}`, false},
		{"set-role", `{"userId":"` + ada.id + `","role":"user"}`, false},
	} {
		dbtest.Exec(t, s.url, `DELETE FROM "supabaseSession"`)
		dbtest.Exec(t, s.url, `
			INSERT INTO "supabaseSession" (id, "userId", aal2, "createdAt")
			SELECT gen_random_uuid(), id, false, now() FROM "user"`)
		if a := root.post(c.path, c.body); a.status != 200 {
			t.Errorf("%s %s: got %d %s, want 200", c.path, c.body, a.status, a.body)
		}
		got := dbtest.Value[[]string](t, s.url, `
			SELECT coalesce(array_agg("userId"::text), '{}') FROM "supabaseSession" WHERE "revokedAt" IS NOT NULL`)
		if revoked := len(got) == 1 && got[0] == ada.id; revoked != c.revoked || len(got) > 1 {
			t.Errorf("%s %s: got the sessions of %v revoked, want that of the user revoked: %v", c.path, c.body, got, c.revoked)
		}
	}
}
