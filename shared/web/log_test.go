package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/web"
)

func TestR52_AuditRecord(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer web.Handler
		want   map[string]any
	}{
		{
			"ok", func(w http.ResponseWriter, r *http.Request) error { return web.WriteJSON(w, 200, nil) },
			map[string]any{"result": "ok"},
		},
		{
			"refused", func(http.ResponseWriter, *http.Request) error { return web.NewError(401, "UNAUTHORIZED", "") },
			map[string]any{"result": "refused", "code": "UNAUTHORIZED"},
		},
		{"refused by a redirect", func(w http.ResponseWriter, r *http.Request) error {
			web.NoteCode(r.Context(), "INVALID_TOKEN")
			http.Redirect(w, r, "/", http.StatusFound)
			return nil
		}, map[string]any{"result": "refused", "code": "INVALID_TOKEN"}},
		{
			"failed", func(http.ResponseWriter, *http.Request) error { return context.DeadlineExceeded },
			map[string]any{"result": "failed", "code": "SERVICE_UNAVAILABLE"},
		},
		{"panicked", func(http.ResponseWriter, *http.Request) error { panic("x") }, map[string]any{"result": "failed"}},
	} {
		_, records := handleAndReadLog(t, func(w http.ResponseWriter, r *http.Request) error {
			web.NoteUser(r.Context(), "first")
			web.NoteUser(r.Context(), "user-id")
			web.Audit(r.Context(), "sign-in", "192.0.2.1", "Browser/1 (Plan 9)")
			return c.answer(w, r)
		})
		c.want["event"], c.want["ip"], c.want["agent"] = "sign-in", "192.0.2.1", "Browser/1 (Plan 9)"
		c.want["userId"], c.want["requestId"] = "user-id", "gateway-id"
		got := map[string]any{}
		for _, key := range []string{"event", "result", "code", "ip", "agent", "userId", "requestId"} {
			if v, ok := records[0][key]; ok {
				got[key] = v
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" || len(records) != 1 {
			t.Errorf("audit record (%s): got %d log records, want 1; attributes of the first (-want +got):\n%s",
				c.name, len(records), diff)
		}
		if at, err := time.Parse(time.RFC3339Nano, records[0]["time"].(string)); err != nil || at.Location() != time.UTC {
			t.Errorf("audit record (%s): got time %v, want RFC 3339 in UTC", c.name, records[0]["time"])
		}
	}
}

func TestR54_AgentIsAShortPrintableText(t *testing.T) {
	for agent, want := range map[string]string{
		"a\x1b[31m\r\nb\u009b\u202e\x7f\xff": "a�[31m��b����",
		strings.Repeat("x", 300):             strings.Repeat("x", 200),
		strings.Repeat("x", 199) + "ä":       strings.Repeat("x", 199) + "�",
		`"}{ ö 漢字`:                           `"}{ ö 漢字`,
	} {
		_, records := handleAndReadLog(t, func(w http.ResponseWriter, r *http.Request) error {
			web.Audit(r.Context(), "sign-in", "", agent)
			return nil
		})
		if got := records[0]["agent"]; got != want {
			t.Errorf("user agent %q: got %q in the log, want %q", agent, got, want)
		}
	}
}

func TestLogRecordHasLevelResultAndDuration(t *testing.T) {
	for _, c := range []struct {
		status        int
		level, result string
	}{
		{200, "INFO", "ok"},
		{399, "INFO", "ok"},
		{400, "INFO", "refused"},
		{499, "INFO", "refused"},
		{500, "ERROR", "failed"},
		{503, "ERROR", "failed"},
	} {
		_, records := handleAndReadLog(t, func(w http.ResponseWriter, r *http.Request) error {
			web.Audit(r.Context(), "sign-in", "", "")
			time.Sleep(2 * time.Millisecond)
			w.WriteHeader(c.status)
			w.WriteHeader(http.StatusTeapot) // only the first status counts
			return nil
		})
		got := records[0]
		if got["status"] != float64(c.status) || got["level"] != c.level || got["result"] != c.result {
			t.Errorf("handler that sends status %d: got log record %v, want this status, level %s and result %s",
				c.status, got, c.level, c.result)
		}
		if ms, _ := got["ms"].(float64); ms < 2 || ms > 2000 {
			t.Errorf("handler that takes 2 ms: got %v ms in the log, want 2 to 2000", got["ms"])
		}
	}
	_, records := handleAndReadLog(t, func(http.ResponseWriter, *http.Request) error { return nil })
	if records[0]["status"] != 200.0 {
		t.Errorf("handler that sends no status: got log record %v, want the status 200", records[0])
	}
}

// All records about a user have the same id, whatever form of the id an administrator has sent.
func TestSubjectHasOneForm(t *testing.T) {
	const id = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
	for sent, want := range map[string]string{
		id: id, strings.ToUpper(id): id, strings.ReplaceAll(id, "-", ""): id, "{" + id + "}": id,
		"0a1b-2c3d-4e5f-4a6b-8c7d-9e0f-1a2b-3c4d": id, "none": "none", "": "", id + "0": id + "0",
		"0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3cXY": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3cXY",
		strings.Repeat("x", 50_000):            strings.Repeat("x", 64) + "…",
		strings.Repeat("é", 64):                strings.Repeat("é", 64),
		strings.Repeat("é", 65):                strings.Repeat("é", 64) + "…",
	} {
		_, records := handleAndReadLog(t, func(_ http.ResponseWriter, r *http.Request) error {
			web.NoteSubject(r.Context(), sent)
			return nil
		})
		if got := records[0]["subject"]; got != want {
			t.Errorf("subject of a request with the id %.80q: got %.80q, want %q", sent, got, want)
		}
	}
}
