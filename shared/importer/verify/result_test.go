package verify_test

import (
	"testing"

	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/verify"
)

func TestWhyNotEqualNamesTheCause(t *testing.T) {
	t.Parallel()
	checksums := map[string]run.Checksum{
		"user":    {SourceRows: 2, SourceSum: "7", TargetRows: 2, TargetSum: "7"},
		"account": {SourceRows: 2, SourceSum: "7", TargetRows: 2, TargetSum: "8"},
	}
	equations := []verify.Equation{{Text: "1 = 1", Left: 1, Right: 1, Holds: true}, {Text: "1 = 2", Left: 1, Right: 2}}
	for name, c := range map[string]struct {
		result verify.Result
		want   string
	}{
		"a row": {
			verify.Result{IsCurrent: true, Different: 1, Checksums: checksums},
			"1 row differs between the source and the target",
		},
		"rows and a check of counts": {
			verify.Result{IsCurrent: true, Different: 2000, Checksums: checksums, Equations: equations},
			"2,000 rows differ between the source and the target, and 1 check of the row counts fails",
		},
		"a check of counts": {verify.Result{IsCurrent: true, Equations: equations}, "1 check of the row counts fails"},
		"a checksum alone": {
			verify.Result{IsCurrent: true, Checksums: checksums}, "the checksums of source and target differ (account)",
		},
		"no compared row": {
			verify.Result{Equations: equations}, "not every batch was copied and verified since the last pass began",
		},
		"a row of the batches that are verified": {
			verify.Result{Different: 1}, "1 row differs between the source and the target, and not every batch was copied " +
				"and verified since the last pass began",
		},
	} {
		if got := c.result.WhyNotEqual(); got != c.want {
			t.Errorf("%s differs: got %q, want %q", name, got, c.want)
		}
	}
}
