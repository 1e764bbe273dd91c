package stepfn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/importer/inventory"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/rollback"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/tables"
	"github.com/xenon-auth/xenon/shared/importer/verify"
)

// runActionWithoutDatabases runs an action with databases that do not exist.
func runActionWithoutDatabases(t *testing.T, a Action) (any, error) {
	t.Helper()
	env := &run.Env{From: "postgres://nobody@localhost/none", To: "postgres://nobody@localhost/none", Now: time.Now}
	return RunAction(t.Context(), env, a)
}

func TestInputSetsDefaultsAndTheMode(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   string
		want Job
	}{
		"defaults": {`{}`, Job{Mode: ModeImport, Run: "supabase", Concurrency: 8}},
		"dry run":  {`{"dryRun":true}`, Job{Mode: ModeDryRun, Run: "supabase", DryRun: true, Concurrency: 8}},
		"rollback": {
			`{"run":"second","rollback":true,"force":true}`,
			Job{Mode: ModeRollback, Run: "second", Force: true, Concurrency: 8},
		},
		"rollback with cascade": {
			`{"rollback":true,"force":true,"cascade":true}`,
			Job{Mode: ModeRollback, Run: "supabase", Force: true, Cascade: true, Concurrency: 8},
		},
		"rollback as dry run": {
			`{"rollback":true,"dryRun":true}`,
			Job{Mode: ModeRollback, Run: "supabase", DryRun: true, Concurrency: 8},
		},
		"polls": {`{"follow":60}`, Job{Mode: ModeImport, Run: "supabase", Follow: 60, Concurrency: 8}},
		"all fields": {
			`{"run":"r","dryRun":false,"unconfirmed":"allow","mfa":"hold","batchSize":1000,"concurrency":16,"quick":true,
			  "profiles":"public.users","profileKey":"id","profileColumns":{"lang":"preferred_language"},
			  "providers":{"custom:acme":"acme"},"allowDeletions":true}`,
			Job{
				Mode: ModeImport, Run: "r", Quick: true, Concurrency: 16, Options: mapping.Options{
					Unconfirmed: "allow", MFA: "hold", BatchSize: 1000, Profiles: "public.users", ProfileKey: "id",
					ProfileColumns: map[string]string{"lang": "preferred_language"},
					Providers:      map[string]string{"custom:acme": "acme"}, AllowDeletions: true,
				},
			},
		},
		"sessions": {
			`{"sessions":true,"sessionTimebox":"720h","sessionInactivity":"168h"}`,
			Job{Mode: ModeImport, Run: "supabase", Concurrency: 8, Options: mapping.Options{
				Sessions: true, SessionTimebox: "720h", SessionInactivity: "168h",
			}},
		},
	}
	for name, test := range tests {
		test.want.Holder, test.want.Options.Run = "the execution tuesday", test.want.Run
		got, err := runActionWithoutDatabases(t, Action{
			Action: "input", Input: json.RawMessage(test.in), Execution: Execution{Name: "tuesday"},
		})
		if err != nil {
			t.Errorf("%s: got the error %v, want a job", name, err)
			continue
		}
		if diff := cmp.Diff(got, any(test.want)); diff != "" {
			t.Errorf("%s: the job (-got +want):\n%s", name, diff)
		}
	}
}

func TestInvalidInputIsRefusedWithAnExplanation(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, want string }{
		"the example of the AWS console": {`{"Comment": "Insert your JSON here"}`, `"Comment"`},
		"an unknown field":               {`{"batchsizes": 5}`, `"batchsizes"`},
		"a text for a number":            {`{"batchSize": "5000"}`, "batchSize"},
		"an array":                       {`[]`, "not an object"},
		"null":                           {`null`, "not an object"},
		"a text":                         {`"supabase"`, "not an object"},
		"an empty text":                  {``, "not an object"},
		"too large a concurrency":        {`{"concurrency": 41}`, "concurrency is 41"},
		"negative concurrency":           {`{"concurrency": -1}`, "concurrency is -1"},
		"force without rollback":         {`{"force": true}`, "force requires rollback"},
		"cascade without force":          {`{"rollback": true, "cascade": true}`, "cascade requires rollback and force"},
		"cascade without rollback":       {`{"cascade": true, "force": true}`, "force requires rollback"},
		"quick with rollback":            {`{"rollback": true, "quick": true}`, "quick cannot be used with rollback"},
		"too many polls":                 {`{"follow": 1001}`, "follow is 1001"},
		"follow with rollback":           {`{"rollback": true, "follow": 1}`, "follow cannot be used with rollback"},
		"follow with quick":              {`{"quick": true, "follow": 1}`, "follow cannot be used with rollback or quick"},
		"quick with sessions":            {`{"sessions": true, "quick": true}`, "quick cannot be used with sessions"},
		"too long an input":              {`{"run": "` + strings.Repeat("x", maxRequestBytes) + `"}`, "bytes"},
	}
	for name, test := range tests {
		_, err := runActionWithoutDatabases(t, Action{Action: "input", Input: json.RawMessage(test.in)})
		if !errors.Is(err, run.ErrRefused) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want ErrRefused with %q", name, err, test.want)
		}
	}
}

func TestUnknownActionIsRefused(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"", "finalize", "Plan"} {
		if _, err := runActionWithoutDatabases(t, Action{Action: action}); !errors.Is(err, run.ErrRefused) {
			t.Errorf("the action %q: got %v, want ErrRefused", action, err)
		}
	}
}

// Shards with the indexes 0 to n-1 and the count n have each batch once.
func TestSplitIntoShardsCoversAllBatchesWithABoundedNumber(t *testing.T) {
	t.Parallel()
	for _, concurrency := range []int{1, 8, maxConcurrency} {
		for _, batches := range []int{0, 1, 2, 31, 400, 2000, 10000, 10_000_000} {
			shards := splitIntoShards(batches, concurrency)
			if len(shards) < min(batches, concurrency) || len(shards) == 0 || len(shards) > maxShards {
				t.Errorf("%d batches, concurrency %d: got %d shards, want enough for the concurrency and at most %d",
					batches, concurrency, len(shards), maxShards)
			}
			for i, shard := range shards {
				if (shard != run.Shard{Index: i, Count: len(shards)}) {
					t.Errorf("%d batches, concurrency %d: shard %d is %+v, want the index %[3]d and the count %[5]d",
						batches, concurrency, i, shard, len(shards))
				}
			}
		}
	}
}

// The test uses a run of ten million users with very long lists and texts.
func TestResultsHaveABoundedSize(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 2000)
	texts, reasons, numbers := make([]string, 1000), mapping.Reasons{}, map[string]int64{}
	for i := range texts {
		texts[i] = long
	}
	for i := range 5000 {
		reasons[fmt.Sprintf("profile.field_number_%d invalid_value_of_some_kind", i)] = math.MaxInt64 - int64(i)
	}
	for _, kind := range []string{
		"email_conflict", "phone_conflict", "account_conflict", "target_email_taken",
		"target_id_taken",
	} {
		numbers[kind] = math.MaxInt64
	}
	byTable, referring := map[string]int64{}, make([]run.Referring, 1000)
	for i := range referring {
		referring[i] = run.Referring{Table: fmt.Sprintf("%0130d", i), To: strings.Repeat("t", 130), OnDelete: "delete"}
		byTable[referring[i].Table] = math.MaxInt64 - int64(i)
	}
	providers := make([]run.Provider, 1000)
	for i := range providers {
		providers[i] = run.Provider{
			Name: long, ID: long, Identities: math.MaxInt64, Users: math.MaxInt64, Only: math.MaxInt64,
			Settings: mapping.ProviderSettings("apple"), CallbackPath: "/api/auth/callback/" + long, NotImported: reasons,
		}
	}
	tablesWithTakenNames, missingExtensions := make([]inventory.Table, 1000), make([]inventory.Extension, 1000)
	objects := make([]inventory.Object, 1000)
	for i := range tablesWithTakenNames {
		tablesWithTakenNames[i] = inventory.Table{Name: long, NameTaken: true, Rows: 1e12, Bytes: 1e12, Next: long}
		missingExtensions[i] = inventory.Extension{Name: long, Target: inventory.Missing}
		objects[i] = inventory.Object{Name: long, Uses: []string{"sessions"}, Next: long}
	}
	candidates, columns := make([]run.ProfileCandidate, 1000), map[string]string{}
	for i := range 10 {
		columns[strconv.Itoa(i)+long] = "preferred_language"
	}
	for i := range candidates {
		candidates[i] = run.ProfileCandidate{
			Table: long, Key: long, Fields: slices.Repeat([]string{"preferred_language"}, 8),
			Options: mapping.Options{Profiles: long, ProfileKey: long, ProfileColumns: columns},
		}
	}
	counts := mapping.Counts{}
	for _, s := range []mapping.Kind{mapping.User, mapping.Identity, mapping.Profile, mapping.Factor, mapping.Passkey} {
		counts[s] = map[mapping.Outcome]int64{
			mapping.Copied: math.MaxInt64, mapping.Identical: math.MaxInt64, mapping.Folded: math.MaxInt64,
			mapping.Quarantined: math.MaxInt64, mapping.Kept: math.MaxInt64, mapping.Deleted: math.MaxInt64,
		}
	}
	parked, equations := make([]run.Parked, 10_000), make([]verify.Equation, 100)
	for i := range parked {
		parked[i] = run.Parked{Batch: i, Why: long}
	}
	for i := range equations {
		equations[i] = verify.Equation{Text: long[:400], Left: math.MaxInt64}
	}
	sums := map[string]run.Checksum{}
	for _, table := range []string{"user", "credential", "account", "user_profile"} {
		sums[table] = run.Checksum{
			SourceRows: math.MaxInt64, SourceSum: strings.Repeat("9", 40),
			TargetRows: math.MaxInt64, TargetSum: strings.Repeat("9", 40),
		}
	}
	for _, batches := range []int{2000, 10_000} { // of 5,000 and of 1,000 users
		status := run.Status{
			Run:     "supabase",
			State:   "running",
			Batches: batches,
			Parked:  parked,
			Counts:  counts,
			Reasons: reasons,
		}
		v := verify.Result{Equations: equations, Checksums: sums, Differences: make([]run.Difference, 1000), Different: 1e9}
		u := rollback.Result{
			Removed:   numbers,
			KeptUsers: texts[:1000],
			Left:      1e9,
			Cascaded:  byTable,
			Changed:   byTable,
			Holding:   byTable,
		}
		report, err := newReportResult(
			reportContents{Status: status, Verification: &v, Rollback: &u, Batches: make([]run.BatchLine, batches)},
		)
		if err != nil {
			t.Fatal(err)
		}
		moved, imported := manyTables(long), report
		imported.Tables, imported.Rollback = &moved, nil // a run that is rolled back has no tables
		if got, limit := encodedSize(t, imported), 20<<10; got > limit {
			t.Errorf("the report of an import with tables has %d bytes, want at most %d", got, limit)
		}
		job, err := readRequest(json.RawMessage(`{"profiles":"`+strings.Repeat("x", maxRequestBytes-20)+`"}`), Execution{})
		if err != nil {
			t.Fatal(err)
		}
		// The state of an execution at the end. It has the results of all actions, although no execution has both an import
		// and a rollback.
		state := map[string]any{
			"job": job,
			"plan": newPlanResult(
				run.Plan{
					Refusals:   texts,
					Warnings:   texts,
					NotChecked: texts,
					Reasons:    reasons,
					Expected:   counts,
					Collisions: numbers,
					Referring:  referring,
					Providers:  providers,
					OtherTables: &inventory.Inventory{
						Tables: tablesWithTakenNames, Extensions: missingExtensions, UsesAuth: objects,
						SupabaseTriggers: objects,
					},
					ProfileCandidates: candidates,
				},
			),
			"begin": BeginResult{
				Pass:        1,
				Batches:     batches,
				Shards:      splitIntoShards(batches, maxConcurrency),
				Distributed: true,
			},
			"closed":  newStatusResult(status),
			"verdict": newVerifyResult(v),
			"undone":  newRollbackResult(u),
			"tables":  moved,
			"report":  report,
		}
		for name, answer := range state {
			limit := 20 << 10
			if name == "plan" {
				limit = 52 << 10
			}
			if got := encodedSize(t, answer); got > limit && name != "job" {
				t.Errorf("the result %s of a run with %d batches has %d bytes, want at most %d", name, batches, got, limit)
			}
		}
		if got, limit := encodedSize(t, state), 256<<10; got > limit/2 {
			t.Errorf("the state of a run with %d batches has %d bytes, want at most half of the limit of %d",
				batches, got, limit)
		}
	}
}

// manyTables returns the result for a thousand tables of which each has a problem and a difference.
func manyTables(long string) TablesResult {
	name := long[:maxTableNameBytes-1] // Postgres limits names
	r, v := tables.Result{State: "finishing", Open: math.MaxInt32}, tables.Verification{}
	for range 1000 {
		r.Tables = append(r.Tables, tables.Table{Name: name, Failed: long, Rows: math.MaxInt32})
		v.Tables = append(v.Tables, tables.TableSums{Name: name, SourceRows: math.MaxInt32})
	}
	for range 20 {
		v.Kinds = append(v.Kinds, tables.KindCounts{Kind: "materialized view", Missing: []string{name}})
	}
	t := tablesResult(r, TablesResult{}, 0)
	t.Verification = addVerification(addVerification(nil, tables.Verification{Tables: v.Tables}), v)
	return t
}

func TestPlanResultListsTheProvidersWithMostUsersFirst(t *testing.T) {
	t.Parallel()
	google := run.Provider{
		Name: "google", ID: "google", Identities: 7, Users: 7, Only: 5, Settings: mapping.ProviderSettings("google"),
		CallbackPath: "/api/auth/callback/google", NotImported: mapping.Reasons{"account_conflict": 1},
	}
	acme := run.Provider{
		Name:        "custom:acme",
		Identities:  3,
		Users:       3,
		Only:        3,
		NotImported: mapping.Reasons{"custom_provider": 3},
	}
	sso := run.Provider{Name: "sso", Identities: 3, Users: 3, NotImported: mapping.Reasons{"sso": 3}}
	all := []run.Provider{acme, google, sso}
	got := newPlanResult(run.Plan{Providers: all})
	if want := []run.Provider{google, acme, sso}; !cmp.Equal(got.Providers, want) {
		t.Errorf("providers of the result (-got +want):\n%s", cmp.Diff(got.Providers, want))
	}
	if all[0].Name != "custom:acme" {
		t.Errorf("planResult sorted the providers of the plan itself: the first is %q, want custom:acme", all[0].Name)
	}
	text, err := json.Marshal(newPlanResult(run.Plan{}))
	if err != nil || !strings.Contains(string(text), `"providers":[]`) {
		t.Errorf("a plan without providers: got the JSON %s and the error %v, want an empty list of providers", text, err)
	}
}

func TestPlanResultHasTheProfileCandidatesWithTheirOptions(t *testing.T) {
	t.Parallel()
	all := []run.ProfileCandidate{
		{
			Table: "public.users", Key: "id", Fields: []string{"preferred_language"}, Options: mapping.Options{
				Profiles: "public.users", ProfileKey: "id", ProfileColumns: map[string]string{"lang": "preferred_language"},
			},
		},
		{Table: "public.profiles", Key: "user_id", Options: mapping.Options{Profiles: "public.profiles"}, Read: true},
	}
	got := newPlanResult(run.Plan{ProfileCandidates: all}).ProfileCandidates
	if diff := cmp.Diff(all, got); diff != "" {
		t.Errorf("candidates (-want +got):\n%s", diff)
	}
	text, err := json.Marshal(got[0].Options)
	want := `{"profiles":"public.users","profileKey":"id","profileColumns":{"lang":"preferred_language"}}`
	if err != nil || string(text) != want {
		t.Errorf("the options as fields of the input: got %s and %v, want %s", text, err, want)
	}
	all = slices.Repeat(slices.Insert(all, 0, run.ProfileCandidate{Table: "public.carts"}), 5)
	got = newPlanResult(run.Plan{ProfileCandidates: all}).ProfileCandidates
	if len(got) != maxCandidates || got[4].Table != "public.users" {
		t.Errorf("15 candidates: got %+v, want the five that fill a column", got)
	}
}

// encodedSize returns the number of bytes of v as JSON.
func encodedSize(t *testing.T, v any) int {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return len(text)
}

// The digest does not depend on the time at which the report was made.
func TestDigestDependsOnTheContentsOfTheReportOnly(t *testing.T) {
	t.Parallel()
	digest := func(c reportContents) string {
		s, err := newReportResult(c)
		if err != nil {
			t.Fatal(err)
		}
		return s.Digest
	}
	a := digest(reportContents{Made: time.Unix(1, 0), Status: run.Status{Run: "r"}})
	if b := digest(reportContents{Made: time.Unix(2, 0), Status: run.Status{Run: "r"}}); a != b || a == "" {
		t.Errorf("two reports that differ only in their time have the digests %q and %q, want the same digest", a, b)
	}
	if b := digest(reportContents{Made: time.Unix(1, 0), Status: run.Status{Run: "s"}}); a == b {
		t.Errorf("the reports of two runs have the same digest %q, want different digests", a)
	}
}

// secretsError is an error as package secrets returns it.
type secretsError struct{ isUnavailable bool }

func (secretsError) Error() string       { return "no answer" }
func (e secretsError) Unavailable() bool { return e.isUnavailable }

func TestErrorNameIsTheNameThatTheStateMachineUses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  error
		want string
	}{
		"ErrRefused":                  {fmt.Errorf("begin: %w: because", run.ErrRefused), "Refused"},
		"ErrNoRun":                    {fmt.Errorf("%w: r", run.ErrNoRun), "Refused"},
		"ErrHeld":                     {fmt.Errorf("%w: by another process", run.ErrHeld), "Held"},
		"ErrUnavailable":              {fmt.Errorf("copy: %w", run.ErrUnavailable), "Unavailable"},
		"a deadline":                  {fmt.Errorf("copy: %w", context.DeadlineExceeded), "Unavailable"},
		"Secrets Manager unavailable": {fmt.Errorf("secrets: %w", secretsError{true}), "Unavailable"},
		"Secrets Manager error":       {fmt.Errorf("secrets: %w", secretsError{false}), "Failed"},
		"ErrNeedsAttention":           {fmt.Errorf("%w: 3 rows", ErrNeedsAttention), "NeedsAttention"},
		"an unknown error":            {errors.New("odd"), "Failed"},
		"ErrHeld and a deadline":      {fmt.Errorf("%w: %w", run.ErrHeld, context.DeadlineExceeded), "Held"},
	}
	for name, test := range tests {
		if got := ErrorName(test.err); got != test.want {
			t.Errorf("%s: ErrorName(%v) = %q, want %q", name, test.err, got, test.want)
		}
	}
}

func TestR53_ErrorTextQuotesNoValue(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf(
		"write batch 3: %w",
		&pgconn.PgError{Severity: "ERROR", Code: "22P02", Message: `invalid input syntax for type uuid: "ada@example.com"`},
	)
	got := run.ErrorText(err)
	if strings.Contains(got, "ada@") || !strings.Contains(got, "22P02") || !strings.Contains(got, "write batch 3") {
		t.Errorf("ErrorText of an error that quotes an email: got %q, want the batch and the SQLSTATE without the email", got)
	}
	err = fmt.Errorf(
		"read: %w",
		&pgconn.PgError{Severity: "ERROR", Code: "42501", Message: "permission denied for table users"},
	)
	if got := run.ErrorText(err); !strings.Contains(got, "permission denied for table users") {
		t.Errorf("ErrorText of a missing privilege: got %q, want the message of Postgres", got)
	}
}

func TestFailureTextIsTheMessageOfTheFunctionOrTheShortenedCause(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   Failure
		want string
	}{
		"an answer of the function": {
			Failure{"Unavailable", `{"errorMessage":"no connection","errorType":"Unavailable"}`},
			"Unavailable: no connection",
		},
		"a text":      {Failure{"States.Timeout", "it took too long"}, "States.Timeout: it took too long"},
		"a long text": {Failure{"Failed", strings.Repeat("é", 1000)}, "Failed: " + strings.Repeat("é", 200)},
		"a long text whose byte 400 is inside a character": {
			Failure{"Failed", "x" + strings.Repeat("é", 1000)}, "Failed: x" + strings.Repeat("é", 199),
		},
	}
	for name, test := range tests {
		if got := test.in.text(); got != test.want {
			t.Errorf("%s: the text is %q, want %q", name, got, test.want)
		}
	}
}
