package rollback_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// Before the run, the target has some users that a run with another name imported: unchanged, changed, incomplete, or
// with additional rows.
func TestRollbackRestoresTheTarget(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 21, 600)
	m := &importer.Import{From: from, To: importtest.TargetWithConflicts(t, from), Holder: "test", Now: time.Now}
	importtest.RunToCompletion(t, m, importer.Options{Run: "another", BatchSize: 200, MFA: "allow"})
	importtest.Exec(t, m.To, `
delete from "user" where left(id::text, 1) < '8';
delete from account where left(id::text, 2) between 'a0' and 'a9';
delete from account where left(id::text, 1) = 'b' and "providerId" = 'credential';
delete from user_profile where left(id::text, 1) = 'c';
update "user" set name = 'Changed Before' where left(id::text, 1) = 'd';
insert into session ("expiresAt", token, "updatedAt", "userId") select now(), id, now(), id from "user";`)
	before := importtest.Contents(t, m.To, importtest.QueriesOfImportedTables, importtest.QueriesOutsideRun)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	copied := importtest.CountImportedRows(t, m.To)
	got := importtest.RollBack(t, m, false)
	if diff := importtest.Diff(
		importtest.Contents(t, m.To, importtest.QueriesOfImportedTables, importtest.QueriesOutsideRun),
		before,
	); diff != "" {
		t.Errorf("after the rollback the target differs from that before the run: %s", diff)
	}
	want := importer.RollbackResult{Removed: map[string]int64{}, KeptUsers: []string{}, Done: true}
	for table, n := range copied {
		want.Removed[table] = n - int64(len(before[table]))
	}
	if diff := cmp.Diff(got, want, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("result of the rollback (-got +want):\n%s", diff)
	}
	if n := want.Removed; n["user"] < 150 || n["account"] < 150 || n["user_profile"] < 150 {
		t.Errorf("the run copied %v rows, want at least 150 of each table for the test", n)
	}
}

func TestDryRunOfARollbackCountsAndChangesNothing(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 23, 300)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	importtest.Exec(
		t,
		m.To,
		`update "user" set name = 'Changed' where left(id::text, 1) = '7';
			insert into session ("expiresAt", token, "updatedAt", "userId") select now(), id, now(), id from "user"`,
	)
	before := importtest.Contents(
		t,
		m.To,
		importtest.QueriesOfImportedTables,
		importtest.QueriesOutsideRun,
		importtest.QueriesOfLedger,
	)
	counted, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := importtest.Diff(
		importtest.Contents(
			t,
			m.To,
			importtest.QueriesOfImportedTables,
			importtest.QueriesOutsideRun,
			importtest.QueriesOfLedger,
		),
		before,
	); diff != "" {
		t.Errorf("the dry run changed rows: %s", diff)
	}
	if diff := cmp.Diff(counted, importtest.RollBack(t, m, false)); diff != "" {
		t.Errorf("results (-dry run +rollback):\n%s", diff)
	}
	if counted.Left == 0 || counted.Sessions == 0 {
		t.Errorf("the dry run counts %d kept users and %d sessions, want more than 0 for the test",
			counted.Left, counted.Sessions)
	}
}

func TestRunAfterARollbackImportsTheSameRows(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 24, 350)
	m := &importer.Import{From: from, To: importtest.TargetWithConflicts(t, from), Holder: "test", Now: time.Now}
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100) // a later pass
	first, sums := importtest.Contents(
		t,
		m.To,
		importtest.QueriesOfImportedTables,
		queriesOfStableColumns,
	), importtest.Verify(
		t,
		m,
	).Checksums
	importtest.RollBack(t, m, false)
	st, err := m.Status(t.Context(), "supabase")
	if err != nil {
		t.Fatal(err)
	}
	if st.State != "rolled back" || len(st.Reasons) != 0 || len(st.Counts) != 0 {
		t.Errorf("after the rollback: got the state %q, reasons %v and counts %v, want rolled back, no reasons and no counts",
			st.State, st.Reasons, st.Counts)
	}
	if n := importtest.Value(t, m.To, "select count(*)::text from supabase_import.quarantine"); n == "0" {
		t.Error("after the rollback the quarantine is empty, want its entries")
	}
	again := importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	if again.Pass != 1 {
		t.Errorf("the run after the rollback has pass %d, want 1", again.Pass)
	}
	if diff := importtest.Diff(
		importtest.Contents(t, m.To, importtest.QueriesOfImportedTables, queriesOfStableColumns),
		first,
	); diff != "" {
		t.Errorf("the run after the rollback copied other rows than the first: %s", diff)
	}
	if diff := cmp.Diff(importtest.Verify(t, m).Checksums, sums); diff != "" {
		t.Errorf("checksums of the run after the rollback (-got +want):\n%s", diff)
	}
}

// queriesOfStableColumns has queries for the columns of the ledger that do not depend on the pass.
var queriesOfStableColumns = map[string]string{
	"ledger": `select row(user_id, source, key, outcome, raw, written, credential, residue)::text
		from supabase_import.ledger order by user_id, source, key`,
	"ruling":     importtest.QueriesOfLedger["ruling"],
	"quarantine": importtest.QueriesOfLedger["quarantine"],
}

func TestRunAfterARollbackCanHaveOtherOptions(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 25, 300)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	importtest.RollBack(t, m, false)
	o := importer.Options{BatchSize: 70, MFA: "hold", Unconfirmed: "allow"}
	if st := importtest.RunToCompletion(t, m, o); st.Batches != 5 {
		t.Errorf("the run after the rollback has %d batches, want 5: 300 users in batches of 70", st.Batches)
	}
	importtest.CheckSameAsNewImport(t, m, o)
}

func TestRollbackNeedsARunThatNoOtherProcessHolds(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 28, 100)
	m := importtest.NewImport(t, from)
	if _, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{}); err == nil {
		t.Error("Rollback without a run: got no error, want one")
	}
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	if _, err := m.Rollback(t.Context(), "another", importer.RollbackOptions{}); !errors.Is(err, importer.ErrNoRun) {
		t.Errorf("Rollback of a name that no run has: got %v, want ErrNoRun", err)
	}
	other := &importer.Import{From: m.From, To: m.To, Holder: "another process", Now: time.Now}
	if _, err := other.Begin(t.Context(), importtest.BatchesOf100, false); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{}); !errors.Is(err, importer.ErrHeld) {
		t.Errorf("Rollback while another process has the lease: got %v, want ErrHeld", err)
	}
}

// A user changes the password while the rollback works on the batch of the user. The rollback waits, checks the user
// again and does not remove the user.
func TestRollbackKeepsAUserWhoChangesThePasswordAtTheSameTime(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 29, 100)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	id := importtest.Value(t, m.To, `select min("userId"::text) from account where "providerId" = 'credential'`)
	tx, err := importtest.Connect(t, m.To).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(
		t.Context(),
		`update account set password = 'another', "updatedAt" = now() where "providerId" = 'credential' and "userId" = $1`,
		id,
	); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	var got importer.RollbackResult
	go func() {
		var err error
		got, err = m.Rollback(t.Context(), "supabase", importer.RollbackOptions{})
		done <- err
	}()
	importtest.AwaitLockWait(t, m.To, "the rollback waits for the row")
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got.KeptUsers, []string{id}); diff != "" {
		t.Errorf("users that the rollback kept (-got +want):\n%s", diff)
	}
	const query = `select password from account where "userId"::text = $1 and "providerId" = 'credential'`
	if got := importtest.Value(t, m.To, query, id); got != "another" {
		t.Errorf("after the rollback the user has the password hash %q, want that of the change", got)
	}
}
