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

// Retry and Catch of the state machine use the types of these errors.
func TestErrorsHaveTypesThatTheStateMachineKnows(t *testing.T) {
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
			t.Errorf("%s: the answer or the log shows a password: %s", event, text)
		}
		var record struct{ Level, Msg, Type string }
		if err := json.Unmarshal(log.Bytes(), &record); err != nil || record.Level != "ERROR" || record.Type != want {
			t.Errorf("%s: the log is not one JSON record of an error: %v\n%s", event, err, log)
		}
	}
}

// The state machine retries every action that fails with a temporary error, and no action whose error an operator must
// resolve.
func TestTemporaryErrorsOfActionsAreRetried(t *testing.T) {
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
			"plan", "begin", "park", "close", "copy", "verify", "verdict", "report", "gate",
			"rollback",
		} {
			cases++
			all.Go(func() {
				ctx, stop := t.Context(), func() {}
				if e != rejected { // as in an invocation that is about to end
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
					return // the action stopped at its deadline; the state machine repeats it
				}
				if got, _ := errors.AsType[messages.InvokeResponse_Error](err); got.Type != want {
					t.Errorf("%s, %v: got %v and %v, want the type %s", action, e, answer, err, want)
				}
			})
		}
		all.Wait()
		source.ClearError()
		target.ClearError()
	}
	t.Logf("%d cases", cases)
}

func isUnfinished(answer any) bool {
	u, ok := answer.(stepfn.RollbackResult)
	return ok && !u.Done
}

func TestR49_PanicsAreFailures(t *testing.T) {
	t.Parallel()
	h, log := newHandler()
	h.now = func() time.Time { panic("no clock") }
	_, err := h.handle(t.Context(), json.RawMessage(`{}`))
	if got, ok := errors.AsType[messages.InvokeResponse_Error](
		err,
	); !ok || got.Type != "Failed" ||
		strings.Contains(got.Message, "clock") {
		t.Errorf("got %v, want an error of type Failed without the panic's text", err)
	}
	if n := strings.Count(
		log.String(),
		"\n",
	); n != 1 || !strings.Contains(log.String(), "no clock") ||
		!strings.Contains(log.String(), "handler.go") {
		t.Errorf("got %d records, want one with the line of the panic:\n%s", n, log)
	}
}

func TestHandlerAnswers(t *testing.T) {
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
		t.Errorf("got %+v, want a job whose holder is the execution", got)
	}
	if n := strings.Count(log.String(), "\n"); n != 1 {
		t.Errorf("got %d records, want 1:\n%s", n, log)
	}
}

// The record of a batch is a log record and has metrics for CloudWatch: every metric that the directive names is a
// number in the record.
func TestBatchRecordsCarryMetrics(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]map[string]float64{
		"copy": {
			"Rows": 5000, "Copied": 3000, "Unchanged": 1000, "Identical": 500, "Folded": 400, "Quarantined": 100,
			"Duration": 1500, "Parked": 1,
		},
		"verify":   {"Verified": 5000, "Different": 7, "VerifyDuration": 1500, "Parked": 1},
		"rollback": {"Removed": 3000, "RollbackDuration": 1500, "Parked": 1},
		"rehearse": {"WouldRemove": 3000, "RollbackDuration": 1500, "Parked": 1},
	} {
		h, log := newHandler()
		dry := action == "rehearse"
		if dry {
			action = "rollback"
		}
		h.progress(importer.Event{
			Run:         "supabase",
			Action:      action,
			DryRun:      dry,
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
			t.Fatalf("%s: got %+v", action, emf.AWS)
		}
		d := emf.AWS.CloudWatchMetrics[0]
		if diff := cmp.Diff(
			d.Dimensions,
			[][]string{{"Run"}},
		); diff != "" || d.Namespace != "Xenon/Import" ||
			record["Run"] != "supabase" {
			t.Errorf("%s: dimensions got -, want +:\n%s%s of %v", action, diff, d.Namespace, record["Run"])
		}
		got := map[string]float64{}
		for _, m := range d.Metrics {
			value, ok := record[m.Name].(float64)
			if unit := map[bool]string{true: "Milliseconds", false: "Count"}[strings.HasSuffix(m.Name, "Duration")]; !ok ||
				m.Unit != unit {
				t.Errorf("%s: %s is %v %s", action, m.Name, record[m.Name], m.Unit)
			}
			got[m.Name] = value
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s: got -, want +:\n%s", action, diff)
		}
		if fmt.Sprintf(
			"%v %v %v %v %v",
			record["action"],
			record["pass"],
			record["batch"],
			record["batches"],
			record["done"],
		) != action+" 2 3 9 4" {
			t.Errorf("%s: got record %v, want the action, the pass, the batch and the counts", action, record)
		}
	}
}
