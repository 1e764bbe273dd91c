package auth_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// cookieNames returns the names of the cookies that a response sets or clears.
func (a answer) cookieNames() (names []string) {
	for _, line := range a.header["Set-Cookie"] {
		name, _, _ := strings.Cut(line, "=")
		names = append(names, name)
	}
	return names
}

func TestSupabaseSessionAnswersLikeSignInByEmail(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t)
	ada := s.importAda()
	want := s.signInAda()
	s.exec(`DELETE FROM session`)
	var got answer
	if n := s.countRoundTrips(func() {
		got = s.bridge(ada.body(), "X-Forwarded-For", "192.0.2.7", "User-Agent", "Browser/1")
	}); n != 3 {
		t.Errorf("first sign-in: got %d round trips, want 3: the import, the session, the sign-in", n)
	}
	token, _ := got.json(t)["token"].(string)
	body := strings.Replace(want.body, want.json(t)["token"].(string), token, 1)
	if got.status != 200 || got.body != body || len(token) != 32 {
		t.Errorf("sign-in: got %d %s, want 200 %s with another token", got.status, got.body, body)
	}
	if diff := cmp.Diff(want.cookieNames(), got.cookieNames()); diff != "" {
		t.Errorf("cookies (-sign-in/email +sign-in/supabase):\n%s", diff)
	}
	if a := s.do("GET", sessionPath, "", "Authorization", "Bearer "+got.header.Get("Set-Auth-Token")); a.body == "null" {
		t.Error("get-session with set-auth-token: got no session, want one")
	}
	if !query[bool](s, `
		SELECT b."usedAt" = $1 AND n.token = $2 AND n."createdAt" = $1 AND n."expiresAt" = $1 + interval '7 days'
		   AND n."ipAddress" = '192.0.2.7' AND n."userAgent" = 'Browser/1'
		FROM "supabaseSession" b JOIN session n ON n.id = b."sessionId"`, s.now.Truncate(time.Millisecond), token) {
		t.Error("rows after the sign-in: want the used session of Supabase, and the new one of this client for 7 days")
	}
	other := s.importSession(ada.user, otherRefresh)
	if n := s.countRoundTrips(func() { got = s.bridge(other.body()) }); n != 2 || got.status != 200 {
		t.Errorf("second sign-in: got %d round trips and status %d, want 2 and 200", n, got.status)
	}
}

// Without the bridge, clients must not forget their tokens: they forget them after 401, not after 404.
func TestClosedBridgeAnswersLikeAnUnknownPath(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		setting  string
		lastPass time.Duration // before now; 0: there was no import
		open     bool
	}{
		{"off", "SUPABASE_BRIDGE=off", time.Hour, false},
		{"on", "SUPABASE_BRIDGE=on", time.Hour, true},
		{"no import", "SUPABASE_BRIDGE=on", 0, false},
		{"last pass 30 days ago", "SUPABASE_BRIDGE=on", 30 * 24 * time.Hour, false},
		{"last pass almost 30 days ago", "SUPABASE_BRIDGE=on", 30*24*time.Hour - time.Millisecond, true},
		{"end in the past", "SUPABASE_BRIDGE_UNTIL=2026-01-15T12:00:00+00:00", time.Hour, false},
		{"end in the future", "SUPABASE_BRIDGE_UNTIL=2026-01-15T14:00:01+02:00", 90 * 24 * time.Hour, true},
		{"end in the future without an import", "SUPABASE_BRIDGE_UNTIL=2026-02-15T12:00:01Z", 0, false},
	} {
		s := newBridgeServer(t, c.setting)
		ada := s.importAda()
		s.exec(`DELETE FROM "supabaseBridge"`)
		if c.lastPass > 0 {
			s.exec(`INSERT INTO "supabaseBridge" ("lastPassAt") VALUES ($1)`, s.now.Add(-c.lastPass))
		}
		a, unknown := s.bridge(ada.body()), s.do("POST", "/api/auth/no-such-path", `{}`)
		if c.open {
			a.checkStatusAndCode(t, c.name, 200, "")
			continue
		}
		if a.status != 404 || a.body != unknown.body || a.header.Get("Content-Type") != unknown.header.Get("Content-Type") ||
			!s.isUnused(ada.id) {
			t.Errorf("%s: got %d %q, session unused: %v; want the response to an unknown path, %d %q, and true",
				c.name, a.status, a.body, s.isUnused(ada.id), unknown.status, unknown.body)
		}
	}
}

func TestSignedInClientUsesNoSupabaseSession(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t)
	ada := s.importAda()
	client := s.signInAs("ada")
	for name, headers := range map[string][]string{
		"cookie": {"Cookie", client.cookie, "Origin", origin},
		"bearer": {"Authorization", "Bearer " + client.token},
	} {
		a := s.bridge(ada.body(), headers...)
		if token := a.json(t)["token"]; a.status != 200 || token != client.token || !s.isUnused(ada.id) {
			t.Errorf("%s: got %d with token %v, unused: %v; want 200 with the token of the client's session, and true",
				name, a.status, token, s.isUnused(ada.id))
		}
	}
	s.exec(`UPDATE session SET "expiresAt" = $1`, s.now.Add(-time.Second))
	a := s.bridge(ada.body(), "Cookie", client.cookie, "Origin", origin)
	if a.status != 200 || a.json(t)["token"] == client.token || s.isUnused(ada.id) {
		t.Errorf("after the end of the session: got %d %s, want 200 with a new session", a.status, a.body)
	}
}

func TestUsedSessionAnswersTheSameForAMinute(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t)
	ada := s.importAda()
	s.importCredential(ada.id, otherRefresh, false)
	first := s.bridge(ada.body())
	for _, offset := range []time.Duration{0, time.Minute, -5 * time.Second} { // the clocks of two servers can differ
		s.now = startOfTests.Add(offset)
		for _, token := range []string{refreshToken, otherRefresh} {
			again := s.bridge(`{"refreshToken":"` + token + `"}`)
			if again.status != 200 || again.body != first.body ||
				again.header.Get("Set-Auth-Token") != first.header.Get("Set-Auth-Token") {
				t.Errorf("%s again, %v after the sign-in: got %d %s, want the first response %s",
					token, offset, again.status, again.body, first.body)
			}
		}
	}
	if n := s.sessionCount(); n != 1 {
		t.Errorf("sessions: got %d, want 1", n)
	}
}

// One of two clients that use a session in turn may be a thief, so neither stays signed in, as at Supabase.
func TestReplayAfterAMinuteEndsBothSessions(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t)
	ada := s.importAda()
	s.bridge(ada.body())
	other := s.signInAs("ada")
	s.now = s.now.Add(time.Minute + time.Millisecond)
	s.bridge(ada.body()).checkInvalid(t, "replay")
	if diff := cmp.Diff([]string{other.token}, s.tokensOf(other)); diff != "" {
		t.Errorf("sessions after the replay, want only the one that has another origin (-want +got):\n%s", diff)
	}
	s.bridge(ada.body()).checkInvalid(t, "replay again")
}

func TestUsedSessionIsRefusedAfterSignOut(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t)
	ada := s.importAda()
	client := s.clientOf(s.bridge(ada.body()))
	s.doAs(client, "POST", signOutPath, `{}`)
	s.bridge(ada.body()).checkInvalid(t, "after sign-out")
	if n := s.sessionCount(); n != 0 {
		t.Errorf("sessions: got %d, want 0", n)
	}
}

func TestParallelSignInsMakeOneSession(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t)
	ada := s.importAda()
	bodies := make([]string, 20)
	var all sync.WaitGroup
	for i := range bodies {
		all.Go(func() {
			if a := s.bridge(ada.body()); a.status == 200 {
				bodies[i] = a.body
			}
		})
	}
	all.Wait()
	for _, body := range bodies {
		if body == "" || body != bodies[0] {
			t.Errorf("parallel sign-ins: got the bodies %q and %q, want the same, with status 200", bodies[0], body)
		}
	}
	if n := s.sessionCount(); n != 1 {
		t.Errorf("sessions: got %d, want 1", n)
	}
}

func TestLevelDecidesAboutTheSecondFactor(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t)
	ada := s.importAda()
	s.exec(`UPDATE "user" SET "twoFactorEnabled" = true`)
	access := func(aal string) string {
		return signAccess(t, s.accessClaims(ada, map[string]any{"aal": aal}), supabaseSecret)
	}
	both := func(aal string) string {
		return `{"refreshToken":"` + refreshToken + `","accessToken":"` + access(aal) + `"}`
	}
	for _, c := range []struct {
		name              string
		session, token    bool // aal2
		body              string
		secondFactorAsked bool
	}{
		{"aal1", false, false, ada.body(), true},
		{"a token of aal2 in a session of aal1", false, true, ada.body(), true},
		{"a token from before the second factor", true, false, ada.body(), true},
		{"aal2", true, true, ada.body(), false},
		{"access token of aal2 in a session of aal1", false, true, accessBody(access("aal2")), true},
		{"access token from before the second factor", true, true, accessBody(access("aal1")), true},
		{"access token of aal2", true, true, accessBody(access("aal2")), false},
		{"both tokens, one from before the second factor", true, true, both("aal1"), true},
		{"both tokens of aal2", true, true, both("aal2"), false},
	} {
		s.exec(`DELETE FROM session; DELETE FROM verification`)
		s.exec(`UPDATE "supabaseSession" SET aal2 = $1, "usedAt" = NULL, "sessionId" = NULL`, c.session)
		s.exec(`UPDATE "supabaseCredential" SET aal2 = $1`, c.token)
		a := s.bridge(c.body)
		asked := strings.HasPrefix(a.body, `{"twoFactorRedirect":true,`)
		if a.status != 200 || asked != c.secondFactorAsked || s.isUnused(ada.id) != asked ||
			(a.header.Get("Set-Auth-Token") == "") != asked {
			t.Errorf("%s: got %d %s, unused: %v; want the second factor asked for, and the session unused: %v",
				c.name, a.status, a.body, s.isUnused(ada.id), c.secondFactorAsked)
		}
	}
	s.exec(`UPDATE "user" SET "twoFactorEnabled" = false; UPDATE "supabaseSession" SET "usedAt" = NULL, aal2 = false`)
	if a := s.bridge(ada.body()); a.status != 200 || a.json(t)["token"] == nil {
		t.Errorf("a user without a second factor here: got %d %s, want a session", a.status, a.body)
	}
}

// Otherwise a token from before the second factor would get the session of the person who has given it.
func TestRepeatNeedsTheSecondFactorToo(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t)
	ada := s.importAda()
	s.exec(`UPDATE "user" SET "twoFactorEnabled" = true; UPDATE "supabaseSession" SET aal2 = true`)
	s.importCredential(ada.id, otherRefresh, true)
	first := s.bridge(`{"refreshToken":"` + otherRefresh + `"}`)
	first.checkStatusAndCode(t, "token of aal2", 200, "")
	s.bridge(ada.body()).checkInvalid(t, "token from before the second factor")
	if again := s.bridge(`{"refreshToken":"` + otherRefresh + `"}`); again.body != first.body {
		t.Errorf("token of aal2 again: got %d %s, want the first response", again.status, again.body)
	}
}

func TestSupabaseCookiesSignInAndAreCleared(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t)
	ada := s.importAda()
	access := signAccess(t, s.accessClaims(ada), supabaseSecret)
	object := `{"access_token":"` + access + `","token_type":"bearer","refresh_token":"` + refreshToken +
		`","user":{"name":"é中"}}`
	list := `["` + access + `","` + refreshToken + `",null,null,null]`
	encoded := "base64-" + base64.RawURLEncoding.EncodeToString([]byte(object))
	const name = "sb-" + supabaseRef + "-auth-token"
	whole := func(value string) string { return name + "=" + url.PathEscape(value) }
	parts := name + ".1=" + encoded[100:200] + "; " + name + ".0=" + encoded[:100] + "; " + name + ".2=" + encoded[200:]
	for _, c := range []struct {
		name, cookie string
		cleared      int
	}{
		{"JSON", whole(object), 1},
		{"base64url", whole(encoded), 1},
		{"list of older clients", whole(list), 1},
		{"parts", parts, 3},
		{"other cookies beside it", "a=b; sb-other-auth-token=x; " + name + "-code-verifier=x; " + whole(object), 1},
	} {
		s.exec(`DELETE FROM session; UPDATE "supabaseSession" SET "usedAt" = NULL, "sessionId" = NULL`)
		a := s.bridge(`{}`, "Cookie", c.cookie, "Origin", origin)
		cleared := 0
		for _, line := range a.header["Set-Cookie"] {
			if strings.HasPrefix(line, name) && strings.HasSuffix(line, "=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax") {
				cleared++
			}
		}
		if a.status != 200 || s.sessionCount() != 1 || cleared != c.cleared {
			t.Errorf("%s: got %d %s, %d sessions and the cookies %q; want 200, one session, %d cookies of Supabase cleared",
				c.name, a.status, a.body, s.sessionCount(), a.header["Set-Cookie"], c.cleared)
		}
	}
	for _, value := range []string{"x", "base64-!", "base64-eA", "[]", "[1,2]", "5", `{"refresh_token":5}`, ""} {
		a := s.bridge(`{}`, "Cookie", whole(value), "Origin", origin)
		a.checkInvalid(t, "the cookie "+value)
		if len(a.header["Set-Cookie"]) != 1 {
			t.Errorf("the cookie %q: got the cookies %q, want it cleared", value, a.header["Set-Cookie"])
		}
	}
	s.bridge(`{}`, "Cookie", whole(object)).checkStatusAndCode(t, "no origin", 403, "MISSING_OR_NULL_ORIGIN")
}

func TestSupabaseTokensAreValidated(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t)
	ada := s.importAda()
	tooBig := func(n string) string { return "Too big: expected string to have <=" + n + " characters" }
	s.checkCases("POST", supabasePath, append(casesWithoutJSONObject("object"), []routeCase{
		{
			name: "no token", body: `{}`, status: 400,
			want: validationReply("[body] Invalid input: expected refreshToken or accessToken"),
		},
		{
			name: "empty tokens", body: `{"refreshToken":"","accessToken":""}`, status: 400,
			want: validationReply("[body] Invalid input: expected refreshToken or accessToken"),
		},
		{
			name: "wrong types", body: `{"refreshToken":5,"accessToken":null}`, status: 400, want: validationReply(
				wrongTypeProblem("body.refreshToken", "string", "number"), wrongTypeProblem("body.accessToken", "string", "null")),
		},
		{
			name: "too long", body: `{"refreshToken":"` + strings.Repeat("a", 65) + `","accessToken":"` +
				strings.Repeat("a", 8193) + `"}`,
			status: 400, want: validationReply("[body.refreshToken] "+tooBig("64"), "[body.accessToken] "+tooBig("8192")),
		},
	}...))
	for _, headers := range [][]string{
		{"Origin", "https://evil.example"},
		{"Origin", "https://evil.example", "Cookie", "a=b"},
		{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"},
	} {
		if a := s.bridge(ada.body(), headers...); a.status != 403 || !s.isUnused(ada.id) {
			t.Errorf("request with the headers %v: got %d %s, want 403, as from sign-in/email", headers, a.status, a.body)
		}
	}
}

func TestUnverifiedEmailIsRefusedUnlessItIsAPlaceholder(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t, "REQUIRE_EMAIL_VERIFICATION=on")
	for _, c := range []struct {
		email  string
		status int
		code   string
	}{
		{"eve@example.com", 403, "EMAIL_NOT_VERIFIED"},
		{"40b21bfb-d25f-4d31-a5b4-f7cd660bae87@anonymous.supabase-migration.invalid", 200, ""},
	} {
		s.exec(`DELETE FROM "user"`)
		i := s.importSession(s.insertUser(c.email), refreshToken)
		s.bridge(i.body()).checkStatusAndCode(t, c.email, c.status, c.code)
		if unused := s.isUnused(i.id); unused != (c.status != 200) {
			t.Errorf("%s: the session is unused: got %v, want %v", c.email, unused, c.status != 200)
		}
	}
}

func TestBannedUserIsRefusedUntilTheBanEnds(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t)
	ada := s.importAda()
	s.exec(banUntilSQL, s.now)
	s.bridge(ada.body()).checkStatusAndCode(t, "during the ban", 403, "BANNED_USER")
	s.now = s.now.Add(time.Millisecond)
	s.bridge(ada.body()).checkStatusAndCode(t, "after the ban", 200, "")
	if query[bool](s, `SELECT banned FROM "user"`) {
		t.Error("after the sign-in the user is banned, want the ended ban cleared")
	}
}

func TestSessionThatWouldHaveEndedAtSupabaseIsRefused(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t)
	ada := s.importAda()
	s.exec(`UPDATE "supabaseSession" SET "expiresAt" = $1`, s.now)
	s.bridge(ada.body()).checkInvalid(t, "at its end")
	s.exec(`UPDATE "supabaseSession" SET "expiresAt" = $1`, s.now.Add(time.Second))
	s.bridge(ada.body()).checkStatusAndCode(t, "before its end", 200, "")
}

func TestSupabaseSignInsHaveALimitOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t, "RATE_LIMIT=on", "CLIENT_IP=xff:1")
	s.importAda()
	for i := range 31 {
		want := 401
		if i == 30 {
			want = 429
		}
		if a := s.bridge(`{"refreshToken":"`+otherRefresh+`"}`, "X-Forwarded-For", "192.0.2.1"); a.status != want {
			t.Errorf("request %d of an IP address: got %d %s, want %d", i+1, a.status, a.body, want)
		}
	}
}
