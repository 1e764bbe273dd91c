package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/importer/report"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// fileReport returns the report of a run that read a file with this number of users.
func fileReport(users int64) report.Report {
	r := completeReport()
	r.Plan.File = &run.SourceFile{
		Name: "data.sql", Format: "SQL dump", SHA256: strings.Repeat("ab", 32),
		Rows: map[string]int64{
			"auth.users": users, "auth.identities": 15_717, "auth.mfa_factors": 77, "public.people": 9_064, "auth.sessions": 5,
		},
		Skipped: map[string]int64{"public.posts": 1_234},
	}
	return r
}

func TestReportComparesTheRowsOfAFileWithTheLedger(t *testing.T) {
	t.Parallel()
	r := fileReport(11_998)
	want := []report.FileRow{
		{Table: "auth.identities", File: 15_717, Ledger: 15_717},
		{Table: "auth.mfa_factors", File: 77, Ledger: 77},
		{Table: "auth.sessions", File: 5, Counted: true},
		{Table: "auth.users", File: 11_998, Ledger: 11_998},
		{Table: "public.people", File: 9_064, Ledger: 9_064},
	}
	if diff := cmp.Diff(want, r.FileRows()); diff != "" {
		t.Errorf("rows of the file (-want +got):\n%s", diff)
	}
	r.Status.Sessions = &run.SessionCounts{Bridged: 3, Kept: 1, Skipped: map[string]int64{"session_expired": 1}}
	want[2] = report.FileRow{Table: "auth.sessions", File: 5, Ledger: 5}
	if diff := cmp.Diff(want, r.FileRows()); diff != "" {
		t.Errorf("rows of the file with imported sessions (-want +got):\n%s", diff)
	}
	if got, want := r.Conclusion(), completeReport().Conclusion(); got != want {
		t.Errorf("conclusion with all rows: got %+v, want that of a database, %+v", got, want)
	}
	var page bytes.Buffer
	if err := (report.SignedReport{Report: r}).HTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Rows of the file", "data.sql", "SQL dump", "abababab", "public.posts", "1,234", "11,998",
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page: want %q in it", want)
		}
	}
}

func TestReportSaysThatRowsOfAFileAreMissing(t *testing.T) {
	t.Parallel()
	got := fileReport(12_000).Conclusion()
	if got.Level != "bad" || !strings.Contains(got.Text, "2 rows") {
		t.Errorf("conclusion with two users that are not in the ledger: got %+v, want a bad one that names 2 rows", got)
	}
}
