package stepfn

import (
	"testing"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/report"
	"github.com/xenon-auth/xenon/shared/importer/rollback"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/verify"
	"github.com/xenon-auth/xenon/shared/stringify"
)

// The digest of the action "report" is that of the report that `xenon migrate report` signs, without its time.
func TestDigestOfTheResultEqualsThatOfTheReport(t *testing.T) {
	t.Parallel()
	status := run.Status{Run: "autumn", State: run.Complete, Counts: mapping.Counts{mapping.User: {mapping.Copied: 3}}}
	plan := run.Plan{Run: "autumn", Warnings: []string{"<b>"}}
	verified, undone := verify.Result{Equal: true}, rollback.Result{Left: 2}
	batches := []run.BatchLine{{Batch: 1, Rows: 2, Verified: "equal"}}
	after := run.AfterMove{Users: run.UsersAfterMove{Total: 3, ToSignIn: 3}, Sessions: &run.SessionsAfterMove{Used: 1}}
	text, err := stringify.Marshal(report.Report{
		Status: status, Plan: plan, Verification: &verified, Rollback: &undone, Batches: batches,
		AfterMove: &after,
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := newReportResult(reportContents{
		Status: status, Plan: plan, Verification: &verified, Rollback: &undone, Batches: batches,
		AfterMove: &after,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.AfterMove != &after {
		t.Errorf("the result has %+v about the users after the move, want %+v", got.AfterMove, after)
	}
	if want := run.Digest(text); got.Digest != want {
		t.Errorf("the result has the digest %s, want that of report.Report, %s", got.Digest, want)
	}
}
