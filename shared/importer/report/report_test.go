package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/inventory"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/report"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/verify"
)

var reportTime = time.Date(2026, 8, 14, 12, 0, 0, 0, time.UTC)

// completeReport returns the report of a complete run of three batches, with rows in the quarantine.
func completeReport() report.Report {
	return report.Report{
		Made: reportTime.Add(3 * time.Minute),
		Status: importer.Status{
			Run:        "supabase",
			State:      "complete",
			Pass:       2,
			Batches:    3,
			Done:       3,
			StartedAt:  reportTime,
			FinishedAt: reportTime.Add(time.Minute),
			Counts: mapping.Counts{
				mapping.User:     {mapping.Copied: 11_900, mapping.Identical: 60, mapping.Quarantined: 38, mapping.Deleted: 2},
				mapping.Identity: {mapping.Copied: 6_102, mapping.Folded: 9_411, mapping.Quarantined: 204},
				mapping.Profile:  {mapping.Copied: 9_020, mapping.Kept: 3, mapping.Quarantined: 41},
				mapping.Factor:   {mapping.Quarantined: 77},
			},
			Reasons: mapping.Reasons{
				"user soft_deleted":              38,
				"user.email email_conflict":      12,
				"identity sso_identity":          204,
				"profile.age_range enum_unknown": 512,
				"factor mfa_not_portable":        77,
				"user future_reason":             1,
			},
		},
		Plan: importer.Plan{
			Run: "supabase", At: reportTime, Options: importer.Options{
				MFA:            "allow",
				Providers:      map[string]string{"custom:acme": "acme"},
				ProfileValues:  map[string]map[string]string{"age_range": {"35_44": "35_plus"}},
				Profiles:       "public.people",
				ProfileKey:     "person",
				ProfileColumns: map[string]string{"lang": "preferred_language"},
			},
			Source:     run.Database{Server: "15.18", Rows: map[string]int64{"auth.users": 12_000, "auth.identities": 15_717}},
			Target:     run.Database{Server: "17.6"},
			Hashes:     map[string]int64{"bcrypt": 9_000, "argon2": 3},
			Collisions: map[string]int64{"email_conflict": 12},

			MetadataColumns: []string{"userMetadata", "appMetadata"},

			NotCarried: map[string]int64{"auth.sessions": 4_012},
			Providers: []run.Provider{{
				Name: "azure", ID: "microsoft", Identities: 1_507, Users: 1_502, Only: 1_203,
				Settings: []string{"MICROSOFT_CLIENT_ID"}, CallbackPath: "/api/auth/callback/microsoft",
				NotImported: mapping.Reasons{"provider_subject_incompatible": 5},
			}},
			OtherTables: &inventory.Inventory{Tables: []inventory.Table{
				{Name: "public.posts", Rows: 1_204_551, Estimated: true, ReachesUsers: []string{"author → auth.users"}},
				{Name: "public.logs", Rows: 12, UserColumns: []string{"actor"}, UserArrays: []string{"readers"}, Next: "moved"},
			}, UsesAuth: []inventory.Object{
				{Kind: "view", Name: "public.logins", Uses: []string{"sessions"}, Next: "needs auth.sessions"},
			}, SupabaseTriggers: []inventory.Object{
				{Kind: "trigger", Name: "on_upload on storage.objects: public.f()", Next: "stays, as the files do"},
			}, StoragePolicies: []string{"storage.objects: own"}, Publications: []inventory.Publication{
				{Name: "to_search", Tables: []string{"public.logs", "public.posts"}, Next: "stays: create it again"},
			}},
			ProfileCandidates: []run.ProfileCandidate{
				{Table: "public.people", Key: "person", Fields: []string{"age_range", "preferred_language"}, Read: true},
				{Table: "public.customers", Key: "owner"},
			},
			NotChecked: []string{"auth.oauth_clients: no privilege to read it"},
			Warnings:   []string{"312 users have no way to sign in"},
		},
		Verification: &importer.VerifyResult{
			At:      reportTime.Add(2 * time.Minute),
			Batches: 3,
			Equal:   true,
			Checksums: map[string]run.Checksum{
				"user": {
					SourceRows: 11_960,
					SourceSum:  "8123456789012345678",
					TargetRows: 11_960,
					TargetSum:  "8123456789012345678",
				},
				"account": {SourceRows: 6_102, SourceSum: "-99", TargetRows: 6_102, TargetSum: "-99"},
			},
			Equations: []verify.Equation{
				{Text: "users = copied + quarantined + deleted", Left: 12_000, Right: 12_000, Holds: true},
			},
		},
		Batches: []run.BatchLine{
			{Batch: 0, Pass: 2, Rows: 9_000, Quarantined: 100, Sum: "17", Verified: "equal"},
			{Batch: 1, Pass: 2, Rows: 9_000, Quarantined: 200, Sum: "18", Verified: "equal"},
			{Batch: 2, Pass: 2, Rows: 9_793, Quarantined: 60, Sum: "19", Verified: "equal"},
		},
	}
}

// reportWithFaults returns a report like completeReport, with a parked batch, different rows and a failed check of
// counts.
func reportWithFaults() report.Report {
	r := completeReport()
	r.Status.Parked = []run.Parked{{Batch: 2, Why: "the target is full (53100)"}}
	r.Status.Done = 2
	v := *r.Verification
	v.Equal, v.IsCurrent, v.Different = false, true, 2
	v.Checksums = map[string]run.Checksum{"user": {SourceRows: 3, SourceSum: "1", TargetRows: 2, TargetSum: "2"}}
	v.Equations = []verify.Equation{{Text: "identities = accounts + folded + quarantined", Left: 5, Right: 4}}
	v.Differences = []run.Difference{
		{Table: "user", ID: "11111111-2222-4333-8444-000000000001", Kind: "different", Columns: []string{"name", "image"}},
		{Table: "account", ID: "11111111-2222-4333-8444-000000000002", Kind: "missing", Why: "target changed since"},
	}
	r.Verification = &v
	r.Batches[1].Verified = "different"
	return r
}

func TestConclusionIsTheFirstResultThatApplies(t *testing.T) {
	t.Parallel()
	with := func(change func(*report.Report)) report.Report {
		r := completeReport()
		change(&r)
		return r
	}
	for name, c := range map[string]struct {
		report       report.Report
		level, title string
		text         string
	}{
		"complete, with entries in the quarantine": {
			completeReport(), "attention", "Complete and equal; some rows need your decision",
			"The quarantine has 844 rows and fields",
		},
		"complete, with an empty quarantine": {
			with(func(r *report.Report) { r.Status.Reasons = nil }), "good", "Complete and equal",
			"Every source row",
		},
		"not verified": {
			with(func(r *report.Report) { r.Verification = nil }), "attention", "Copied, not verified",
			"have not been compared",
		},
		"running": {
			with(func(r *report.Report) { r.Status.State, r.Status.Done = "running", 1 }), "bad", "Unfinished",
			"1 of 3 batches",
		},
		"a parked batch": {reportWithFaults(), "bad", "Unfinished", "2 of 3 batches"},
		"different rows and counts": {
			with(func(r *report.Report) { r.Verification = reportWithFaults().Verification }), "bad", "Different",
			"2 rows differ between the source and the target, and 1 check of the row counts fails.",
		},
		"different counts alone": {
			with(func(r *report.Report) { r.Verification = reportWithFaults().Verification; r.Verification.Different = 0 }),
			"bad", "Different", "1 check of the row counts fails.",
		},
		"not verified since the last pass": {
			with(func(r *report.Report) { r.Verification = &verify.Result{} }), "bad", "Different",
			"not every batch was copied and verified since the last pass began.",
		},
		"rolled back": {with(func(r *report.Report) {
			r.Status.State, r.Rollback = "rolled back", &importer.RollbackResult{Done: true}
		}), "good", "Rolled back", "The copied rows were removed."},
		"rolled back, with a kept user": {
			with(func(r *report.Report) { r.Status.State, r.Rollback = "rolled back", &importer.RollbackResult{Left: 1} }),
			"attention", "Rolled back, some users were kept",
			"except those of 1 user: they changed in the target",
		},
		"finalized": {
			with(func(r *report.Report) { r.Status.State, r.Status.Reasons = "finalized", nil }), "good",
			"Complete and equal", "",
		},
	} {
		if got := c.report.Conclusion(); got.Level != c.level || got.Title != c.title || !strings.Contains(got.Text, c.text) {
			t.Errorf("%s: the conclusion is %+v, want the level %s, the title %q and a text with %q",
				name, got, c.level, c.title, c.text)
		}
	}
}

func TestEveryReasonIsExplainedOnceInFullSentences(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range report.AllReasons {
		if seen[r.Name] || r.Means == "" || r.Do == "" || !strings.HasSuffix(r.Means, ".") || !strings.HasSuffix(r.Do, ".") {
			t.Errorf("AllReasons has %s twice, or one of its texts does not end with a full stop", r.Name)
		}
		seen[r.Name] = true
		for _, key := range []string{"user " + r.Name, "user.email " + r.Name, r.Name} {
			if diff := cmp.Diff(r, report.ExplainReason(key)); diff != "" {
				t.Errorf("ExplainReason(%q) (-want +got):\n%s", key, diff)
			}
		}
	}
	if got := report.ExplainReason("user future_reason"); got.Name != "future_reason" || got.Means == "" {
		t.Errorf("ExplainReason of an unknown reason: got %+v, want its name and a text", got)
	}
}

// renderPage returns the HTML page of a report. It fails the test if a tag is not closed or the page loads a file.
func renderPage(t *testing.T, r report.Report) string {
	t.Helper()
	k, _ := newKeySet(t)
	var b bytes.Buffer
	if err := signReport(t, k, r).HTML(&b); err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(bytes.NewReader(b.Bytes()))
	d.Strict, d.AutoClose, d.Entity = false, []string{"meta", "br"}, xml.HTMLEntity
	var open []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			open = append(open, e.Name.Local)
			for _, a := range e.Attr {
				if (a.Name.Local == "src" || a.Name.Local == "href") && !strings.HasPrefix(a.Value, "data:") ||
					e.Name.Local == "script" ||
					e.Name.Local == "link" {
					t.Errorf("the page loads a file: <%s %s=%q>", e.Name.Local, a.Name.Local, a.Value)
				}
			}
		case xml.EndElement:
			if last := len(open) - 1; last < 0 || open[last] != e.Name.Local {
				t.Fatalf("the page has </%s> while the elements %v are open", e.Name.Local, open)
			} else {
				open = open[:last]
			}
		}
	}
	if len(open) > 0 {
		t.Errorf("the page does not close the elements %v", open)
	}
	if text := b.String(); strings.Contains(text, "ZgotmplZ") || strings.Contains(text, "url(") ||
		strings.Contains(text, "@import") {
		t.Error("the page has a value that html/template replaced by ZgotmplZ, or it loads a file by url( or @import")
	}
	return b.String()
}

func TestR58_HTMLPage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		report report.Report
		want   []string // texts that the page contains
		not    []string // texts that the page does not contain
	}{
		{completeReport(), []string{
			"Complete and equal; some rows need your decision", "844 rows and fields", "11,900", "9,411", "8123456789012345678",
			"equal</b>",
			"users = copied &#43; quarantined &#43; deleted", "The user stays deleted", "<code>future_reason</code>",
			"age_range:35_44=35_plus", "custom:acme=acme", "4,012", "<code>userMetadata</code> <code>appMetadata</code>",
			"312 users have no way", "1,203", "1,502</td>", "5 <code>provider_subject_incompatible</code>",
			"MICROSOFT_CLIENT_ID", "/api/auth/callback/microsoft",
			"<code>public.people</code></dd>", "<code>person</code></dd>", "<code>lang=preferred_language</code>",
			"<td>age_range, preferred_language</td>\n  <td>yes</td>", "<code>owner</code></td>\n  <td>none</td>\n  <td>no</td>",
			"about 1,204,551", "author → auth.users", "<code>actor</code> has ids of users",
			"<code>readers[]</code> has ids of users",
			"<td><code>on_upload on storage.objects: public.f()</code></td><td>stays, as the files do</td>",
			"<td>policy</td><td><code>storage.objects: own</code></td>",
			"<code>to_search</code>, with\n  public.logs, public.posts</td><td>stays: create it again</td>",
			"3 batches, each with its checksum", "sha256:", `download="supabase-report.json"`,
			"14 Aug 2026, 12:01:00 UTC",
		}, []string{"Differences", "Rolled back", "Parked batches", "different</b>"}},
		{reportWithFaults(), []string{
			"Unfinished", "the target is full (53100)", "Differences", "11111111-2222-4333-8444-000000000001", "name, image",
			"target changed since", "Parked batches", "different</b>",
		}, nil},
		{
			report.Report{
				Status: importer.Status{Run: "<script>alert(1)</script>", State: "rolled back"},
				Rollback: &importer.RollbackResult{
					Removed: map[string]int64{"user": 5_000}, Sessions: 7,
					KeptUsers: []string{"11111111-2222-4333-8444-000000000003"}, Left: 1,
				},
			},
			[]string{"Rolled back, some users were kept", "5,000", "000000000003", "&lt;script&gt;"},
			[]string{"<script", "<svg", "Checksums"},
		},
		{report.Report{}, nil, nil},
	} {
		got := renderPage(t, c.report)
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("the page of a run with the state %q does not contain %q, want it", c.report.Status.State, want)
			}
		}
		for _, not := range c.not {
			if strings.Contains(got, not) {
				t.Errorf("the page of a run with the state %q contains %q, want it not to", c.report.Status.State, not)
			}
		}
	}
}
