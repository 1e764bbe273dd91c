//go:build node

package statemachine

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
	importrun "github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/stepfn"
)

func TestStateMachineDefinitionIsValid(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(definitionFile)
	if err != nil {
		t.Fatal(err)
	}
	validatorProblems := func(text string) string {
		out, err := runCommand(t, "validate", text)
		if err != nil {
			t.Fatal(err)
		}
		var problems string
		if err := json.Unmarshal(out, &problems); err != nil {
			t.Fatal(err)
		}
		return problems
	}
	if got := validatorProblems(string(text)); got != "" {
		t.Errorf("problems that the validator reports in the definition: got these, want none:\n%s", got)
	}
	// The validator reports each of these errors.
	for name, broken := range map[string][2]string{
		"an unknown state":          {`"Next": "Verdict"`, `"Next": "Verdikt"`},
		"an invalid JSONPath":       {`"$.begin.lanes"`, `"begin lanes"`},
		"a task without a resource": {`"Resource": "${MigrateFunctionArn}",`, ``},
	} {
		if got := validatorProblems(strings.Replace(string(text), broken[0], broken[1], 1)); got == "" {
			t.Errorf("the validator reports no problem in a definition with %s, want one", name)
		}
	}
}

// countRows returns the number of users, accounts and profiles in the target.
func (s *testbed) countRows() int64 {
	s.t.Helper()
	return dbtest.Value[int64](
		s.t,
		s.to,
		`select (select count(*) from "user") + (select count(*) from account) + (select count(*) from user_profile)`,
	)
}

// decodeOutput decodes the output of an execution, which must have succeeded.
func decodeOutput[T any](t *testing.T, e executionResult) (v T) {
	t.Helper()
	if e.Status != "SUCCEEDED" {
		t.Fatalf("the execution failed with %s, want it to succeed: %s", e.Error, e.Cause)
	}
	if err := json.Unmarshal(e.Output, &v); err != nil {
		t.Fatalf("decode the output of the execution: %v\n%s", err, e.Output)
	}
	return v
}

// checkComplete checks that the import of an execution is complete: its output, its counts of users, and the log of
// functions/migrate.
func (s *testbed) checkComplete(e executionResult) stepfn.ReportResult {
	s.t.Helper()
	got := decodeOutput[stepfn.ReportResult](s.t, e)
	if got.Status.State != "complete" || got.Status.Open != 0 || len(got.Status.Parked) != 0 {
		s.t.Errorf("the status of the run: got %+v, want complete, without open or parked batches", got.Status)
	}
	if got.Verification == nil || !got.Verification.Equal || got.Verification.Different != 0 {
		s.t.Errorf("the verification: got %+v, want source and target equal", got.Verification)
	}
	var users int64
	for _, n := range got.Status.Counts[mapping.User] {
		users += n
	}
	if want := dbtest.Value[int64](
		s.t,
		s.from,
		"select count(*) from auth.users",
	); users != want ||
		users != int64(s.summary.Users) {
		s.t.Errorf("users in the counts of the run: got %d, want the %d of the source", users, want)
	}
	if strings.Contains(s.lambda.log.String(), "postgres://") {
		s.t.Error("the log of functions/migrate contains a database URL, want none")
	}
	return got
}

// checkEnteredStates fails the test for each of the states that the execution has not entered.
func (s *testbed) checkEnteredStates(e executionResult, states ...string) {
	s.t.Helper()
	for _, state := range states {
		if e.Entered[state] == 0 {
			s.t.Errorf("states that the execution entered: got %v, want %s in them", e.Entered, state)
		}
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	t.Parallel()
	s := newTestbed(t, 300)
	got := decodeOutput[stepfn.PlanResult](t, s.startAndWait("dry", `{"dryRun":true,"batchSize":50}`))
	if got.MayStart || len(got.Refusals) == 0 || !strings.Contains(strings.Join(got.Refusals, " "), "mfa") {
		t.Errorf("a plan without a decision about second factors: got %+v, want a refusal that names mfa", got)
	}
	got = decodeOutput[stepfn.PlanResult](t, s.startAndWait("dry-2", `{"dryRun":true,"batchSize":50,"mfa":"hold"}`))
	if !got.MayStart || got.Batches != 6 || len(got.Expected) == 0 {
		t.Errorf("a plan with mfa=hold: got %+v, want 6 batches and the expected counts", got)
	}
	google := slices.IndexFunc(got.Providers, func(p importrun.Provider) bool { return p.Name == "google" })
	if google < 0 || got.Providers[google].Users == 0 || len(got.Providers[google].Settings) == 0 {
		t.Errorf("providers in the plan: got %+v, want google with its users and settings", got.Providers)
	}
	if n := s.countRows(); n != 0 {
		t.Errorf("rows in the target after a dry run: got %d, want 0", n)
	}
	if dbtest.Value[bool](t, s.to, "select exists (select from pg_namespace where nspname = 'supabase_import')") {
		t.Error("the target has the schema supabase_import after a dry run, want none")
	}
}

// The import does not start without a decision about second factors, or with an unknown field or value in the input.
// The state machine does not retry these errors.
func TestRejectedInputsAreNotRetried(t *testing.T) {
	t.Parallel()
	s := newTestbed(t, 200)
	for input, state := range map[string]string{
		`{}`: "Begin", `{"dryrum":true}`: "Read the input",
		`{"mfa":"perhaps"}`: "Plan",
	} {
		got := s.startAndWait("refused", input)
		if got.Status != "FAILED" || got.Error != "Refused" || got.Last.State != state || len(got.Retried) != 0 {
			t.Errorf(
				"the input %s: got %s %s in %s and the retries %v, want FAILED Refused in %s without a retry",
				input,
				got.Status,
				got.Error,
				got.Last.State,
				got.Retried,
				state,
			)
		}
	}
}

// A first execution imports all rows. A second execution copies nothing.
func TestSecondExecutionCopiesNothing(t *testing.T) {
	t.Parallel()
	s := newTestbed(t, 1000)
	const input = `{"mfa":"hold","batchSize":100,"concurrency":2}`
	first := s.startAndWait("first", input)
	report := s.checkComplete(first)
	s.checkEnteredStates(first, "Copy", "Verify lane", "Verdict", "Gate")
	if first.Entered["Copy with child executions"] != 0 || first.Entered["Copy lane"] < 8 {
		t.Errorf("states that the execution entered: got %v, want Copy lane at least 8 times and no child executions",
			first.Entered)
	}
	if !strings.HasPrefix(report.Digest, "sha256:") || !strings.Contains(s.lambda.log.String(), report.Digest) {
		t.Errorf("the digest of the report is %q, want one that begins with sha256: and is in the log", report.Digest)
	}
	if first.Largest > 64<<10 {
		t.Errorf("the largest value of a state: got %d bytes, want at most 64 KiB", first.Largest)
	}
	for _, metric := range []string{`"Namespace":"Xenon/Import"`, `"Quarantined":`, `"Verified":`} {
		if !strings.Contains(s.lambda.log.String(), metric) {
			t.Errorf("the log of functions/migrate has no %s, want the metrics of the import", metric)
		}
	}
	before := s.countRows()
	second := s.checkComplete(s.startAndWait("second", input))
	if second.Status.Pass != 2 || s.countRows() != before {
		t.Errorf(
			"the second execution: got pass %d and %d rows in the target, want pass 2 and %d rows",
			second.Status.Pass,
			s.countRows(),
			before,
		)
	}
	if diff := cmp.Diff(second.Verification.Checksums, report.Verification.Checksums); diff != "" {
		t.Errorf("checksums of both executions (-second +first):\n%s", diff)
	}
}

// shortenTimeout gives an action of functions/migrate a timeout of one second, and 100 ms more with every call, so that
// the test also ends on a slow machine.
func (s *testbed) shortenTimeout(action string) {
	timeout := time.Second
	s.setFault(func(t *task) *functionAnswer {
		if t.action.Action == action {
			t.timeout = timeout
			timeout += 100 * time.Millisecond
		}
		return nil
	})
}

// If an invocation ends before its shard is copied or its rollback is complete, the state machine calls the function
// again, and the function continues.
func TestShardsContinueAfterTheTimeLimit(t *testing.T) {
	t.Parallel()
	s := newTestbed(t, 3000)
	s.shortenTimeout("copy")
	got := s.startAndWait("short", `{"mfa":"hold","batchSize":20,"concurrency":1}`)
	s.checkComplete(got)
	if n := got.Entered["Copy lane"]; n <= 4 {
		t.Errorf("Copy lane was entered %d times for 4 shards, want more, because invocations end before their shard is "+
			"complete", n)
	}
	s.shortenTimeout("rollback")
	back := s.startAndWait("short, back", `{"rollback":true}`)
	if n := back.Entered["Roll back"]; back.Status != "SUCCEEDED" || n <= 1 || s.countRows() != 0 {
		t.Errorf(
			"the rollback: got %s %s after %d invocations with %d rows left, want SUCCEEDED after at least 2 with 0 rows left",
			back.Status,
			back.Error,
			n,
			s.countRows(),
		)
	}
}

// With more than 400 batches, each shard is copied by a child execution.
func TestLargeSourcesAreCopiedByChildExecutions(t *testing.T) {
	t.Parallel()
	s := newTestbed(t, 420)
	got := s.startAndWait("large", `{"mfa":"hold","batchSize":1,"concurrency":4}`)
	s.checkComplete(got)
	if got.Entered["Copy with child executions"] != 1 || got.Entered["Copy"] != 0 ||
		got.Entered["Copy lane, child"] != 16 {
		t.Errorf("states that the execution entered: got %v, want Copy with child executions once, with 16 children, and "+
			"Copy never", got.Entered)
	}
}

// A rollback removes all copied rows. An import after it copies the same rows again.
func TestRollbackRemovesAllCopiedRows(t *testing.T) {
	t.Parallel()
	s := newTestbed(t, 1000)
	const input = `{"mfa":"hold","batchSize":100,"concurrency":2}`
	first := s.checkComplete(s.startAndWait("there", input))
	copied := s.countRows()
	counted := decodeOutput[stepfn.RollbackResult](t, s.startAndWait("counted", `{"rollback":true,"dryRun":true}`))
	if !counted.Done || s.countRows() != copied {
		t.Errorf("the dry run of the rollback: got %+v and %d rows in the target, want Done and all %d rows",
			counted, s.countRows(), copied)
	}
	back := decodeOutput[stepfn.ReportResult](t, s.startAndWait("back", `{"rollback":true}`))
	if n := s.countRows(); n != 0 || back.Status.State != "rolled back" || back.Rollback == nil ||
		back.Rollback.Left != 0 {
		t.Errorf("the rollback: got the status %+v, the result %+v and %d rows in the target, want rolled back and 0 rows",
			back.Status, back.Rollback, n)
	}
	var removed int64
	for _, n := range back.Rollback.Removed {
		removed += n
	}
	if removed != copied {
		t.Errorf("rows that the rollback removed: got %d, want %d", removed, copied)
	}
	again := s.checkComplete(s.startAndWait("again", input))
	if diff := cmp.Diff(again.Verification.Checksums, first.Verification.Checksums); diff != "" {
		t.Errorf("checksums of the imports after and before the rollback (-after +before):\n%s", diff)
	}
}

// A forced rollback keeps users to whom rows of other tables refer. With cascade it deletes those users and rows, and
// keeps a copy of the rows in the quarantine.
func TestRollbackKeepsUsersWithOtherRowsUnlessCascade(t *testing.T) {
	t.Parallel()
	s := newTestbed(t, 300)
	const input = `{"mfa":"hold","batchSize":100,"concurrency":2}`
	s.checkComplete(s.startAndWait("there", input))
	dbtest.Exec(t, s.to, `create table orders (buyer uuid not null references "user" on delete cascade);
insert into orders select (select min(id::text)::uuid from "user") from generate_series(1, 300)`)
	count := func(query string) int64 { return dbtest.Value[int64](t, s.to, query) }
	forced := decodeOutput[stepfn.ReportResult](t, s.startAndWait("forced", `{"rollback":true,"force":true}`))
	if forced.Rollback == nil || forced.Rollback.Left != 1 || forced.Rollback.Holding["public.orders"] != 300 ||
		count("select count(*) from orders") != 300 {
		t.Errorf("a forced rollback: got %+v and %d orders, want 1 user left because of 300 orders, which stay",
			forced.Rollback, count("select count(*) from orders"))
	}
	counted := decodeOutput[stepfn.RollbackResult](
		t,
		s.startAndWait("counted", `{"rollback":true,"force":true,"cascade":true,"dryRun":true}`),
	)
	if counted.Left != 0 || counted.Cascaded["public.orders"] != 300 || count("select count(*) from orders") != 300 {
		t.Errorf("a dry run with cascade: got %+v and %d orders, want 300 orders to delete, which stay",
			counted, count("select count(*) from orders"))
	}
	cascaded := decodeOutput[stepfn.ReportResult](
		t,
		s.startAndWait("cascaded", `{"rollback":true,"force":true,"cascade":true}`),
	)
	if cascaded.Rollback == nil || cascaded.Rollback.Cascaded["public.orders"] != 300 || cascaded.Rollback.Left != 0 {
		t.Errorf("a forced rollback with cascade: got %+v, want 300 orders deleted and no user left", cascaded.Rollback)
	}
	if n := count(
		"select count(*) from supabase_import.quarantine where reason = 'cascaded' and field = 'public.orders' and " +
			"original ? 'buyer'",
	); n != 300 {
		t.Errorf("deleted orders in the quarantine: got %d, want 300", n)
	}
}
