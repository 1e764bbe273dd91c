package run

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// For each of users, identities, profiles and second factors: rejected rows, rejected fields and, after the first copy,
// rows that changed in the target or that other rows reference. Then the rejected rows of other kinds, and credentials.
func TestQuarantineHasStatementsForEveryKindOfRow(t *testing.T) {
	t.Parallel()
	for isFresh, want := range map[bool]int{true: 4*2 + 1, false: 4*4 + 2} {
		sql := (&Pass{}).QuarantineStaged(mapping.AllUsers, isFresh)
		if got := strings.Count(sql, "INSERT INTO supabase_import.quarantine"); got != want {
			t.Errorf("first copy %t: got %d statements, want %d", isFresh, got, want)
		}
		if isFresh == strings.Contains(sql, "UPDATE supabase_import.quarantine q SET resolved = now()") {
			t.Errorf("first copy %t: only a later copy resolves entries:\n%s", isFresh, sql)
		}
	}
}

func TestRejectedRowsReplaceThoseWithTheSameReason(t *testing.T) {
	t.Parallel()
	_, p, _, conn := passOfRun(t)
	const user, other = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
	for _, keys := range [][]string{{user, other}, {other}} {
		x := RejectedRows{User: user, Kind: mapping.Identity, Keys: keys, Reason: mapping.TargetError}
		if err := p.RejectRows(t.Context(), conn, x); err != nil {
			t.Fatal(err)
		}
	}
	got, err := p.ReadRejections(t.Context(), conn, mapping.AllUsers)
	want := mapping.Rejections{}
	want.Add(mapping.Rejection{Kind: mapping.Identity, Reason: mapping.TargetError, Key: other, User: user})
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, want nil; rejections (-want +got):\n%s", err, diff)
	}
}
