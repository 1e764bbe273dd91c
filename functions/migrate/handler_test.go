package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/stepfn"
)

const password = "hunter2"

// newHandler returns a handler whose databases do not exist, and its log.
func newHandler() (handler, *bytes.Buffer) {
	var log bytes.Buffer
	return handler{
		cfg: config.Import{
			FromDatabaseURL: "postgres://user:" + password + "@127.0.0.1:6543/postgres", // rejected without a connection
			ToDatabaseURL:   "postgres://user:" + password + "@127.0.0.1:1/none",
		},
		log: slog.New(slog.NewJSONHandler(&log, nil)),
		now: func() time.Time { return time.Unix(1_800_000_000, 0) },
	}, &log
}

// Retry and Catch of the state machine use the types of errors.
func TestRefusedEventsHaveTheTypeRefusedAndShowNoPassword(t *testing.T) {
	t.Parallel()
	for event, want := range map[string]string{
		`[]`:                                  "Refused",
		`{"action":"unheard of"}`:             "Refused",
		`{"action":"input","input":{"x":1}}`:  "Refused",
		`{"action":"plan","job":{"run":"r"}}`: "Refused",
	} {
		h, log := newHandler()
		_, err := h.handle(t.Context(), json.RawMessage(event))
		got, ok := errors.AsType[messages.InvokeResponse_Error](err)
		if !ok || got.Type != want || got.Message == "" {
			t.Errorf("%s: got %+v, want an error of type %s with a message", event, err, want)
		}
		if text := got.Message + log.String(); strings.Contains(text, password) {
			t.Errorf("%s: the answer or the log contains the password of a database URL: %s", event, text)
		}
		var record struct{ Level, Msg, Type string }
		if err := json.Unmarshal(log.Bytes(), &record); err != nil || record.Level != "ERROR" || record.Type != want {
			t.Errorf("%s: the log is not one JSON record with the level ERROR and the type %s: %v\n%s", event, want, err, log)
		}
	}
}

// The state machine retries actions that fail with the type Unavailable, and none that fail with Refused.
func TestTemporaryErrorsOfActionsHaveTheTypeUnavailable(t *testing.T) {
	t.Parallel()
	source, target := dbtest.NewErrorProxy(t, supabasetest.New(t)), dbtest.NewErrorProxy(t, dbtest.New(t))
	h := handler{
		cfg: config.Import{FromDatabaseURL: config.Secret(source.URL()), ToDatabaseURL: config.Secret(target.URL())},
		log: slog.New(slog.DiscardHandler), now: time.Now,
	}
	rejected := dbtest.ServerError{Severity: "FATAL", Code: "XX000", Message: "Tenant or user not found"}
	cases := 0
	for _, e := range append(dbtest.TransientErrors(), rejected) {
		source.SetError(e, dbtest.AtConnect, 1, -1)
		target.SetError(e, dbtest.AtConnect, 1, -1)
		var all sync.WaitGroup
		for _, action := range []string{
			"plan", "begin", "park", "close", "copy", "verify", "verdict", "tables", "verifyTables", "report", "gate",
			"rollback",
		} {
			cases++
			all.Go(func() {
				ctx, stop := t.Context(), func() {}
				if e != rejected { // the retries end soon, as in an invocation that reaches its deadline
					ctx, stop = context.WithTimeout(ctx, 100*time.Millisecond)
				}
				defer stop()
				event := fmt.Sprintf(
					`{"action":%q,"job":{"run":"r","holder":"h","options":{"run":"r"}},"lane":{"lanes":1}}`,
					action,
				)
				answer, err := h.handle(ctx, json.RawMessage(event))
				want := "Unavailable"
				if e == rejected {
					want = "Refused"
				}
				if want == "Unavailable" && (answer == stepfn.StepResult{} || isUnfinished(answer)) {
					return // the action stopped before its deadline without an error; the state machine repeats it
				}
				if got, _ := errors.AsType[messages.InvokeResponse_Error](err); got.Type != want {
					t.Errorf("the action %s, while both databases return %v: got the answer %v and the error %v, want an error of "+
						"type %s", action, e, answer, err, want)
				}
			})
		}
		all.Wait()
		source.ClearError()
		target.ClearError()
	}
	t.Logf("%d cases", cases)
}

// isUnfinished reports whether an answer is that of an action that stopped before its deadline.
func isUnfinished(answer any) bool {
	switch a := answer.(type) {
	case stepfn.RollbackResult:
		return !a.Done
	case stepfn.TablesResult:
		return !a.Done
	}
	return false
}

func TestR49_PanicsAreFailures(t *testing.T) {
	t.Parallel()
	h, log := newHandler()
	h.now = func() time.Time { panic("no clock") }
	_, err := h.handle(t.Context(), json.RawMessage(`{}`))
	got, ok := errors.AsType[messages.InvokeResponse_Error](err)
	if !ok || got.Type != "Failed" || strings.Contains(got.Message, "clock") {
		t.Errorf("an action that panics: got %v, want an error of type Failed without the text of the panic", err)
	}
	n, text := strings.Count(log.String(), "\n"), log.String()
	if n != 1 || !strings.Contains(text, "no clock") || !strings.Contains(text, "handler.go") {
		t.Errorf("an action that panics: got %d log records, want one with the text and the place of the panic:\n%s", n, text)
	}
}

// The creation of an index or a policy has no number, and a directive without metrics is invalid.
func TestLogRecordWithoutNumbersHasNoMetrics(t *testing.T) {
	t.Parallel()
	h, log := newHandler()
	h.logProgress(importer.Event{Run: "supabase", Action: "indexes", Table: "public.posts_pkey"})
	if text := log.String(); strings.Contains(text, "_aws") || !strings.Contains(text, `"table":"public.posts_pkey"`) {
		t.Errorf("the creation of an index: got %s, want the name of the index and no directive for metrics", text)
	}
}

func TestHandlerAnswersAndWritesOneLogRecord(t *testing.T) {
	t.Parallel()
	h, log := newHandler()
	got, err := h.handle(
		t.Context(),
		json.RawMessage(`{"action":"input","input":{},"execution":{"Name":"tuesday","RoleArn":"arn:aws:iam::1:role/x"}}`),
	)
	if err != nil {
		t.Fatal(err)
	}
	if job, ok := got.(stepfn.Job); !ok || job.Holder != "the execution tuesday" {
		t.Errorf("the action input: got %+v, want a job whose holder is the execution tuesday", got)
	}
	if n := strings.Count(log.String(), "\n"); n != 1 {
		t.Errorf("the action input: got %d log records, want 1:\n%s", n, log)
	}
}

// The log record of a batch has metrics for CloudWatch in EMF: every metric that its directive names is a number in the
// record.
func TestLogRecordOfABatchHasMetrics(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]map[string]float64{
		"copy": {
			"Rows": 5000, "Copied": 3000, "Unchanged": 1000, "Identical": 500, "Folded": 400, "Quarantined": 100,
			"Duration": 1500, "Parked": 1,
		},
		"verify":                {"Verified": 5000, "Different": 7, "VerifyDuration": 1500, "Parked": 1},
		"tables":                {"TableRows": 3000, "TableDuration": 1500, "Parked": 1},
		"verify tables":         {"TableRowsVerified": 5000, "Parked": 1},
		"rollback":              {"Removed": 3000, "RollbackDuration": 1500, "Parked": 1},
		"dry run of a rollback": {"WouldRemove": 3000, "RollbackDuration": 1500, "Parked": 1},
	} {
		h, log := newHandler()
		isDryRun := action == "dry run of a rollback"
		if isDryRun {
			action = "rollback"
		}
		h.logProgress(importer.Event{
			Run:         "supabase",
			Action:      action,
			Table:       "public.posts",
			DryRun:      isDryRun,
			Pass:        2,
			Batch:       3,
			Batches:     9,
			Done:        4,
			Rows:        5000,
			Copied:      3000,
			Unchanged:   1000,
			Identical:   500,
			Folded:      400,
			Quarantined: 100,
			Different:   7,
			Took:        1500 * time.Millisecond,
			Parked:      "SQLSTATE 23514",
		})
		var record map[string]any
		if err := json.Unmarshal(log.Bytes(), &record); err != nil {
			t.Fatalf("%s: the log is not one JSON record: %v\n%s", action, err, log)
		}
		var emf struct {
			AWS struct {
				Timestamp         int64
				CloudWatchMetrics []struct {
					Namespace  string
					Dimensions [][]string
					Metrics    []struct{ Name, Unit string }
				}
			} `json:"_aws"`
		}
		if err := json.Unmarshal(log.Bytes(), &emf); err != nil {
			t.Fatal(err)
		}
		if emf.AWS.Timestamp != 1_800_000_000_000 || len(emf.AWS.CloudWatchMetrics) != 1 {
			t.Fatalf("%s: the member _aws is %+v, want the time of the clock and one directive", action, emf.AWS)
		}
		d := emf.AWS.CloudWatchMetrics[0]
		diff := cmp.Diff(d.Dimensions, [][]string{{"Run"}})
		if diff != "" || d.Namespace != "Xenon/Import" || record["Run"] != "supabase" {
			t.Errorf("%s: got the namespace %s and the run %v, want Xenon/Import and supabase; dimensions (-got +want):\n%s",
				action, d.Namespace, record["Run"], diff)
		}
		got := map[string]float64{}
		for _, m := range d.Metrics {
			value, ok := record[m.Name].(float64)
			unit := map[bool]string{true: "Milliseconds", false: "Count"}[strings.HasSuffix(m.Name, "Duration")]
			if !ok || m.Unit != unit {
				t.Errorf("%s: the metric %s has the value %v and the unit %s, want a number and %s",
					action, m.Name, record[m.Name], m.Unit, unit)
			}
			got[m.Name] = value
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s: metrics (-got +want):\n%s", action, diff)
		}
		if record["table"] != "public.posts" {
			t.Errorf("%s: the record has the table %v, want public.posts", action, record["table"])
		}
		position := fmt.Sprintf("%v %v %v %v %v",
			record["action"], record["pass"], record["batch"], record["batches"], record["done"])
		if position != action+" 2 3 9 4" {
			t.Errorf("%s: the record has action, pass, batch, batches and done %q, want %q", action, position, action+" 2 3 9 4")
		}
	}
}
