package auth_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const listSessionsPath = "/api/auth/list-sessions"

func TestListSessionsAnswersLikeBetterAuth(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.signUp("ada")
	id := query[string](s, `SELECT id::text FROM session`)
	s.checkCases("GET", listSessionsPath, []routeCase{
		{name: "own", who: p, status: 200, want: `[{"expiresAt":"2026-01-22T12:00:00.123Z","token":"` + p.token +
			`","createdAt":"2026-01-15T12:00:00.123Z","updatedAt":"2026-01-15T12:00:00.123Z","ipAddress":"","userAgent":"",` +
			`"userId":"` + p.id + `","id":"` + id + `"}]`},
		{name: "no session", status: 401, want: unauthorizedReply},
		{
			name:   "invalid",
			who:    signedInClient{cookie: p.cookie[:len(p.cookie)-6] + "AAAA%3D"},
			status: 401,
			want:   unauthorizedReply,
		},
	})
	s.exec(`UPDATE session SET "ipAddress" = NULL, "userAgent" = NULL`)
	if a := s.doAs(p, "GET", listSessionsPath, ""); decodeList(t, a)[0]["ipAddress"] != nil {
		t.Errorf("list-sessions with NULLs in the row, as another server may store them: got %s, want ipAddress null", a.body)
	}
	s.exec(`DELETE FROM session`)
	s.checkCases(
		"GET",
		listSessionsPath,
		[]routeCase{
			{name: "session has ended", who: p, status: 401, want: unauthorizedReply, cookies: clearedSessionCookies},
		},
	)
}

func decodeList(t *testing.T, a answer) (list []map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &list); err != nil {
		t.Fatalf("read the response %d %s as a JSON list: %v", a.status, a.body, err)
	}
	return list
}

func TestR28_ListSessionsHasOnlyLiveSessionsOfTheCaller(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	laptop := s.signUp("ada")
	s.signUp("bob")
	s.now = s.now.Add(time.Second)
	phone := s.signInAs("ada")
	s.now = s.now.Add(time.Second)
	old := s.signInAs("ada")
	s.exec(`UPDATE session SET "expiresAt" = $2 WHERE token = $1`, old.token, s.now)
	var got []any
	for _, session := range decodeList(t, s.doAs(laptop, "GET", listSessionsPath, "")) {
		got = append(got, session["token"])
	}
	if diff := cmp.Diff([]any{laptop.token, phone.token}, got); diff != "" {
		t.Errorf("tokens in list-sessions (-want +got):\n%s", diff)
	}
}

// The extension of a session does not make it fresh. The 403 response also sets the session cookie again.
func TestR27_ListSessionsNeedsAFreshSession(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.signUp("ada")
	s.now = s.now.Add(24*time.Hour - time.Millisecond)
	if a := s.doAs(p, "GET", listSessionsPath, ""); a.status != 200 {
		t.Errorf("session almost a day old: got %d %s, want 200", a.status, a.body)
	}
	s.now = s.now.Add(time.Millisecond)
	a := s.doAs(p, "GET", listSessionsPath, "")
	if a.status != 403 || a.body != notFreshReply || a.cookie() != p.cookie || a.header.Get("Set-Auth-Token") == "" {
		t.Errorf("session a day old: got %d %s, cookies %q; want 403 SESSION_NOT_FRESH, the session cookie and its token",
			a.status, a.body, a.header["Set-Cookie"])
	}
	if a := s.doAs(p, "GET", listSessionsPath, ""); a.status != 403 || len(a.header["Set-Cookie"]) > 0 {
		t.Errorf("extended session a day old: got %d %s, cookies %q, want 403 SESSION_NOT_FRESH and no cookie",
			a.status, a.body, a.header["Set-Cookie"])
	}
}
