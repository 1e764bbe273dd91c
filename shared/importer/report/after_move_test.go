package report_test

import (
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/report"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// reportAfterMove returns the report of a complete run with sessions and second factors, some days after the move.
func reportAfterMove() report.Report {
	r := completeReport()
	r.Plan.Options.MFA, r.Plan.Options.Sessions = mapping.CarryFactors, true
	r.Plan.SecondFactors = run.SecondFactors{
		NotCarried: 1, NotCarriedFactors: []run.NotCarriedFactor{
			{User: "11111111-2222-4333-8444-000000000007", Kind: "phone", Reason: "mfa_not_portable"},
		},
		SocialUsers: 1, SocialUserIDs: []string{"11111111-2222-4333-8444-000000000008"},
	}
	r.Status.Sessions = &run.SessionCounts{
		Read: 20_106, Bridged: 19_990, Kept: 16, Skipped: map[string]int64{"session_expired": 100},
	}
	r.AfterMove = &run.AfterMove{
		Users: run.UsersAfterMove{
			Total: 11_960, SignedIn: 8_951, ToSignIn: 3_009, Password: 2_417, Provider: 501, Mail: 78, Nothing: 13,
			WithSession: 1_777,
		},
		Sessions: &run.SessionsAfterMove{
			Imported: 20_006, Used: 16_480, Revoked: 112, Over: 9, Unused: 3_399, Deleted: 6,
		},
		Factors: &run.FactorsAfterMove{Carried: 601, Quarantined: map[string]int64{"mfa_extra_factor": 42}},
	}
	return r
}

func TestPageShowsWhatHappenedAfterTheMove(t *testing.T) {
	t.Parallel()
	page := renderPage(t, reportAfterMove())
	for _, want := range []string{
		"Of 11,960 users of the run 8,951 have signed in", "3,009", "2,417", ">501<", ">78<", ">13<", "1,777 of them",
		"20,106 and 20,106, <b class=\"good\">equal</b>", "16,480", "3,399", ">112<", ">9<", ">6<", "SupabaseSessions",
		"Of 643 TOTP factors of the source 601 were carried", "mfa_extra_factor", "A further authenticator app of the user.",
		"authenticator apps copied", "11111111-2222-4333-8444-000000000007", ">phone<", "mfa_not_portable",
		"11111111-2222-4333-8444-000000000008", "TWO_FACTOR_FOR=all",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not contain %q, want it", want)
		}
	}
	if not := "every user has to sign in again"; strings.Contains(page, not) {
		t.Errorf("the page of a run with sessions contains %q, want it not to", not)
	}
	r := reportAfterMove()
	r.Status.Sessions.Read++
	if want := "20,107 and 20,106, <b class=\"bad\">different</b>"; !strings.Contains(renderPage(t, r), want) {
		t.Errorf("a session without an outcome: want %q in the page", want)
	}
}

// A page about users of another service names that service, also in the explanations of reasons.
func TestTextsNameTheServiceThatTheUsersComeFrom(t *testing.T) {
	t.Parallel()
	r := completeReport()
	r.Plan.OtherTables = nil // a file has no other tables
	r.Plan.File = &run.SourceFile{Name: "users.csv", Format: "Clerk's export, CSV", Service: "Clerk"}
	r.Status.Reasons = mapping.Reasons{"user.encrypted_password unconfirmed_held": 3, "user removed_at_source": 1}
	page := renderPage(t, r)
	for _, want := range []string{
		"Import from Clerk", "In Clerk", "The email was never confirmed in Clerk", "work only in Clerk",
		"then deleted in Clerk",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of an import from Clerk does not contain %q, want it", want)
		}
	}
	if i := strings.Index(page, "Supabase"); i >= 0 {
		t.Errorf("the page of an import from Clerk contains %q, want no Supabase", page[max(0, i-80):i+20])
	}
	if got, want := len(report.ReasonsFrom("Supabase")), len(report.AllReasons); got != want {
		t.Errorf("reasons of Supabase: got %d, want all %d", got, want)
	}
	for _, got := range report.ReasonsFrom("Firebase") {
		if strings.Contains(got.Means+got.Do, "Supabase") || got.Name == "mfa_encrypted" {
			t.Errorf("a reason of Firebase: got %+v, want none about Supabase", got)
		}
	}
}
