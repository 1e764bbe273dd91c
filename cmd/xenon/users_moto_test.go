//go:build moto

package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/mototest"
	"github.com/xenon-auth/xenon/shared/auditlog"
)

// Without a database URL, the command reads it from the app secret in Secrets Manager. The test uses a real moto server
// and sets environment variables, so it is not parallel.
func TestUsersCommandsReadTheAppSecret(t *testing.T) {
	m := mototest.Start(t).SecretsManager(t)
	text, err := json.Marshal(map[string]string{
		"DATABASE_URL": newUsersDatabase(t), "BETTER_AUTH_SECRET": singleSecret,
	})
	if err != nil {
		t.Fatal(err)
	}
	arn := m.Create("app", string(text))
	for _, c := range []struct {
		arn, want string
		code      int
	}{{arn, "3 of 3 users.", exitDone}, {arn + "x", arn + "x", exitFailed}} {
		code, out, stderr := runUsers(t, "", []string{"list"}, "APP_SECRET_ARN", c.arn)
		if code != c.code || !strings.Contains(out+stderr, c.want) || strings.Contains(out+stderr, singleSecret) {
			t.Errorf("xenon users list with %s: got the exit code %d, want %d and %q\n%s%s",
				c.arn, code, c.code, c.want, out, stderr)
		}
	}
}

// With AUDIT_LOG_GROUP the record of a command is in the log group of the functions, and no change happens without it.
func TestUsersCommandsWriteTheirRecordsToCloudWatch(t *testing.T) {
	const group = "/aws/lambda/xenon"
	m := mototest.Start(t)
	m.ResetAndConfigure(t)
	logs := m.Logs(t, group)
	settings := mototest.AWSSettings(t)
	settings.LogGroup, settings.LogsEndpoint = group, logs.URL
	url := newUsersDatabase(t)
	run := func(group, args string) (code int, out, stderr string) {
		t.Helper()
		return runUsers(t, "", strings.Fields(args), "DATABASE_URL", url, "AUDIT_LOG_GROUP", group,
			"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", logs.URL)
	}
	before := stateOfUsers(t, url)
	for _, c := range []struct {
		group  string
		refuse string
		args   string
		want   string
	}{
		{group, "CreateLogStream", "ban grace@example.com --yes", "Nothing was changed, because the audit record"},
		{group, "PutLogEvents", "delete grace@example.com --yes", "Nothing was changed, because the audit record"},
		{group + "x", "", "sign-out grace@example.com --yes", "ResourceNotFoundException"},
		{group, "PutLogEvents", "export grace@example.com", "write to the log group " + group},
		{"not a group", "", "ban grace@example.com --yes", "AUDIT_LOG_GROUP: "},
	} {
		logs.RefuseWrite = map[string]string{c.refuse: "AccessDeniedException"}
		code, out, stderr := run(c.group, c.args)
		if code != exitFailed || out != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("xenon users %s without %s: got the exit code %d, want 1 and %q\n%s%s", c.args, c.refuse, code, c.want,
				out, stderr)
		}
	}
	if after := stateOfUsers(t, url); after != before {
		t.Errorf("rows after commands without a record: got %s, want %s", after, before)
	}
	logs.RefuseWrite = nil
	for _, args := range []string{"ban grace@example.com --yes", "export grace@example.com"} {
		if code, out, stderr := run(group, args); code != exitDone || !strings.Contains(stderr, `"subject":"`+graceID) {
			t.Errorf("xenon users %s: got the exit code %d, want 0 and the record on the standard error, too\n%s%s",
				args, code, out, stderr)
		}
	}
	if code, _, stderr := run(group, "ban ada@example.com --yes"); code != exitFailed {
		t.Errorf("ban of the last administrator: got the exit code %d, want 1\n%s", code, stderr)
	}
	for id, want := range map[string]string{graceID: "admin-user-read ok, admin-ban ok, ", adaID: "admin-ban refused, "} {
		page, err := auditlog.NewCloudWatch(settings).Read(t.Context(), auditlog.Query{
			UserID: id, From: time.Now().Add(-time.Hour), Until: time.Now().Add(time.Second), Limit: 10,
		})
		got := ""
		for _, e := range page.Events {
			got += e.Event + " " + e.Result + ", "
		}
		if err != nil || got != want {
			t.Errorf("events of %s: got %q and the error %v, want %q", id, got, err, want)
		}
	}
}
