//go:build moto

package auditlog_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/auditlog"
)

// commandRecord returns the JSON of a record of a command. attrs has names and values.
func commandRecord(t *testing.T, at time.Time, attrs ...any) []byte {
	t.Helper()
	r := slog.NewRecord(at, slog.LevelInfo, "command", 0)
	r.Add("command", "users ban", "operator", "ops@laptop")
	r.Add(attrs...)
	var line bytes.Buffer
	if err := slog.NewJSONHandler(&line, nil).Handle(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return line.Bytes()
}

// A page has the records of commands among those of the functions. Its agent says who has run which command.
func TestRecordsOfCommandsAreEventsOfTheUser(t *testing.T) {
	logs, settings := newLogs(t)
	now := time.Now().Truncate(time.Millisecond)
	logs.Put(group, "signin", linesOf(t, newEventRecord(now.Add(-time.Minute), "sign-in", "userId", ada))...)
	w := auditlog.NewWriter(settings, time.Now)
	for _, attrs := range [][]any{
		{"begins", "admin-ban", "subject", ada}, // no event yet
		{"event", "admin-ban", "result", "ok", "subject", ada},
		{"event", "admin-ban", "result", "ok", "subject", bo},
	} {
		if err := w.Write(t.Context(), now, commandRecord(t, now, attrs...)); err != nil {
			t.Fatal(err)
		}
	}
	page, err := auditlog.NewCloudWatch(settings).Read(t.Context(), recentQuery(ada, 10, time.Now()))
	if err != nil || len(page.Events) != 2 {
		t.Fatalf("events of the user: got %+v and the error %v, want two", page.Events, err)
	}
	want := auditlog.Event{
		Time: auditlog.Time{
			Time: now,
		},
		Event:   "admin-ban",
		Result:  "ok",
		Subject: ada,
		Agent:   "xenon users ban by ops@laptop",
	}
	if diff := cmp.Diff(want, page.Events[0]); diff != "" {
		t.Errorf("newest event (-want +got):\n%s", diff)
	}
	if got := page.Events[1].Event; got != "sign-in" {
		t.Errorf("event before: got %q, want sign-in", got)
	}
}

func TestWriterReturnsAnErrorUnlessCloudWatchAcceptsTheRecord(t *testing.T) {
	logs, settings := newLogs(t)
	now := time.Now()
	other, unset := settings, settings
	other.LogGroup, unset.AccessKeyID = "/aws/lambda/other", ""
	record := commandRecord(t, now)
	for _, c := range []struct {
		what   string
		w      *auditlog.Writer
		at     time.Time
		refuse map[string]string
		want   string
	}{
		{"no such group", auditlog.NewWriter(other, time.Now), now, nil, "ResourceNotFoundException"},
		{"no credentials", auditlog.NewWriter(unset, time.Now), now, nil, "AWS_ACCESS_KEY_ID"},
		{
			"no right to create a stream", auditlog.NewWriter(settings, time.Now), now,
			map[string]string{"CreateLogStream": "AccessDeniedException"},
			"create a log stream in " + group,
		},
		{
			"no right to write", auditlog.NewWriter(settings, time.Now), now,
			map[string]string{"PutLogEvents": "AccessDeniedException"},
			"write to the log group " + group,
		},
		{"a clock in the past", auditlog.NewWriter(settings, time.Now), now.AddDate(0, -1, 0), nil, "rejected the record"},
	} {
		logs.RefuseWrite = c.refuse
		if err := c.w.Write(t.Context(), c.at, record); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got the error %v, want one with %q", c.what, err, c.want)
		}
	}
}

// moto checks signatures here.
func TestWriterRefusesAWrongKey(t *testing.T) {
	_, settings := newLogs(t)
	moto.CheckSignatures(t)
	if err := auditlog.NewWriter(
		settings,
		time.Now,
	).Write(
		t.Context(),
		time.Now(),
		commandRecord(t, time.Now()),
	); err == nil {
		t.Error("a write with an unknown key: got no error, want one")
	}
}
