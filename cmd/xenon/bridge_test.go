package main

import (
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

func TestBridgeShowsAndDeletesTheSessionsOfSupabase(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	env := []string{"DIRECT_DATABASE_URL", url}
	check := func(want string, wantCode int, args ...string) {
		t.Helper()
		code, out, errText := runXenon(t, append([]string{"bridge"}, args...), env...)
		if code != wantCode || !strings.Contains(out+errText, want) {
			t.Errorf("xenon bridge %s: got the exit code %d, %s%s; want %d and %q",
				strings.Join(args, " "), code, out, errText, wantCode, want)
		}
	}
	check("No import has copied sessions of Supabase.", exitDone, "status")
	dbtest.Exec(t, url, `
		INSERT INTO "user" (name, email, "emailVerified") VALUES ('Ada', 'ada@example.com', true);
		INSERT INTO "supabaseBridge" ("lastPassAt") VALUES ('2026-01-15 12:00+00');
		INSERT INTO "supabaseSession" (id, "userId", aal2, "createdAt", "usedAt", "revokedAt", "expiresAt", "sessionId")
		SELECT gen_random_uuid(), id, false, now(), used, revoked, ends, NULL
		FROM "user", (VALUES
			(now(), NULL::timestamptz, NULL::timestamptz), (NULL, now(), NULL), (NULL, NULL, now() - interval '1 s'),
			(NULL, NULL, NULL), (NULL, NULL, now() + interval '1 day')) x (used, revoked, ends);
		INSERT INTO "supabaseCredential" SELECT sha256(id::text::bytea), id, false FROM "supabaseSession"`)
	check("5 sessions: 1 used, 1 revoked, 1 over, 2 can still be used until 2026-02-14T12:00:00Z.", exitDone, "status")
	env = append(env, "SUPABASE_BRIDGE_UNTIL", "2026-12-31T01:00:00+01:00")
	check("until 2026-12-31T00:00:00Z.", exitDone, "status")
	check(`{"lastPassAt":"2026-01-15T12:00:00Z","until":"2026-12-31T01:00:00+01:00","imported":5,"used":1,"revoked":1,`+
		`"over":1,"unused":2}`, exitDone, "status", "--json")
	check("confirm with --yes", exitUsage, "purge")
	check("Deleted 5 sessions of Supabase, of which 2 were unused.", exitDone, "purge", "--yes")
	check(`"imported":0`, exitDone, "status", "--json")
	if n := dbtest.Value[int](t, url, `
		SELECT (SELECT count(*) FROM "supabaseCredential") + (SELECT count(*) FROM "user")`); n != 1 {
		t.Errorf("credentials and users after the purge: got %d, want only the user", n)
	}
}

func TestBridgeNeedsTheMigrations(t *testing.T) {
	t.Parallel()
	code, _, text := runXenon(t, []string{"bridge", "status"}, "DATABASE_URL", dbtest.NewEmpty(t))
	if code != exitFailed || !strings.Contains(text, "xenon schema up") {
		t.Errorf("xenon bridge status without tables: got the exit code %d and %s, want %d and the command xenon schema up",
			code, text, exitFailed)
	}
}
