package run

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

func TestHasEntryLimitsTheSearchToItsScope(t *testing.T) {
	t.Parallel()
	s := mapping.AllUsers
	condition := s.Contains("l.user_id")
	for name, test := range map[string]struct {
		scope *mapping.Scope
		want  bool // the SQL has a condition on the user ids
	}{"all users": {nil, false}, "a scope": {&s, true}} {
		sql := HasEntry(1, mapping.User, "u.id", "u.id", "written", test.scope)
		if got := strings.Contains(sql, condition); got != test.want {
			t.Errorf("%s: the condition on the user ids is there: %t, want %t:\n%s", name, got, test.want, sql)
		}
	}
}

func TestLockForRollbackNeedsTheLease(t *testing.T) {
	t.Parallel()
	_, p, _, conn := passOfRun(t)
	if err := StartRollback(t.Context(), conn, p.ID, p.Epoch, []byte(`{"users": 1}`)); err != nil {
		t.Fatal(err)
	}
	if undone, err := LockForRollback(t.Context(), conn, p.ID, p.Epoch); string(undone) != `{"users": 1}` || err != nil {
		t.Errorf("with the lease: got the progress %s and the error %v, want {\"users\": 1} and nil", undone, err)
	}
	if _, err := LockForRollback(t.Context(), conn, p.ID, p.Epoch+1); !errors.Is(err, ErrHeld) {
		t.Errorf("without the lease: got %v, want ErrHeld", err)
	}
	if _, err := LockForRollback(t.Context(), conn, p.ID+1, p.Epoch); err == nil || errors.Is(err, ErrHeld) {
		t.Errorf("a run that does not exist: got %v, want an error that is not ErrHeld", err)
	}
}

func TestRunIsFinalizedOnlyAfterItsEndAndWithTheLease(t *testing.T) {
	t.Parallel()
	e, p, _, conn := passOfRun(t)
	r := Run{Name: "a", ID: p.ID, State: Running}
	if err := r.MarkFinalized(t.Context(), conn, p.Epoch); !errors.Is(err, ErrRefused) {
		t.Errorf("a running run: got %v, want ErrRefused", err)
	}
	r.State = Complete
	if err := r.MarkFinalized(t.Context(), conn, p.Epoch+1); !errors.Is(err, ErrHeld) {
		t.Errorf("without the lease: got %v, want ErrHeld", err)
	}
	if err := r.MarkFinalized(t.Context(), conn, p.Epoch); err != nil {
		t.Errorf("a complete run: got %v, want no error", err)
	}
	if st, err := ReadStatus(t.Context(), e, "a"); st.State != Finalized || err != nil {
		t.Errorf("after MarkFinalized: got the state %q and the error %v, want finalized", st.State, err)
	}
}

func TestVerificationDoesNotStartAfterARollback(t *testing.T) {
	t.Parallel()
	e, p, _, conn := passOfRun(t)
	if err := StartVerification(t.Context(), e, "a"); err != nil {
		t.Errorf("a running run: got %v, want no error", err)
	}
	if v, err := p.ReadVerification(t.Context(), e, WholeRun); v.Number != 1 || len(v.Due) != 1 || err != nil {
		t.Errorf("got the verification %+v, %v, want number 1 with one batch", v, err)
	}
	if err := FinishRollback(t.Context(), conn, p.ID, p.Epoch, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := StartVerification(t.Context(), e, "a"); !errors.Is(err, ErrRefused) {
		t.Errorf("after a rollback: got %v, want ErrRefused", err)
	}
	if err := StartVerification(t.Context(), e, "b"); !errors.Is(err, ErrNoRun) {
		t.Errorf("a run that does not exist: got %v, want ErrNoRun", err)
	}
}

// Gone counts the kept entries without a fingerprint. Remain counts the kept entries that have an unresolved entry in
// the quarantine.
func TestLedgerCountsAddUpTheOutcomesOfEachKind(t *testing.T) {
	t.Parallel()
	_, p, _, conn := passOfRun(t)
	err := Exec(t.Context(), conn, `WITH l AS (
  INSERT INTO supabase_import.ledger (run, user_id, source, key, outcome, pass, raw)
  SELECT r.id, gen_random_uuid(), s, gen_random_uuid(), o, 1, CASE WHEN n = 1 THEN 5 END
  FROM supabase_import.run r, unnest(enum_range(NULL::supabase_import.source)) s,
    unnest(enum_range(NULL::supabase_import.outcome)) o, generate_series(1, 3) n
  RETURNING *
)
INSERT INTO supabase_import.quarantine (run, user_id, source, key, field, reason)
SELECT run, user_id, source, key, '', '`+mapping.KeptAfterSourceDeletion+`' FROM l WHERE raw IS NULL`)
	if err != nil {
		t.Fatal(err)
	}
	outcomes := map[mapping.Outcome]int64{
		mapping.Copied: 3, mapping.Identical: 3, mapping.Folded: 3, mapping.Quarantined: 3, "kept": 3, "deleted": 3,
	}
	kept := map[mapping.Kind]int64{"user": 2, "identity": 2, "profile": 2, "factor": 2, "passkey": 2}
	want := LedgerCounts{Counts: mapping.Counts{}, Gone: kept, Remain: kept}
	for kind := range kept {
		want.Counts[kind] = outcomes
	}
	got, err := ReadLedgerCounts(t.Context(), conn, p.ID)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, want nil; counts (-want +got):\n%s", err, diff)
	}
	n, all, err := ReadRemaining(t.Context(), conn, p.ID, 4)
	if n != 60 || len(all) != 4 || err != nil || all[0].Source != mapping.Factor {
		t.Errorf("ReadRemaining: got %d rows, the list %v and the error %v, want 60 and a list of four factors", n, all, err)
	}
}

func TestRowsOfABatchAreThoseOfAllTables(t *testing.T) {
	t.Parallel()
	r := BatchResult{Sums: map[string]Checksum{"user": {SourceRows: 2}, "account": {SourceRows: 3}}}
	if n := r.Rows(); n != 5 {
		t.Errorf("2 users and 3 accounts: got %d rows, want 5", n)
	}
}

func TestOptionsOfARunCannotChangeExceptAllowDeletions(t *testing.T) {
	t.Parallel()
	stored := mapping.Options{Run: "a", BatchSize: 2, Unconfirmed: "hold", Providers: map[string]string{"x": "y"}}
	for name, test := range map[string]struct {
		given mapping.Options
		want  string // in the error; "" for none
	}{
		"no option":              {mapping.Options{}, ""},
		"the same options":       {stored, ""},
		"deletions are allowed":  {mapping.Options{Run: "a", AllowDeletions: true}, ""},
		"another batch size":     {mapping.Options{Run: "a", BatchSize: 3}, "began with batchSize 2;"},
		"another map, same name": {mapping.Options{Run: "a", Providers: map[string]string{"x": "z"}}, "providers map[x:y]"},
	} {
		err := checkOptions(stored, test.given)
		if test.want == "" && err != nil ||
			test.want != "" && (!errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

// The query returns one row for each reason of a provider, then the row of the provider.
func TestProvidersHaveTheirReasonsAndTheirCallbackPath(t *testing.T) {
	t.Parallel()
	conn := connectTarget(t, &Env{})
	got, err := queryProviders(t.Context(), conn, `VALUES
  ('google', 'google', 'orphan', 1::bigint, 0::bigint, 0::bigint), ('google', 'google', 'anonymous', 2, 0, 0),
  ('google', 'google', NULL, 7, 5, 4), ('notion', '', NULL, 3, 2, 1)`)
	want := []Provider{
		{
			Name: "google", ID: "google", Identities: 7, Users: 5, Only: 4, Settings: mapping.ProviderSettings("google"),
			CallbackPath: "/api/auth/callback/google", NotImported: mapping.Reasons{"orphan": 1, "anonymous": 2},
		},
		{
			Name: "notion", Identities: 3, Users: 2, Only: 1, Settings: mapping.ProviderSettings(""),
			NotImported: mapping.Reasons{},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Fatalf("error %v, want nil; providers (-want +got):\n%s", err, diff)
	}
	if n := got[0].Copied(); n != 4 {
		t.Errorf("7 identities, of which 3 are not imported: got %d copied, want 4", n)
	}
}

func TestVerificationHasTheDifferencesAndSumsOfItsBatches(t *testing.T) {
	t.Parallel()
	e, p, b, conn := passOfRun(t)
	if err := StartVerification(t.Context(), e, "a"); err != nil {
		t.Fatal(err)
	}
	r := BatchResult{
		Sums: map[string]Checksum{"user": {SourceRows: 1, SourceSum: "2", TargetRows: 3, TargetSum: "4"}},
		Listed: []Difference{
			{Table: "user", ID: "1", Kind: "missing", Columns: []string{}},
			{Table: "user", ID: "2", Kind: "different", Columns: []string{"name"}},
		},
		Different: 2,
	}
	if err := p.SaveResult(t.Context(), e, conn, b, 1, r); err != nil {
		t.Fatal(err)
	}
	got, err := ReadVerified(t.Context(), conn, p.ID, 10)
	if err != nil {
		t.Fatal(err)
	}
	want := Verified{At: got.At, Batches: 1, Different: 2, Checksums: r.Sums, Differences: r.Listed}
	if diff := cmp.Diff(want, got); diff != "" || got.At.IsZero() {
		t.Errorf("the time is %v, want it set; verification (-want +got):\n%s", got.At, diff)
	}
}
