package run_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// The smallest import with two batches: plan, copy, status and verification.
func TestImportOfThreeUsersIsComplete(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 3, 4, 2)
	m := importtest.NewImport(t, from)
	o := importer.Options{BatchSize: 2}
	p, err := m.Plan(t.Context(), o)
	if err != nil || p.Batches != 2 || len(p.Refusals) != 0 || len(p.Warnings) != 0 || len(p.Collisions) != 0 {
		t.Errorf("the plan has %d batches, refusals %q, warnings %q, collisions %v, error %v; want 2 batches, no more",
			p.Batches, p.Refusals, p.Warnings, p.Collisions, err)
	}
	st := importtest.RunToCompletion(t, m, o)
	if st.Pass != 1 || st.Batches != 2 || st.Done != 2 || len(st.Parked) != 0 || st.FinishedAt.Before(st.StartedAt) {
		t.Errorf("the status of the complete run is %+v, want pass 1 with 2 of 2 batches done and none parked", st)
	}
	for kind, outcomes := range p.Expected {
		if diff := cmp.Diff(outcomes, st.Counts[kind], cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("outcomes of the rows of kind %s (-plan +run):\n%s", kind, diff)
		}
	}
	if diff := cmp.Diff(p.Reasons, st.Reasons); diff != "" {
		t.Errorf("reasons of the quarantine (-plan +run):\n%s", diff)
	}
	// Each of the three users has a password, and one of them also has an account at GitHub.
	want := map[string]int64{"user": 3, "account": 4, "user_profile": 2}
	if diff := cmp.Diff(want, importtest.CountImportedRows(t, m.To)); diff != "" {
		t.Errorf("rows of the target (-want +got):\n%s", diff)
	}
	importtest.CheckEqual(t, m, "after the first pass")
}
