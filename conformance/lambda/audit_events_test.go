//go:build moto

package lambda

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/conformance/lambda/sandbox"
	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/mototest"
)

// An administrator reads the log lines that functions/signup has printed, from CloudWatch Logs.
func TestAdministratorReadsTheAuditEventsOfAllFunctions(t *testing.T) {
	database := dbtest.New(t)
	d := sandbox.Deploy(t, database)
	signup := d.Start("signup", sandbox.Build(t, "functions/signup"))
	root, ada := newVisitor(), newVisitor()
	root.signUp(t, signup)
	ada.signUp(t, signup)
	dbtest.Exec(t, database, `UPDATE "user" SET role = 'admin' WHERE email = $1`, root.email)
	adaID := dbtest.Value[string](t, database, `SELECT id::text FROM "user" WHERE email = $1`, ada.email)

	const group = "/aws/lambda/xenon"
	logs := mototest.Start(t).Logs(t, group)
	logs.Put(group, "signup", printedLines(t, signup)...)
	admin := d.Start("admin", sandbox.Build(t, "functions/admin"), map[string]string{
		"ADMIN": "on", "AWS_LAMBDA_LOG_GROUP_NAME": group, "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": logs.URL,
	})
	const route = "GET /api/auth/admin/list-audit-events"
	answer := root.send(admin, route, "userId="+adaID, "")
	var page struct {
		Events []struct{ Event, UserID, Result, IP string }
	}
	if err := json.Unmarshal([]byte(answer.Body), &page); err != nil || answer.StatusCode != 200 {
		t.Fatalf("list-audit-events: got %d %s, want 200 and a page\n%s", answer.StatusCode, answer.Body, admin.Output())
	}
	want := []struct{ Event, UserID, Result, IP string }{{"sign-up", adaID, "ok", ada.ip}}
	if diff := cmp.Diff(page.Events, want); diff != "" {
		t.Errorf("audit events of the second user (-got +want):\n%s", diff)
	}
	logs.Refuse = func(int) string { return "AccessDeniedException" }
	answer = root.send(admin, route, "userId="+adaID, "")
	if answer.StatusCode != 503 || !strings.Contains(answer.Body, "AUDIT_LOG_UNAVAILABLE") {
		t.Errorf("list-audit-events without the permission: got %d %s, want 503", answer.StatusCode, answer.Body)
	}
	if !admin.HasPrinted("AccessDeniedException") {
		t.Errorf("log of functions/admin: got\n%s\nwant AccessDeniedException", admin.Output())
	}
}

// printedLines returns the log records that a function has printed, after the last of its requests is among them.
func printedLines(t *testing.T, s *sandbox.Sandbox) (lines []mototest.Line) {
	t.Helper()
	for range 300 {
		lines = nil
		for text := range strings.Lines(s.Output()) {
			if strings.HasPrefix(text, "{") {
				lines = append(lines, mototest.Line{At: time.Now().Add(-time.Minute), Text: text})
			}
		}
		if len(lines) >= 2 {
			return lines
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("log records of the function: got %d, want at least 2; it printed:\n%s", len(lines), s.Output())
	return nil
}
