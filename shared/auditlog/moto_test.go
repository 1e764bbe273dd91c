//go:build moto

package auditlog_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/mototest"
	"github.com/xenon-auth/xenon/shared/auditlog"
	"github.com/xenon-auth/xenon/shared/config"
)

const group = "/aws/lambda/xenon"

var moto *mototest.Server

func TestMain(m *testing.M) { mototest.RunMain(m, func(s *mototest.Server) { moto = s }) }

// newLogs returns an empty log group in a moto server without other data, and its reader.
func newLogs(t *testing.T) (*mototest.Logs, config.AWS) {
	t.Helper()
	moto.ResetAndConfigure(t)
	logs := moto.Logs(t, group)
	t.Setenv("AWS_ENDPOINT_URL", logs.URL)
	t.Setenv("AWS_LAMBDA_LOG_GROUP_NAME", group)
	return logs, mototest.AWSSettings(t)
}

// linesOf returns records as the lines that Lambda sends to CloudWatch Logs.
func linesOf(t *testing.T, records ...slog.Record) (lines []mototest.Line) {
	t.Helper()
	for _, r := range records {
		var line bytes.Buffer
		if err := slog.NewJSONHandler(&line, nil).Handle(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, mototest.Line{At: r.Time, Text: line.String()})
	}
	return lines
}

// recentRecords returns recordsOfThreeUsers of the last hour, because CloudWatch Logs accepts no lines of long ago.
func recentRecords(now time.Time) []slog.Record {
	records := recordsOfThreeUsers()
	for i := range records {
		records[i].Time = now.Add(records[i].Time.Sub(noon) - time.Hour)
	}
	return records
}

func recentQuery(userID string, limit int, now time.Time) auditlog.Query {
	return auditlog.Query{UserID: userID, From: now.AddDate(0, 0, -30), Until: now, Limit: limit}
}

func TestCloudWatchHasTheEventsOfAUserNewestFirst(t *testing.T) {
	logs, settings := newLogs(t)
	now := time.Now()
	lines := linesOf(t, recentRecords(now)...)
	lines = append(lines, mototest.Line{At: now.Add(-time.Second), Text: "START RequestId: " + ada})
	var streams [2][]mototest.Line // of two instances of functions at the same time
	for i, line := range lines {
		streams[i%2] = append(streams[i%2], line)
	}
	logs.Put(group, "2026/07/01/signin[1]", streams[0]...)
	logs.Put(group, "2026/07/01/admin[1]", streams[1]...)
	log := auditlog.NewCloudWatch(settings)
	for _, c := range []struct {
		userID  string
		limit   int
		perCall int
		want    string
	}{
		{ada, 100, 0, "6 4 3 1"},
		{ada, 100, 1, "6 4 3 1"},
		{ada, 3, 0, "6 4 3|1"},
		{ada, 1, 0, "6|4|3|1"},
		{root, 100, 2, "4 3"},
		{bo, 1, 0, "2|"},
		{"33333333-3333-4333-8333-333333333333", 10, 0, ""},
	} {
		logs.PerCall = c.perCall
		if got := readNames(t, log, recentQuery(c.userID, c.limit, now)); got != c.want {
			t.Errorf("events of %q, %d on a page: got %q, want %q", c.userID, c.limit, got, c.want)
		}
	}
}

// CloudWatch returns only the lines that the page needs, so a search does not read what the next page has.
func TestCloudWatchSearchIsLimitedToTheUserAndTheTimeWindow(t *testing.T) {
	logs, settings := newLogs(t)
	now := time.Now()
	var records []slog.Record
	for i := range 5 {
		records = append(records, newEventRecord(now.AddDate(0, 0, -i-1), fmt.Sprint(i), "userId", ada))
	}
	for i := len(records) - 1; i >= 0; i-- {
		logs.Put(group, fmt.Sprint("stream", i), linesOf(t, records[i])...)
	}
	q := auditlog.Query{UserID: ada, From: now.AddDate(0, 0, -4), Until: now.AddDate(0, 0, -2), Limit: 2}
	if got, want := readNames(t, auditlog.NewCloudWatch(settings), q), "1 2|3"; got != want {
		t.Errorf("events from four days to two days ago: got %q, want %q", got, want)
	}
	want := mototest.FilterLogEvents{
		LogGroupName: group, StartTime: q.From.UnixMilli(), EndTime: q.Until.UnixMilli(), Limit: 2,
		StartFromHead: new(bool),
		FilterPattern: `{ $.event = "*" && ($.userId = "` + ada + `" || $.subject = "` + ada + `" || ` +
			`$.impersonatedBy = "` + ada + `") }`,
	}
	if diff := cmp.Diff(logs.Calls[0], want); diff != "" {
		t.Errorf("first search (-got +want):\n%s", diff)
	}
}

func TestCloudWatchErrorsSayThatTheLogCannotBeRead(t *testing.T) {
	logs, settings := newLogs(t)
	now := time.Now()
	for _, code := range []string{"AccessDeniedException", "ThrottlingException", "ServiceUnavailableException"} {
		logs.Refuse = func(int) string { return code }
		page, err := auditlog.NewCloudWatch(settings).Read(t.Context(), recentQuery(ada, 10, now))
		if err == nil || errors.Is(err, auditlog.ErrInvalidToken) || !strings.Contains(err.Error(), code) {
			t.Errorf("a search that CloudWatch refuses with %s: got %v and the error %v, want an error with the code",
				code, page, err)
		}
	}
	logs.Refuse = nil
	other, unset, closed := settings, settings, settings
	other.LogGroup, unset.LogGroup, closed.LogsEndpoint = "/aws/lambda/other", "", "http://127.0.0.1:1"
	for want, as := range map[string]config.AWS{
		"ResourceNotFoundException": other, "AWS_LAMBDA_LOG_GROUP_NAME": unset, "connection refused": closed,
		"AWS_REGION": {LogGroup: group},
	} {
		page, err := auditlog.NewCloudWatch(as).Read(t.Context(), recentQuery(ada, 10, now))
		if err == nil || errors.Is(err, auditlog.ErrInvalidToken) || !strings.Contains(err.Error(), want) {
			t.Errorf("settings %+v: got %v and the error %v, want an error with %s", as, page, err, want)
		}
	}
}

// moto checks signatures here. It rejects the wrong key as AWS does.
func TestCloudWatchRefusesAWrongKey(t *testing.T) {
	_, settings := newLogs(t)
	moto.CheckSignatures(t)
	page, err := auditlog.NewCloudWatch(settings).Read(t.Context(), recentQuery(ada, 10, time.Now()))
	if err == nil || errors.Is(err, auditlog.ErrInvalidToken) {
		t.Errorf("a search with an unknown key: got %v and the error %v, want an error", page, err)
	}
}

func TestCloudWatchRejectsTokensOfNoPage(t *testing.T) {
	_, settings := newLogs(t)
	q := recentQuery(ada, 10, time.Now())
	q.Token = "made up"
	if _, err := auditlog.NewCloudWatch(settings).Read(
		t.Context(),
		q,
	); !errors.Is(
		err,
		auditlog.ErrInvalidToken,
	) {
		t.Errorf("a token that CloudWatch rejects: got the error %v, want ErrInvalidToken", err)
	}
}

// If CloudWatch refuses a call after others have succeeded, the page has what they found, and the next page continues.
func TestCloudWatchReturnsWhatItHasFound(t *testing.T) {
	logs, settings := newLogs(t)
	now := time.Now()
	logs.Put(group, "stream", linesOf(t, recentRecords(now)...)...)
	logs.PerCall = 2
	logs.Refuse = func(call int) string {
		if call == 2 {
			return "AccessDeniedException"
		}
		return ""
	}
	log := auditlog.NewCloudWatch(settings)
	if got, want := readNames(t, log, recentQuery(ada, 10, now)), "6|4 3 1"; got != want {
		t.Errorf("pages if the second call is refused: got %q, want %q", got, want)
	}
}
