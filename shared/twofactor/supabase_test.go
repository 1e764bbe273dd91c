package twofactor_test

import (
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/bridge"
)

const supabaseToken = "nvqqcysrgban"

// importSession stores a session that a person has at Supabase, without the second factor, and returns its id.
func (s *server) importSession(p *person) string {
	s.t.Helper()
	digest, err := bridge.Digest(bridge.Key([]byte(testSecret)), supabaseToken)
	if err != nil {
		s.t.Fatal(err)
	}
	s.exec(`INSERT INTO "supabaseBridge" ("lastPassAt") VALUES ($1)`, s.now)
	id := query[string](s, `
		INSERT INTO "supabaseSession" (id, "userId", aal2, "createdAt") VALUES (gen_random_uuid(), $1::uuid, false, $2)
		RETURNING id::text`, p.id, s.now)
	s.exec(`INSERT INTO "supabaseCredential" VALUES ($1, $2::uuid, false)`, digest, id)
	return id
}

// sessionAtSupabase sends the token of the session.
func (b *browser) sessionAtSupabase() answer {
	return b.post("/sign-in/supabase", map[string]any{"refreshToken": supabaseToken})
}

func (s *server) isUsed(id string) bool {
	s.t.Helper()
	return query[bool](s, `SELECT "usedAt" IS NOT NULL FROM "supabaseSession" WHERE id = $1::uuid`, id)
}

func TestSupabaseSessionIsUsedWhenTheSecondFactorWasRight(t *testing.T) {
	t.Parallel()
	s := newServer(t, "SUPABASE_BRIDGE=on")
	ada := s.signUpWithApp("ada")
	id := s.importSession(ada)
	b := s.newBrowser()
	a := b.sessionAtSupabase().check(t, "session of Supabase", 200, "")
	if want := `{"twoFactorRedirect":true,"twoFactorMethods":["totp","otp"]}`; a.body != want || s.isUsed(id) {
		t.Errorf("session of Supabase: got %s, used: %v; want %s and unused", a.body, s.isUsed(id), want)
	}
	b.post("/two-factor/verify-totp", map[string]any{"code": "000000"}).check(t, "wrong code", 401, "INVALID_CODE")
	if s.isUsed(id) || b.isSignedIn() {
		t.Error("after a wrong code the session of Supabase is used, or the browser is signed in; want neither")
	}
	b.post("/two-factor/verify-totp", map[string]any{"code": ada.code()}).check(t, "right code", 200, "")
	if !s.isUsed(id) || !b.isSignedIn() {
		t.Errorf("after the code: used %v, signed in %v, want both", s.isUsed(id), b.isSignedIn())
	}
	if !query[bool](s, `SELECT n."userId" = b."userId" FROM "supabaseSession" b JOIN session n ON n.id = b."sessionId"`) {
		t.Error("the session of Supabase does not name the new session, want it to")
	}
	s.newBrowser().sessionAtSupabase().check(t, "again, without the second factor", 401, "INVALID_SUPABASE_SESSION")
	if n := query[int](s, `SELECT count(*) FROM verification WHERE identifier ~ '^2fa-'`); n != 0 {
		t.Errorf("rows of the challenge after the sign-in: got %d, want 0", n)
	}
}

func TestBackupCodeAndMailedCodeUseTheSupabaseSession(t *testing.T) {
	t.Parallel()
	s := newServer(t, "SUPABASE_BRIDGE=on")
	ada := s.signUpWithApp("ada")
	id := s.importSession(ada)
	for name, finish := range map[string]func(b *browser) answer{
		"backup code": func(b *browser) answer {
			return b.post("/two-factor/verify-backup-code", map[string]any{"code": ada.codes[0]})
		},
		"mailed code": func(b *browser) answer {
			b.post("/two-factor/send-otp", map[string]any{})
			return b.post("/two-factor/verify-otp", map[string]any{"code": s.takeMail().Token})
		},
	} {
		s.exec(`UPDATE "supabaseSession" SET "usedAt" = NULL, "sessionId" = NULL`)
		b := s.newBrowser()
		b.sessionAtSupabase()
		finish(b).check(t, name, 200, "")
		if !s.isUsed(id) || !b.isSignedIn() {
			t.Errorf("%s: used %v, signed in %v, want both", name, s.isUsed(id), b.isSignedIn())
		}
	}
}

// Otherwise one session of Supabase could start several sessions, or one that was revoked could start one.
func TestChallengeEndsIfTheSupabaseSessionCannotBeUsed(t *testing.T) {
	t.Parallel()
	s := newServer(t, "SUPABASE_BRIDGE=on")
	ada := s.signUpWithApp("ada")
	s.importSession(ada)
	for name, change := range map[string]string{
		"used":        `UPDATE "supabaseSession" SET "usedAt" = now()`,
		"revoked":     `UPDATE "supabaseSession" SET "revokedAt" = now()`,
		"over":        `UPDATE "supabaseSession" SET "expiresAt" = '2026-01-01'`,
		"not there":   `DELETE FROM "supabaseSession"`,
		"other owner": `UPDATE "supabaseSession" SET "userId" = (SELECT id FROM "user" WHERE email = 'eve@example.com')`,
	} {
		s.exec(`TRUNCATE "supabaseBridge", "supabaseSession", "supabaseCredential"; DELETE FROM "user" WHERE email ~ 'eve'`)
		s.signUp("eve")
		s.importSession(ada)
		b := s.newBrowser()
		b.sessionAtSupabase().check(t, name, 200, "")
		s.exec(change)
		before := s.sessionsOf(ada)
		b.post("/two-factor/verify-totp", map[string]any{"code": ada.code()}).
			check(t, name, 401, "INVALID_TWO_FACTOR_COOKIE")
		if s.sessionsOf(ada) != before || b.isSignedIn() {
			t.Errorf(
				"%s: got %d sessions, signed in %v; want %d and not signed in",
				name,
				s.sessionsOf(ada),
				b.isSignedIn(),
				before,
			)
		}
		s.now = s.now.Add(time.Minute)
	}
}

func TestTwoChallengesOfOneSupabaseSessionStartOneSession(t *testing.T) {
	t.Parallel()
	s := newServer(t, "SUPABASE_BRIDGE=on")
	ada := s.signUpWithApp("ada")
	id := s.importSession(ada)
	before := s.sessionsOf(ada)
	browsers := []*browser{s.newBrowser(), s.newBrowser(), s.newBrowser(), s.newBrowser()}
	for i, b := range browsers {
		b.sessionAtSupabase().check(t, "session of Supabase", 200, "")
		b.ip = ada.ip + string(rune('0'+i))
	}
	verify := func(i int) answer {
		return browsers[i].post("/two-factor/verify-backup-code", map[string]any{"code": ada.codes[i]})
	}
	statuses := inParallel(len(browsers), verify)
	for i, b := range browsers { // a browser whose code was checked at the same time as another one tries again
		if !b.isSignedIn() {
			statuses[verify(i).status]++
		}
	}
	if got := s.sessionsOf(ada) - before; got != 1 || statuses[200] != 1 || !s.isUsed(id) {
		t.Errorf("codes of four challenges: got the statuses %v and %d new sessions, want one 200 and one session",
			statuses, got)
	}
}

// A trusted device has given the second factor before.
func TestTrustedDeviceUsesTheSupabaseSessionAtOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t, "SUPABASE_BRIDGE=on")
	ada := s.signUpWithApp("ada")
	b := ada.passwordOnly()
	b.post("/two-factor/verify-totp", map[string]any{"code": ada.code(), "trustDevice": true}).check(t, "trust", 200, "")
	b.post("/sign-out", map[string]any{})
	id := s.importSession(ada)
	b.sessionAtSupabase().check(t, "session of Supabase", 200, "")
	if !s.isUsed(id) || !b.isSignedIn() {
		t.Errorf("on a trusted device: used %v, signed in %v, want both", s.isUsed(id), b.isSignedIn())
	}
}
