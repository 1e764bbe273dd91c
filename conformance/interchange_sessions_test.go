//go:build node

package conformance

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/importer"
)

// Sessions of two users of supabaseFactors: one with the second factor, one without.
const supabaseSessions = `
INSERT INTO auth.sessions (id, user_id, created_at, updated_at, aal) VALUES
  ('00000000-0000-4000-8000-0000000000c1', '00000000-0000-4000-8000-0000000000a1', now(), now(), 'aal2'),
  ('00000000-0000-4000-8000-0000000000c3', '00000000-0000-4000-8000-0000000000a3', now(), now(), 'aal1');
INSERT INTO auth.refresh_tokens (token, user_id, revoked, created_at, updated_at, session_id) VALUES
  ('nvqqcysrgban', '00000000-0000-4000-8000-0000000000a1', false, now(), now(), '00000000-0000-4000-8000-0000000000c1'),
  ('bb7pw5uhihsy', '00000000-0000-4000-8000-0000000000a3', false, now(), now(), '00000000-0000-4000-8000-0000000000c3');
INSERT INTO auth.mfa_amr_claims (session_id, created_at, updated_at, authentication_method, id) VALUES
  ('00000000-0000-4000-8000-0000000000c1', now(), now(), 'totp', gen_random_uuid())`

// importSessions imports supabaseFactors and supabaseSessions into the database of both servers.
func (ix interchange) importSessions(t *testing.T) {
	t.Helper()
	source := supabasetest.New(t)
	supabasetest.CreateSessionTables(t, source)
	dbtest.Exec(t, source, supabaseFactors)
	dbtest.Exec(t, source, supabaseSessions)
	m := importer.Import{
		From: source, To: ix.database, Holder: "test", Now: time.Now,
		Secret: func(context.Context) (cipher.Keys, error) { return cipher.ParseKeys("", carrySecret) },
	}
	st, err := m.Run(t.Context(), importer.Options{MFA: "carry", Sessions: true}, false, 1)
	if err != nil || st.Sessions == nil || st.Sessions.Bridged != 2 {
		t.Fatalf("the import: got %+v, the sessions %+v and the error %v, want two sessions", st.State, st.Sessions, err)
	}
}

// A session that Xenon has started from a session of Supabase is one of Better Auth, too. A challenge that Xenon has
// started can be finished at Better Auth. Better Auth then does not know the session of Supabase, which stays unused.
func TestInterchange_SessionOfSupabaseSignsInAtBothServers(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t, "TWO_FACTOR=on", "SUPABASE_BRIDGE=on", "BETTER_AUTH_SECRET="+carrySecret)
	ix.importSessions(t)
	checkSignedIn := func(v *visitor, name, want string) {
		t.Helper()
		for _, s := range []runningServer{ix.xenon, ix.betterAuth} {
			if user, _ := v.sessionIDsAt(s); user != want {
				t.Errorf("%s: the session at %s is of the user %q, want %s", name, s.name, user, want)
			}
		}
	}
	v := ix.newVisitor(t)
	a := v.checkStatus(v.post(ix.xenon, "/sign-in/supabase", jsonObject{"refreshToken": "nvqqcysrgban"}), http.StatusOK)
	if a.body.textMember("token") == "" {
		t.Errorf("a session with the second factor: got %s, want a session", a.text)
	}
	checkSignedIn(v, "a session with the second factor", "00000000-0000-4000-8000-0000000000a1")

	for _, s := range []runningServer{ix.betterAuth, ix.xenon} {
		ix.exec(t, `DELETE FROM verification WHERE identifier LIKE 'totp-used-%'`) // a code works once at Xenon (D130)
		v = ix.newVisitor(t)
		a = v.checkStatus(v.post(ix.xenon, "/sign-in/supabase", jsonObject{"refreshToken": "bb7pw5uhihsy"}), http.StatusOK)
		if a.body["twoFactorRedirect"] != true {
			t.Errorf("a session without the second factor: got %s, want a challenge", a.text)
		}
		code := jsonObject{"code": codeByAnotherLibrary(t, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")}
		v.checkStatus(v.post(s, "/two-factor/verify-totp", code), http.StatusOK)
		checkSignedIn(v, "a challenge finished at "+s.name, "00000000-0000-4000-8000-0000000000a3")
		used := ix.queryValue(t, `SELECT ("usedAt" IS NOT NULL)::text FROM "supabaseSession"
			WHERE id = '00000000-0000-4000-8000-0000000000c3'`)
		if want := map[bool]string{true: "true", false: "false"}[s == ix.xenon]; used != want {
			t.Errorf("a challenge finished at %s: the session of Supabase is used: got %s, want %s", s.name, used, want)
		}
	}
}
