package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
)

func act(t *testing.T, a Action) (any, error) {
	t.Helper()
	m := &Import{From: "postgres://nobody@localhost/none", To: "postgres://nobody@localhost/none", Now: time.Now}
	return m.Act(t.Context(), a)
}

func TestAct_InputHasDefaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   string
		want Job
	}{
		"nothing": {`{}`, Job{Mode: ModeImport, Run: "supabase", Concurrency: 8}},
		"a plan":  {`{"dryRun":true}`, Job{Mode: ModeDryRun, Run: "supabase", DryRun: true, Concurrency: 8}},
		"a way out": {
			`{"run":"second","rollback":true,"force":true}`,
			Job{Mode: ModeRollback, Run: "second", Force: true, Concurrency: 8},
		},
		"a way out with rows of other tables": {
			`{"rollback":true,"force":true,"cascade":true}`,
			Job{Mode: ModeRollback, Run: "supabase", Force: true, Cascade: true, Concurrency: 8},
		},
		"a way out, counted": {`{"rollback":true,"dryRun":true}`, Job{Mode: ModeRollback, Run: "supabase", DryRun: true, Concurrency: 8}},
		"all of it": {
			`{"run":"r","dryRun":false,"unconfirmed":"allow","mfa":"hold","batchSize":1000,"concurrency":16,"quick":true,
			  "profiles":"none","providers":{"custom:acme":"acme"},"allowDeletions":true}`,
			Job{
				Mode: ModeImport, Run: "r", Quick: true, Concurrency: 16, Options: Options{
					Unconfirmed: "allow", MFA: "hold", BatchSize: 1000, Profiles: "none",
					Providers: map[string]string{"custom:acme": "acme"}, AllowDeletions: true,
				},
			},
		},
	}
	for name, test := range tests {
		test.want.Holder, test.want.Options.Run = "the execution tuesday", test.want.Run
		got, err := act(t, Action{Action: "input", Input: json.RawMessage(test.in), Execution: Execution{Name: "tuesday"}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(got, any(test.want)); diff != "" {
			t.Errorf("%s: got -, want +:\n%s", name, diff)
		}
	}
}

// What a person mistypes is told to them, and starts nothing.
func TestAct_InputIsRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, want string }{
		"the console's example": {`{"Comment": "Insert your JSON here"}`, `"Comment"`},
		"a typo":                {`{"batchsizes": 5}`, `"batchsizes"`},
		"text for a number":     {`{"batchSize": "5000"}`, "batchSize"},
		"no object":             {`[]`, "not an object"},
		"null":                  {`null`, "not an object"},
		"text":                  {`"supabase"`, "not an object"},
		"nothing":               {``, "not an object"},
		"too many":              {`{"concurrency": 41}`, "concurrency is 41"},
		"less than none":        {`{"concurrency": -1}`, "concurrency is -1"},
		"force":                 {`{"force": true}`, "force is for a rollback"},
		"cascade alone":         {`{"rollback": true, "cascade": true}`, "cascade is for a rollback with force"},
		"cascade of an import":  {`{"cascade": true, "force": true}`, "force is for a rollback"},
		"quick":                 {`{"rollback": true, "quick": true}`, "quick is not for a rollback"},
		"a novel":               {`{"run": "` + strings.Repeat("x", maxRequest) + `"}`, "bytes"},
	}
	for name, test := range tests {
		_, err := act(t, Action{Action: "input", Input: json.RawMessage(test.in)})
		if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want a refusal with %q", name, err, test.want)
		}
	}
}

func TestAct_UnknownActionIsRefused(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"", "finalize", "Plan"} {
		if _, err := act(t, Action{Action: action}); !errors.Is(err, ErrRefused) {
			t.Errorf("%q: got %v, want a refusal", action, err)
		}
	}
}

// Every batch is in one lane, and there are never so many lanes that their list could grow.
func TestLanesCoverTheBatches(t *testing.T) {
	t.Parallel()
	for _, concurrency := range []int{1, 8, maxConcurrency} {
		for _, batches := range []int{0, 1, 2, 31, 400, 2000, 10000, 10_000_000} {
			lanes := split(batches, concurrency)
			if len(lanes) < min(batches, concurrency) || len(lanes) == 0 || len(lanes) > maxLanes {
				t.Errorf("%d batches for %d: %d lanes", batches, concurrency, len(lanes))
			}
			for i, lane := range lanes {
				if (lane != Lane{Lane: i, Lanes: len(lanes)}) {
					t.Errorf("%d batches for %d: lane %d is %+v", batches, concurrency, i, lane)
				}
			}
		}
	}
}

// A run of ten million users, where everything that can be long is as long as it gets.
func TestP35_AnswersAreSmallWhateverTheSource(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 10_000)
	texts, reasons, numbers := make([]string, 5000), Reasons{}, map[string]int64{}
	for i := range texts {
		texts[i] = long
		reasons[fmt.Sprintf("profile.field_number_%d invalid_value_of_some_kind", i)] = math.MaxInt64 - int64(i)
	}
	for _, kind := range []string{"email_conflict", "phone_conflict", "account_conflict", "target_email_taken", "target_id_taken"} {
		numbers[kind] = math.MaxInt64
	}
	tables, referring := map[string]int64{}, make([]Referring, 1000)
	for i := range referring {
		referring[i] = Referring{Table: fmt.Sprintf("%0130d", i), To: strings.Repeat("t", 130), OnDelete: "delete"}
		tables[referring[i].Table] = math.MaxInt64 - int64(i)
	}
	counts := Counts{}
	for _, s := range []Source{User, Identity, Profile, Factor, Passkey} {
		counts[s] = map[Outcome]int64{Copied: math.MaxInt64, Identical: math.MaxInt64, Folded: math.MaxInt64, Quarantined: math.MaxInt64, Kept: math.MaxInt64, Deleted: math.MaxInt64}
	}
	parked, equations := make([]Parked, 10_000), make([]Equation, 100)
	for i := range parked {
		parked[i] = Parked{Batch: i, Why: long}
	}
	for i := range equations {
		equations[i] = Equation{Says: long[:400], Left: math.MaxInt64}
	}
	sums := map[string]Checksum{}
	for _, table := range []string{"user", "credential", "account", "user_profile"} {
		sums[table] = Checksum{math.MaxInt64, strings.Repeat("9", 40), math.MaxInt64, strings.Repeat("9", 40)}
	}
	for _, batches := range []int{2000, 10_000} { // of 5,000 and of 1,000 users
		status := Status{Run: "supabase", State: "running", Batches: batches, Parked: parked, Counts: counts, Reasons: reasons}
		v := Verification{Equations: equations, Checksums: sums, Differences: make([]Difference, 1000), Different: 1e9}
		u := Undone{Removed: numbers, Touched: texts[:1000], Left: 1e9, Cascaded: tables, Changed: tables, Holding: tables}
		report, err := summary(Report{Status: status, Verification: &v, Undone: &u, Batches: make([]BatchLine, batches)})
		if err != nil {
			t.Fatal(err)
		}
		job, err := read(json.RawMessage(`{"profiles":"`+strings.Repeat("x", maxRequest-20)+`"}`), Execution{})
		if err != nil {
			t.Fatal(err)
		}
		// What the state machine carries in the end, were an import and a rollback one execution.
		state := map[string]any{
			"job":    job,
			"plan":   outline(Plan{Refusals: texts, Warnings: texts, NotChecked: texts, Reasons: reasons, Expected: counts, Collisions: numbers, Referring: referring}),
			"begin":  Begun{Pass: 1, Batches: batches, Lanes: split(batches, maxConcurrency), Distributed: true},
			"closed": stand(status), "verdict": verdict(v), "undone": undoing(u), "report": report,
		}
		for name, answer := range state {
			if got, limit := size(t, answer), 20<<10; got > limit && name != "job" {
				t.Errorf("%s for %d batches has %d bytes, want at most %d", name, batches, got, limit)
			}
		}
		if got, limit := size(t, state), 256<<10; got > limit/2 {
			t.Errorf("the state for %d batches has %d bytes, want half of the %d that are allowed", batches, got, limit)
		}
	}
}

func size(t *testing.T, v any) int {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return len(text)
}

// The digest says whether anything changed, not when somebody asked.
func TestSummary_DigestIsOfTheContents(t *testing.T) {
	t.Parallel()
	digest := func(r Report) string {
		s, err := summary(r)
		if err != nil {
			t.Fatal(err)
		}
		return s.Digest
	}
	a := digest(Report{Made: time.Unix(1, 0), Status: Status{Run: "r"}})
	if b := digest(Report{Made: time.Unix(2, 0), Status: Status{Run: "r"}}); a != b || a == "" {
		t.Errorf("got %q and %q for the same", a, b)
	}
	if b := digest(Report{Made: time.Unix(1, 0), Status: Status{Run: "s"}}); a == b {
		t.Errorf("got %q for two", a)
	}
}

type waiting struct{ yes bool }

func (waiting) Error() string       { return "no answer" }
func (w waiting) Unavailable() bool { return w.yes }

func TestErrorName(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  error
		want string
	}{
		"refused":        {fmt.Errorf("begin: %w: because", ErrRefused), "Refused"},
		"no run":         {fmt.Errorf("%w: r", ErrNoRun), "Refused"},
		"held":           {fmt.Errorf("%w: by somebody", ErrHeld), "Held"},
		"away":           {fmt.Errorf("copy: %w", ErrUnavailable), "Unavailable"},
		"time is up":     {fmt.Errorf("copy: %w", context.DeadlineExceeded), "Unavailable"},
		"secrets away":   {fmt.Errorf("secrets: %w", waiting{true}), "Unavailable"},
		"secrets wrong":  {fmt.Errorf("secrets: %w", waiting{false}), "Failed"},
		"a person":       {fmt.Errorf("%w: 3 rows", ErrNeedsAttention), "NeedsAttention"},
		"anything else":  {errors.New("odd"), "Failed"},
		"held, then end": {fmt.Errorf("%w: %w", ErrHeld, context.DeadlineExceeded), "Held"},
	}
	for name, test := range tests {
		if got := ErrorName(test.err); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestR53_ErrorTextQuotesNoValue(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("write batch 3: %w", &pgconn.PgError{Severity: "ERROR", Code: "22P02", Message: `invalid input syntax for type uuid: "ada@example.com"`})
	if got := ErrorText(err); strings.Contains(got, "ada@") || !strings.Contains(got, "22P02") || !strings.Contains(got, "write batch 3") {
		t.Errorf("got %q", got)
	}
	err = fmt.Errorf("read: %w", &pgconn.PgError{Severity: "ERROR", Code: "42501", Message: "permission denied for table users"})
	if got := ErrorText(err); !strings.Contains(got, "permission denied for table users") {
		t.Errorf("got %q, want what helps", got)
	}
}

func TestFailure_Why(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   Failure
		want string
	}{
		"the function's answer": {Failure{"Unavailable", `{"errorMessage":"no connection","errorType":"Unavailable"}`}, "Unavailable: no connection"},
		"any text":              {Failure{"States.Timeout", "it took too long"}, "States.Timeout: it took too long"},
		"much text":             {Failure{"Failed", strings.Repeat("é", 1000)}, "Failed: " + strings.Repeat("é", 200)},
		"half a character":      {Failure{"Failed", "x" + strings.Repeat("é", 1000)}, "Failed: x" + strings.Repeat("é", 199)},
	}
	for name, test := range tests {
		if got := test.in.why(); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
