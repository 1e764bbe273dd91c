package web_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/web"
)

// metricsOf reads the metrics of a log record as CloudWatch does. It returns the unit and the value of the dimension of
// each metric, "" if the metric has no dimension. Every metric that the record declares must be a member with a number.
func metricsOf(t *testing.T, record map[string]any) map[string][]any {
	t.Helper()
	var aws struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	}
	text, err := json.Marshal(record["_aws"])
	if err == nil {
		err = json.Unmarshal(text, &aws)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(aws.CloudWatchMetrics) > 0 && aws.Timestamp < 1e12 {
		t.Errorf("metrics in a log record: got the timestamp %d, want milliseconds since 1970", aws.Timestamp)
	}
	got := map[string][]any{}
	for _, d := range aws.CloudWatchMetrics {
		if d.Namespace != "Xenon" || len(d.Dimensions) != 1 || len(d.Dimensions[0]) > 1 || len(d.Metrics) != 1 {
			t.Fatalf("metrics in a log record: got the directive %+v, want namespace Xenon, one metric and one set of at "+
				"most one dimension",
				d)
		}
		m := d.Metrics[0]
		if _, ok := record[m.Name].(float64); !ok {
			t.Errorf("member %s of the log record: got %v, want a number", m.Name, record[m.Name])
		}
		got[m.Name] = []any{m.Unit, ""}
		for _, name := range d.Dimensions[0] {
			got[m.Name] = []any{m.Unit, record[name]}
		}
	}
	return got
}

func TestMetricsAreInTheRecordOfTheRequest(t *testing.T) {
	latencyMetric := []any{"Milliseconds", "GET /x"}
	for _, c := range []struct {
		name  string
		event string
		err   error
		waits int
		drops int
		left  string // names of claims
		want  map[string][]any
	}{
		{"any request", "", nil, 0, 0, "", map[string][]any{"ms": latencyMetric}},
		{"sign-up", "sign-up", nil, 0, 0, "", map[string][]any{"ms": latencyMetric, "SignUps": {"Count", ""}}},
		{"refused sign-up", "sign-up", web.NewError(422, "X", ""), 0, 0, "", map[string][]any{"ms": latencyMetric}},
		{"redirected sign-up", "sign-up", web.NewError(399, "X", ""), 0, 0, "", map[string][]any{
			"ms":      latencyMetric,
			"SignUps": {"Count", ""},
		}},
		{"invalid sign-up", "sign-up", web.NewError(400, "X", ""), 0, 0, "", map[string][]any{"ms": latencyMetric}},
		{"token", "token", nil, 0, 0, "", map[string][]any{"ms": latencyMetric}},
		{"sign-in", "sign-in", nil, 0, 0, "", map[string][]any{"ms": latencyMetric, "SignIns": {"Count", "ok"}}},
		{
			"refused sign-in", "sign-in", web.NewError(401, "X", ""), 0, 0, "",
			map[string][]any{"ms": latencyMetric, "SignIns": {"Count", "refused"}},
		},
		{"failed sign-in", "sign-in", http.ErrAbortHandler, 0, 0, "", map[string][]any{
			"ms":      latencyMetric,
			"SignIns": {"Count", "failed"},
		}},
		{"waited", "", nil, 2, 0, "", map[string][]any{"ms": latencyMetric, "PoolWaits": {"Count", ""}}},
		{"dropped mails", "", nil, 0, 2, "", map[string][]any{"ms": latencyMetric, "MailsDropped": {"Count", ""}}},
		{"claims left out", "token", nil, 0, 0, "user_metadata, image", map[string][]any{
			"ms":            latencyMetric,
			"ClaimsLeftOut": {"Count", ""},
		}},
	} {
		_, records := handleAndReadLog(t, func(_ http.ResponseWriter, r *http.Request) error {
			if c.event != "" {
				web.Audit(r.Context(), c.event, "", "")
			}
			for range c.waits {
				web.NotePoolWaits(r.Context(), 1)
			}
			for range c.drops {
				web.NoteMailDropped(r.Context(), "reset-password")
			}
			if c.left != "" {
				web.NoteClaimsLeftOut(r.Context(), c.left)
			}
			return c.err
		})
		if len(records) != 1 {
			t.Fatalf("%s: got %d log records, want 1", c.name, len(records))
		}
		got := metricsOf(t, records[0])
		if _, counted := got["ColdStarts"]; counted != (records[0]["cold"] == true) {
			t.Errorf("%s: cold is %v, has the metric ColdStarts: %v; want the metric only if cold is true",
				c.name, records[0]["cold"], counted)
		}
		delete(got, "ColdStarts") // only the first request of the process has it
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: metrics (-want +got):\n%s", c.name, diff)
		}
		if c.waits > 0 && records[0]["PoolWaits"] != float64(c.waits) {
			t.Errorf("%d waits for a connection: got PoolWaits %v, want the same number", c.waits, records[0]["PoolWaits"])
		}
		if c.drops > 0 && (records[0]["MailsDropped"] != float64(c.drops) || records[0]["mailDropped"] != "reset-password") {
			t.Errorf("%d mails of kind reset-password dropped: got MailsDropped %v, mailDropped %v; want the same",
				c.drops, records[0]["MailsDropped"], records[0]["mailDropped"])
		}
		if got, _ := records[0]["claimsLeftOut"].(string); got != c.left {
			t.Errorf("%s: got claimsLeftOut %q, want %q", c.name, got, c.left)
		}
	}
}

func TestRequestsOutsideOfAPIGatewayHaveNoMetrics(t *testing.T) {
	log := captureLog(t)
	h := web.Routes{"GET /x": func(http.ResponseWriter, *http.Request) error { return nil }}.Mux(config.API{})
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/x", nil))
	var line map[string]any
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line["_aws"] != nil || line["msg"] != "request" {
		t.Errorf("request without an id of API Gateway: got log record %v, want no metrics", line)
	}
}

// captureLog returns a buffer that gets all log records until the test ends. Parallel tests cannot use it, because it
// replaces the default logger.
func captureLog(t *testing.T) *bytes.Buffer {
	t.Helper()
	var log bytes.Buffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(old) })
	return &log
}
