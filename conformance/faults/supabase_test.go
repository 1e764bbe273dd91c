package faults

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/bridge"
)

// importSupabaseSession stores a session that the user has at Supabase, as an import does, and returns the body of a
// sign-in with it.
func (p *testUser) importSupabaseSession(t *testing.T) string {
	t.Helper()
	token := strings.ToLower(rand.Text()[:12])
	digest, err := bridge.Digest(bridge.Key([]byte(p.server.cfg.AuthSecret)), token)
	if err != nil {
		t.Fatal(err)
	}
	queryValue[int](t, p.server, `
		WITH imported AS (
			INSERT INTO "supabaseBridge" ("lastPassAt") VALUES (now()) ON CONFLICT (id) DO NOTHING
		), stored AS (
			INSERT INTO "supabaseSession" (id, "userId", aal2, "createdAt")
			SELECT gen_random_uuid(), id, false, now() FROM "user" WHERE email = $1
			RETURNING id
		), credential AS (
			INSERT INTO "supabaseCredential" SELECT $2, id, false FROM stored
		)
		SELECT count(*) FROM stored`, p.email, digest)
	// The server reads the import once a minute. With this request, the next one has always the same round trips.
	p.do(t.Context(), "POST", "/api/auth/sign-in/supabase", `{"refreshToken":"x"}`)
	return fmt.Sprintf(`{"refreshToken":%q}`, token)
}
