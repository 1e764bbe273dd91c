package auditlog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/auditlog"
)

const (
	ada  = "11111111-1111-4111-8111-111111111111"
	bo   = "22222222-2222-4222-8222-222222222222"
	root = "99999999-9999-4999-8999-999999999999"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// newRecord returns a log record like those of shared/web. attrs has names and values.
func newRecord(at time.Time, attrs ...any) slog.Record {
	r := slog.NewRecord(at, slog.LevelInfo, "request", 0)
	r.Add("route", "POST /api/auth/x", "status", 200, "ms", 1.5, "cold", false, "requestId", at.Format("15:04:05"))
	r.Add(attrs...)
	return r
}

func newEventRecord(at time.Time, event string, attrs ...any) slog.Record {
	r := newRecord(at, attrs...)
	r.Add("event", event, "result", "ok", "ip", "192.0.2.1", "agent", "Browser/1")
	return r
}

// recordsOfThreeUsers returns records, one a minute. Those with the events 1, 3, 4 and 6 concern ada.
func recordsOfThreeUsers() (all []slog.Record) {
	for i, r := range []func(at time.Time) slog.Record{
		func(at time.Time) slog.Record { return newEventRecord(at, "1", "userId", ada) },
		func(at time.Time) slog.Record { return newRecord(at, "userId", ada) },
		func(at time.Time) slog.Record { return newEventRecord(at, "2", "userId", bo) },
		func(at time.Time) slog.Record { return newEventRecord(at, "3", "userId", root, "subject", ada) },
		func(at time.Time) slog.Record { return newEventRecord(at, "4", "userId", ada, "impersonatedBy", root) },
		func(at time.Time) slog.Record { return newEventRecord(at, "5", "agent", ada, "code", "userId: "+ada) },
		func(at time.Time) slog.Record { return newEventRecord(at, "6", "userId", ada, "code", "INVALID_CODE") },
	} {
		all = append(all, r(noon.Add(time.Duration(i)*time.Minute)))
	}
	return all
}

func newBuffer(t *testing.T, size int, records ...slog.Record) *auditlog.Buffer {
	t.Helper()
	b := auditlog.NewBuffer(slog.NewJSONHandler(new(bytes.Buffer), nil), size)
	for _, r := range records {
		if err := b.Handle(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// queryOf returns the query for the first page of a user, of the day of noon.
func queryOf(userID string, limit int) auditlog.Query {
	return auditlog.Query{UserID: userID, From: noon.AddDate(0, 0, -1), Until: noon.AddDate(0, 0, 1), Limit: limit}
}

// readNames returns the names of the events on each page, such as "6 4|3 1".
func readNames(t *testing.T, log auditlog.Reader, q auditlog.Query) string {
	t.Helper()
	var pages []string
	for range 100 {
		page, err := log.Read(t.Context(), q)
		if err != nil {
			t.Fatalf("read %+v: %v", q, err)
		}
		var names []string
		for _, e := range page.Events {
			names = append(names, e.Event)
		}
		pages = append(pages, strings.Join(names, " "))
		if q.Token = page.Next; q.Token == "" {
			return strings.Join(pages, "|")
		}
	}
	t.Fatalf("pages of %+v: got more than 100, want an end", q)
	return ""
}

func TestBufferHasTheEventsOfAUserNewestFirst(t *testing.T) {
	t.Parallel()
	b := newBuffer(t, 100, recordsOfThreeUsers()...)
	for _, c := range []struct {
		userID string
		limit  int
		want   string
	}{
		{ada, 100, "6 4 3 1"},
		{ada, 4, "6 4 3 1"},
		{ada, 3, "6 4 3|1"},
		{ada, 1, "6|4|3|1"},
		{root, 100, "4 3"},
		{bo, 1, "2"},
		{"33333333-3333-4333-8333-333333333333", 10, ""},
		{"", 10, ""},
	} {
		if got := readNames(t, b, queryOf(c.userID, c.limit)); got != c.want {
			t.Errorf("events of %q, %d on a page: got %q, want %q", c.userID, c.limit, got, c.want)
		}
	}
}

// A page does not move when other events are written between two requests.
func TestBufferContinuesAfterTheLastPage(t *testing.T) {
	t.Parallel()
	b := newBuffer(t, 100, recordsOfThreeUsers()...)
	q := queryOf(ada, 2)
	first, err := b.Read(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Handle(t.Context(), newEventRecord(noon.Add(time.Hour), "7", "userId", ada)); err != nil {
		t.Fatal(err)
	}
	q.Token = first.Next
	if got := readNames(t, b, q); got != "3 1" {
		t.Errorf("second page after a new event: got %q, want the events 3 1", got)
	}
}

func TestBufferForgetsTheOldestEvents(t *testing.T) {
	t.Parallel()
	var records []slog.Record
	for i := range 25 {
		records = append(records, newEventRecord(noon.Add(time.Duration(i)*time.Second), fmt.Sprint(i), "userId", ada))
	}
	if got, want := readNames(t, newBuffer(t, 3, records...), queryOf(ada, 2)), "24 23|22"; got != want {
		t.Errorf("events in a buffer of 3: got %q, want %q", got, want)
	}
}

func TestBufferHasTheEventsOfTheTimeWindow(t *testing.T) {
	t.Parallel()
	b := newBuffer(t, 100,
		newEventRecord(noon.Add(-time.Millisecond), "before", "userId", ada),
		newEventRecord(noon.Add(999*time.Microsecond), "first", "userId", ada),
		newEventRecord(noon.Add(time.Second+999*time.Microsecond), "last", "userId", ada),
		newEventRecord(noon.Add(time.Second+time.Millisecond), "after", "userId", ada))
	q := auditlog.Query{UserID: ada, From: noon, Until: noon.Add(time.Second), Limit: 10}
	if got, want := readNames(t, b, q), "last first"; got != want {
		t.Errorf("events from noon to a second later: got %q, want %q", got, want)
	}
}

func TestBufferRejectsTokensOfNoPage(t *testing.T) {
	t.Parallel()
	b := newBuffer(t, 100, recordsOfThreeUsers()...)
	for _, token := range []string{"x", "-1", "7", "99999999999999999999"} {
		q := queryOf(ada, 1)
		q.Token = token
		if _, err := b.Read(t.Context(), q); !errors.Is(err, auditlog.ErrInvalidToken) {
			t.Errorf("the token %q: got the error %v, want ErrInvalidToken", token, err)
		}
	}
}

func TestBufferPassesEveryRecordOn(t *testing.T) {
	t.Parallel()
	var direct, passed bytes.Buffer
	b := auditlog.NewBuffer(slog.NewTextHandler(&passed, nil), 2)
	for _, r := range recordsOfThreeUsers() {
		for _, h := range []slog.Handler{b, slog.NewTextHandler(&direct, nil)} {
			if err := h.Handle(context.Background(), r); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff(passed.String(), direct.String()); diff != "" || direct.Len() == 0 {
		t.Errorf("output behind the buffer (-got +want):\n%s", diff)
	}
}

func TestEventHasTheFieldsOfTheRecord(t *testing.T) {
	t.Parallel()
	b := newBuffer(t, 1, newEventRecord(noon.Add(7*time.Millisecond), "admin-ban",
		"userId", root, "subject", ada, "impersonatedBy", bo, "code", "X", "error", "not for a page"))
	page, err := b.Read(t.Context(), queryOf(ada, 1))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(page.Events[0])
	if err != nil {
		t.Fatal(err)
	}
	want := `{"time":"2026-07-01T12:00:00.007Z","event":"admin-ban","result":"ok","status":200,"code":"X",` +
		`"userId":"` + root + `","subject":"` + ada + `","impersonatedBy":"` + bo + `",` +
		`"ip":"192.0.2.1","agent":"Browser/1","requestId":"12:00:00"}`
	if diff := cmp.Diff(string(got), want); diff != "" {
		t.Errorf("JSON of an event (-got +want):\n%s", diff)
	}
}

// Any code of the process may log, so a record may have the name of a field with a value of another type.
func TestRecordWithValueOfAnotherTypeIsKept(t *testing.T) {
	t.Parallel()
	b := newBuffer(t, 3, newEventRecord(noon, "1", "userId", ada, "status", "ok"))
	if got := readNames(t, b, queryOf(ada, 10)); got != "1" {
		t.Errorf("events of a record with a text as its status: %q, want 1", got)
	}
}
