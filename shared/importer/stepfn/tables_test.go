package stepfn

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/importer/inventory"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

func TestTablesGiveUpAfterThreeCallsWithoutAStep(t *testing.T) {
	t.Parallel()
	var got TablesResult
	for call, c := range []struct {
		steps, idle int
		done        bool
	}{{0, 1, false}, {0, 2, false}, {5, 0, false}, {0, 1, false}, {-1, 2, false}, {0, 3, true}} {
		got = tablesResult(tables.Result{State: "finishing", Open: 7}, got, c.steps)
		if got.Idle != c.idle || got.Done != c.done {
			t.Errorf("call %d with %d steps: got idle %d and done %t, want %d and %t",
				call, c.steps, got.Idle, got.Done, c.idle, c.done)
		}
	}
	if got = tablesResult(tables.Result{State: tables.Complete}, got, 0); got.Idle != 0 || !got.Done {
		t.Errorf("a complete move: got idle %d and done %t, want 0 and true", got.Idle, got.Done)
	}
}

func TestVerificationOfTablesAddsUpItsSteps(t *testing.T) {
	t.Parallel()
	first := addVerification(nil, tables.Verification{Equal: true, Tables: []tables.TableSums{
		{Name: "public.a", SourceRows: 3, TargetRows: 3, Equal: true},
	}})
	got := addVerification(first, tables.Verification{
		Tables: []tables.TableSums{{Name: "public.b", SourceRows: 5, TargetRows: 4}},
		Kinds:  []tables.KindCounts{{Kind: "policy", Source: 2, Target: 1, Missing: []string{"public.b: own"}}},
	})
	want := &TablesVerification{
		After: "public.b", Tables: 2, Rows: 8, Objects: []ObjectCount{{Kind: "policy", Source: 2, Target: 1}},
		Different: []string{
			"public.b: 5 rows in the source, 4 in the target, whose sums differ", "policy public.b: own is missing",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the sum of two steps (-want +got):\n%s", diff)
	}
}

func TestTablesNeedAttentionIfTheyAreNotCompleteAndEqual(t *testing.T) {
	t.Parallel()
	equal, different := &TablesVerification{Equal: true}, &TablesVerification{}
	for name, c := range map[string]struct {
		result TablesResult
		want   string // part of the cause; "" means none
	}{
		"an execution that an older release began": {TablesResult{}, ""},
		"no tables":                     {TablesResult{State: NoTables}, ""},
		"users that are not complete":   {TablesResult{State: notBegun}, ""},
		"complete and equal":            {TablesResult{State: tables.Complete, Verification: equal}, ""},
		"complete and not equal":        {TablesResult{State: tables.Complete, Verification: different}, "--verify"},
		"complete and not compared":     {TablesResult{State: tables.Complete, Idle: maxIdle, Verification: equal}, "longer"},
		"a database that never answers": {TablesResult{State: notBegun, Idle: maxIdle}, "longer"},
		"a step that takes too long":    {TablesResult{State: "finishing", Open: 4, Idle: maxIdle}, "not complete"},
		"rolled back except an object":  {TablesResult{State: tables.RolledBack}, "rollback"},
	} {
		got := c.result.cause()
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got the cause %q, want %q in it", name, got, c.want)
		}
	}
}

func TestPlanResultListsWhatStays(t *testing.T) {
	t.Parallel()
	got := summarizeOtherTables(&inventory.Inventory{
		Publications:     []inventory.Publication{{Name: "to_search", Next: "stays: create it again"}},
		SupabaseTriggers: []inventory.Object{{Name: "on_upload on storage.objects: public.f()", Next: "stays"}},
	}).Stays
	want := []string{
		"publication to_search stays: create it again", "trigger on_upload on storage.objects: public.f() stays",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what stays (-want +got):\n%s", diff)
	}
}
