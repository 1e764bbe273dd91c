package admin_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// requests are requests that an administrator may send, one for each endpoint that needs a right. %s is a user.
var requests = map[string]string{
	"create-user": `{"email":"new-%s@example.com","name":"New"}`, "update-user": `{"userId":"%s","data":{"name":"Eve"}}`,
	"set-role": `{"userId":"%s","role":"admin"}`, "ban-user": `{"userId":"%s"}`, "unban-user": `{"userId":"%s"}`,
	"list-user-sessions": `{"userId":"%s"}`, "revoke-user-session": `{"sessionToken":"%s"}`,
	"revoke-user-sessions": `{"userId":"%s"}`, "remove-user": `{"userId":"%s"}`,
	"set-user-password": `{"newPassword":"battery staple","userId":"%s"}`, "impersonate-user": `{"userId":"%s"}`,
}

// A user without the role cannot do anything, also to oneself, and changes nothing.
func TestR87_OnlyAdministratorsHaveRights(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada, bo := s.signUp("ada"), s.signUp("bo")
	state := func() string {
		return dbtest.Value[string](t, s.url, `
			SELECT (SELECT string_agg(u::text, ' ' ORDER BY id) FROM "user" u) ||
			       (SELECT string_agg(s::text, ' ' ORDER BY id) FROM session s) ||
			       (SELECT string_agg(a::text, ' ' ORDER BY id) FROM account a)`)
	}
	for _, role := range []string{"user", "Admin", " admin", "admin ", "administrator", "user, admin", "user;admin"} {
		s.setRole(ada, role)
		before := state()
		for path, body := range requests {
			for _, target := range []string{bo.id, ada.id} {
				a := ada.post(path, fmt.Sprintf(body, target))
				if a.status != 403 || !strings.HasPrefix(a.code(), "YOU_ARE_NOT_ALLOWED_TO_") {
					t.Errorf("%s with the role %q: got %d %s, want 403", path, role, a.status, a.body)
				}
			}
		}
		for _, path := range []string{
			"/admin/list-users", "/admin/get-user?id=" + ada.id, "/admin/list-audit-events?userId=" + ada.id,
		} {
			if a := ada.do("GET", path, ""); a.status != 403 {
				t.Errorf("%s with the role %q: got %d %s, want 403", path, role, a.status, a.body)
			}
		}
		if after := state(); after != before {
			t.Errorf("rows after the refused requests with the role %q: got %s, want %s", role, after, before)
		}
	}
}

// A client cannot give itself a role, in a sign-up or later.
func TestR87_NoOneCanGiveThemselvesARole(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	eve := &client{s: s, cookies: map[string]string{}}
	for _, role := range []string{`"admin"`, `["admin"]`, `{"x":1}`, `true`} {
		body := `{"name":"Eve","email":"eve@example.com","password":"correct horse","role":` + role + `}`
		if a := eve.do("POST", "/sign-up/email", body); a.code() != "FIELD_NOT_ALLOWED" {
			t.Errorf("sign-up with the role %s: got %d %s, want FIELD_NOT_ALLOWED", role, a.status, a.body)
		}
	}
	ada := s.signUp("ada")
	for _, path := range []string{"/update-user", "/update-session"} {
		for _, body := range []string{`{"name":"A","role":"admin"}`, `{"impersonatedBy":"x","role":["admin"]}`} {
			if a := ada.do("POST", path, body); a.status != 400 {
				t.Errorf("%s %s: got %d %s, want 400", path, body, a.status, a.body)
			}
		}
	}
	if roles := dbtest.Value[string](t, s.url, `SELECT string_agg(DISTINCT role, ' ') FROM "user"`); roles != "user" {
		t.Errorf("roles of all users: got %q, want user", roles)
	}
}

// The rights are read at each request: an administrator whose role is taken has none from then on.
func TestR87_RightsEndWithTheRole(t *testing.T) {
	t.Parallel()
	s := newServer(t, "COOKIE_CACHE", "compact")
	root, ada := s.newAdmin(), s.signUp("ada")
	if a := root.post("unban-user", `{"userId":"`+ada.id+`"}`); a.status != 200 {
		t.Fatalf("unban-user: got %d %s, want 200", a.status, a.body)
	}
	s.setRole(root, "user")
	if a := root.post("unban-user", `{"userId":"`+ada.id+`"}`); a.status != 403 {
		t.Errorf("unban-user after the role was taken: got %d %s, want 403", a.status, a.body)
	}
	s.setRole(root, "admin")
	dbtest.Exec(t, s.url, `UPDATE "user" SET banned = true WHERE id = $1`, root.id)
	if a := root.post("unban-user", `{"userId":"`+ada.id+`"}`); a.status != 401 || a.body != "" {
		t.Errorf("unban-user of a banned administrator: got %d %s, want 401 without a body", a.status, a.body)
	}
}

// While an administrator acts as a user, they have the rights of the user. They cannot act as an administrator.
func TestR88_ImpersonationGivesNoRights(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	root, ada, bo := s.newAdmin(), s.signUp("ada"), s.signUp("bo")
	for _, role := range []string{"admin", "user,admin"} {
		s.setRole(bo, role)
		if a := root.post("impersonate-user", `{"userId":"`+bo.id+`"}`); a.code() != "YOU_CANNOT_IMPERSONATE_ADMINS" {
			t.Errorf("impersonate-user of a user with the role %s: got %d %s, want 403", role, a.status, a.body)
		}
	}
	if a := root.post("impersonate-user", `{"userId":"`+ada.id+`"}`); a.status != 200 || root.userOf() != ada.id {
		t.Fatalf("impersonate-user: got %d %s, want the session of the user", a.status, a.body)
	}
	for path, body := range requests {
		if a := root.post(path, fmt.Sprintf(body, bo.id)); a.status != 403 {
			t.Errorf("%s while impersonating: got %d %s, want 403", path, a.status, a.body)
		}
	}
	if a := root.post("stop-impersonating", `{}`); a.status != 200 || root.userOf() != root.id {
		t.Errorf("stop-impersonating: got %d %s, want the session of the administrator", a.status, a.body)
	}
}

// The cookie of an administrator's session is of use only in a session that this administrator has begun.
func TestR88_AdminCookieOfAnotherAdministratorIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	root, other, ada := s.newAdmin(), s.signUp("other"), s.signUp("ada")
	s.setRole(other, "admin")
	for _, c := range []*client{root, other} {
		if a := c.post("impersonate-user", `{"userId":"`+ada.id+`"}`); a.status != 200 {
			t.Fatalf("impersonate-user: got %d %s, want 200", a.status, a.body)
		}
	}
	const name = "better-auth.admin_session"
	root.cookies[name], other.cookies[name] = other.cookies[name], root.cookies[name]
	ada.cookies[name] = root.cookies[name]
	for what, c := range map[string]*client{"the other administrator's": root, "a user's own session with a": ada} {
		if a := c.post("stop-impersonating", `{}`); a.status != 400 || c.userOf() != ada.id {
			t.Errorf("stop-impersonating with %s cookie: got %d %s, want 400 and the same session", what, a.status, a.body)
		}
	}
}

func TestImpersonationLastsOneHourAndIsNotExtended(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	root, ada := s.newAdmin(), s.signUp("ada")
	root.post("impersonate-user", `{"userId":"`+ada.id+`"}`)
	delete(root.cookies, "better-auth.dont_remember") // as a client with a bearer token
	root.do("GET", "/get-session", "")
	left := dbtest.Value[string](t, s.url, `
		SELECT ("expiresAt" - "createdAt")::text FROM session WHERE "impersonatedBy" IS NOT NULL`)
	if left != "01:00:00" {
		t.Errorf("lifetime of the session after get-session: got %s, want 01:00:00", left)
	}
}

// The log record of each action names the administrator and the user.
func TestR89_AuditRecordsNameAdministratorAndUser(t *testing.T) {
	var log bytes.Buffer
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(slog.New(auditLog)) })
	s := newServer(t)
	root, ada := s.newAdmin(), s.signUp("ada")
	last := func() (record map[string]any) {
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &record); err != nil {
			t.Fatal(err)
		}
		return record
	}
	for _, step := range []struct{ path, body, event string }{
		{"set-role", `{"userId":"%s","role":"user"}`, "admin-role-change"},
		{"ban-user", `{"userId":"%s"}`, "admin-ban"},
		{"unban-user", `{"userId":"%s"}`, "admin-unban"},
		{"set-user-password", `{"userId":"%s","newPassword":"battery staple"}`, "admin-password-change"},
		{"list-user-sessions", `{"userId":"%s"}`, "admin-session-list"},
		{"impersonate-user", `{"userId":"%s"}`, "admin-impersonation"},
	} {
		root.post(step.path, fmt.Sprintf(step.body, ada.id))
		if r := last(); r["event"] != step.event || r["userId"] != root.id || r["subject"] != ada.id || r["result"] != "ok" {
			t.Errorf("log record of %s: got %v, want the event %s, the administrator and the user", step.path, r, step.event)
		}
	}
	root.do("POST", "/update-user", `{"name":"Changed"}`)
	if r := last(); r["userId"] != ada.id || r["impersonatedBy"] != root.id {
		t.Errorf("log record while impersonating: got %v, want the user and the administrator", r)
	}
	root.post("stop-impersonating", `{}`)
	if r := last(); r["event"] != "admin-impersonation-end" || r["userId"] != root.id || r["subject"] != ada.id {
		t.Errorf("log record of stop-impersonating: got %v, want the administrator and the user", r)
	}
	if strings.Contains(log.String(), "battery staple") {
		t.Error("the log contains the new password")
	}
}

// Without ADMIN the endpoints answer as if they did not exist, before they read the request.
func TestEndpointsDoNotExistWithoutAdmin(t *testing.T) {
	t.Parallel()
	s := newServer(t, "ADMIN", "off")
	ada := s.signUp("ada")
	s.setRole(ada, "admin")
	for path, body := range requests {
		if a := ada.post(path, fmt.Sprintf(body, ada.id)); a.status != 404 || a.body != "" {
			t.Errorf("%s with ADMIN=off: got %d %s, want 404 without a body", path, a.status, a.body)
		}
	}
}

func TestEndpointsTakeFewRoundTrips(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	root, ada := s.newAdmin(), s.signUp("ada")
	for path, want := range map[string]int{
		"update-user": 2, "set-role": 2, "ban-user": 2, "unban-user": 2, "list-user-sessions": 2,
		"revoke-user-session": 2, "revoke-user-sessions": 2, "set-user-password": 3, "create-user": 2, "remove-user": 3,
	} {
		target := ada.id
		if path == "remove-user" {
			target = s.signUp("removed").id
		}
		if path == "set-role" {
			target = s.signUp("promoted").id
		}
		before := s.wire.RoundTrips()
		if a := root.post(path, fmt.Sprintf(requests[path], target)); a.status != 200 {
			t.Errorf("%s: got %d %s, want 200", path, a.status, a.body)
		}
		if got := s.wire.RoundTrips() - before; got != want {
			t.Errorf("%s: got %d round trips, want %d", path, got, want)
		}
	}
}
