package admin_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/auditlog"
)

// auditPage is the body of an answer of list-audit-events.
type auditPage struct {
	Events []auditlog.Event
	Cursor string
}

// auditEvents returns the page of audit events that a query selects.
func (c *client) auditEvents(query string) auditPage {
	c.s.t.Helper()
	a := c.do("GET", "/admin/list-audit-events?"+query, "")
	var page auditPage
	if err := json.Unmarshal([]byte(a.body), &page); err != nil || a.status != http.StatusOK {
		c.s.t.Fatalf("list-audit-events?%s: got %d %s, want 200 and a page", query, a.status, a.body)
	}
	return page
}

// The events of a user are those that the user has caused, those that administrators have caused on the user, and those
// of administrators who act as the user.
func TestAuditEventsOfAUserNameWhoActed(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	root, ada, bo := s.newAdmin(), s.signUp("ada"), s.signUp("bo")
	token := s.sessionTokenOf(ada)
	root.post("set-role", `{"userId":"`+ada.id+`","role":"user"}`)
	root.post("set-role", `{"userId":"`+bo.id+`","role":"user"}`)
	root.do("GET", "/admin/get-user?id="+strings.ToUpper(ada.id), "")
	root.post("revoke-user-session", `{"sessionToken":"`+token+`"}`)
	root.post("impersonate-user", `{"userId":"`+ada.id+`"}`)
	root.do("POST", "/verify-password", `{"password":"wrong"}`)
	root.post("stop-impersonating", `{}`)
	page := root.auditEvents("userId=" + ada.id)
	var got []string
	for _, e := range page.Events {
		who := strings.NewReplacer(
			root.id,
			"root",
			ada.id,
			"ada",
		).Replace(
			e.UserID + "/" + e.Subject + "/" + e.ImpersonatedBy,
		)
		got = append(got, e.Event+" "+who+" "+e.Result+" "+e.Code)
	}
	want := []string{
		"admin-impersonation-end root/ada/root ok ", "password-check ada//root refused INVALID_PASSWORD",
		"admin-impersonation root/ada/ ok ", "admin-session-revoke root/ada/ ok ", "admin-user-read root/ada/ ok ",
		"admin-role-change root/ada/ ok ", "sign-up ada// ok ",
	}
	if diff := cmp.Diff(got, want); diff != "" || page.Cursor != "" {
		t.Errorf("events of ada, and the cursor %q (-got +want):\n%s", page.Cursor, diff)
	}
	ofRoot := root.auditEvents("userId=" + strings.ToUpper(root.id) + "&limit=2").Events
	if len(ofRoot) != 2 || ofRoot[0].Event != "admin-audit-read" || ofRoot[0].Subject != ada.id {
		t.Errorf("events of root: got %+v, want two, the newest of which is that root has read those of ada", ofRoot)
	}
}

func TestAuditEventsHavePages(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	root, ada := s.newAdmin(), s.signUp("ada")
	for i := range 4 {
		root.post("set-role", fmt.Sprintf(`{"userId":%q,"role":"user"%s}`, ada.id, strings.Repeat(" ", i)))
	}
	var events []string
	query := "userId=" + ada.id + "&limit=2"
	for next := query; next != ""; {
		page := root.auditEvents(next)
		if len(page.Events) > 2 {
			t.Fatalf("events on a page: got %d, want at most 2", len(page.Events))
		}
		for _, e := range page.Events {
			events = append(events, e.Event)
		}
		if next = ""; page.Cursor != "" {
			next = query + "&cursor=" + page.Cursor
		}
	}
	want := strings.Repeat("admin-role-change ", 4) + "sign-up"
	if got := strings.Join(events, " "); got != want {
		t.Errorf("events on all pages: got %q, want %q; reading them adds none", got, want)
	}
}

func TestAuditEventsNeedValidParameters(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	root := s.newAdmin()
	future := strconv.FormatInt(time.Now().Add(time.Hour).UnixMilli(), 10)
	for query, want := range map[string]string{
		"":                                     "VALIDATION_ERROR",
		"userId=a&userId=b":                    "VALIDATION_ERROR",
		"userId=":                              "INVALID_USER_ID",
		"userId=none":                          "INVALID_USER_ID",
		"userId=%22%20||%20$.event%20=%20%22*": "INVALID_USER_ID",
		"userId={id}&limit=0":                  "INVALID_LIMIT",
		"userId={id}&limit=101":                "INVALID_LIMIT",
		"userId={id}&limit=":                   "INVALID_LIMIT",
		"userId={id}&limit=1&limit=2":          "VALIDATION_ERROR",
		"userId={id}&days=0":                   "INVALID_DAYS",
		"userId={id}&days=367":                 "INVALID_DAYS",
		"userId={id}&days=1.5":                 "INVALID_DAYS",
		"userId={id}&cursor=":                  "INVALID_CURSOR",
		"userId={id}&cursor=x":                 "INVALID_CURSOR",
		"userId={id}&cursor=1":                 "INVALID_CURSOR",
		"userId={id}&cursor=1.":                "INVALID_CURSOR",
		"userId={id}&cursor=1.x":               "INVALID_CURSOR",
		"userId={id}&cursor=" + future + ".1":  "INVALID_CURSOR",
	} {
		a := root.do("GET", "/admin/list-audit-events?"+strings.ReplaceAll(query, "{id}", root.id), "")
		if a.status != 400 || a.code() != want {
			t.Errorf("list-audit-events?%s: got %d %s, want 400 %s", query, a.status, a.body, want)
		}
	}
}

func TestAuditEventsAreForAdministrators(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	root, ada := s.newAdmin(), s.signUp("ada")
	path := "/admin/list-audit-events?userId=" + ada.id
	if a := ada.do("GET", path, ""); a.code() != "YOU_ARE_NOT_ALLOWED_TO_LIST_AUDIT_EVENTS" || a.status != 403 {
		t.Errorf("the user's own events: got %d %s, want 403", a.status, a.body)
	}
	anonymous := &client{s: s, cookies: map[string]string{}}
	if a := anonymous.do("GET", path, ""); a.status != 401 || a.body != "" {
		t.Errorf("without a session: got %d %s, want 401 without a body", a.status, a.body)
	}
	root.post("impersonate-user", `{"userId":"`+ada.id+`"}`)
	if a := root.do("GET", path, ""); a.status != 403 {
		t.Errorf("while impersonating: got %d %s, want 403", a.status, a.body)
	}
	off := newServer(t, "ADMIN", "off")
	if a := off.signUp("ada").do("GET", path, ""); a.status != 404 || a.body != "" {
		t.Errorf("with ADMIN=off: got %d %s, want 404 without a body", a.status, a.body)
	}
}

// unreadable is an audit log that cannot be read.
type unreadable struct{}

func (unreadable) Read(context.Context, auditlog.Query) (auditlog.Page, error) {
	return auditlog.Page{}, errors.New("AccessDeniedException: arn:aws:sts::123456789012:assumed-role/xenon")
}

func TestAuditLogThatCannotBeReadIsUnavailable(t *testing.T) {
	t.Parallel()
	s := newServerWithAuditLog(t, unreadable{})
	root := s.newAdmin()
	a := root.do("GET", "/admin/list-audit-events?userId="+root.id, "")
	if a.status != 503 || a.code() != "AUDIT_LOG_UNAVAILABLE" || strings.Contains(a.body, "arn:") {
		t.Errorf("list-audit-events: got %d %s, want 503 AUDIT_LOG_UNAVAILABLE without the reason", a.status, a.body)
	}
}

func TestAuditEventsHaveARateLimitOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := newServer(t, "RATE_LIMIT", "on")
	ada := s.signUp("ada")
	for i := range 31 {
		a := ada.do("GET", "/admin/list-audit-events?userId="+ada.id, "")
		if want := map[bool]int{true: 403, false: 429}[i < 30]; a.status != want {
			t.Fatalf("request %d: got %d %s, want %d", i+1, a.status, a.body, want)
		}
	}
}
