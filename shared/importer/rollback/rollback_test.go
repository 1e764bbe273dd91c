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

// Before the import the target has some users from an earlier import: identical, changed, incomplete, or with
// additional rows.
func TestRollback_RestoresTheTarget(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 21, 600)
	m := &importer.Import{From: from, To: importtest.TargetWithConflicts(t, from), Holder: "test", Now: time.Now}
	importtest.Complete(t, m, importer.Options{Run: "another", BatchSize: 200, MFA: "allow"})
	importtest.Exec(t, m.To, `
delete from "user" where left(id::text, 1) < '8';
delete from account where left(id::text, 2) between 'a0' and 'a9';
delete from account where left(id::text, 1) = 'b' and "providerId" = 'credential';
delete from user_profile where left(id::text, 1) = 'c';
update "user" set name = 'Changed Before' where left(id::text, 1) = 'd';
insert into session ("expiresAt", token, "updatedAt", "userId") select now(), id, now(), id from "user";`)
	before := importtest.Contents(t, m.To, importtest.Imported, importtest.OutsideRun)
	importtest.Complete(t, m, importtest.Allow)
	copied := importtest.Count(t, m.To)
	got := importtest.RollBack(t, m, false)
	if diff := importtest.Diff(
		importtest.Contents(t, m.To, importtest.Imported, importtest.OutsideRun),
		before,
	); diff != "" {
		t.Errorf("the target is not as it was before: %s", diff)
	}
	want := importer.RollbackResult{Removed: map[string]int64{}, KeptUsers: []string{}, Done: true}
	for table, n := range copied {
		want.Removed[table] = n - int64(len(before[table]))
	}
	if diff := cmp.Diff(got, want, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("result of the rollback, got - want +:\n%s", diff)
	}
	if n := want.Removed; n["user"] < 150 || n["account"] < 150 || n["user_profile"] < 150 {
		t.Errorf("the run copied %v, too few for a test", n)
	}
}

func TestRollback_DryRunOnlyCounts(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 23, 300)
	m := importtest.Open(t, from)
	importtest.Complete(t, m, importtest.Allow)
	importtest.Exec(
		t,
		m.To,
		`update "user" set name = 'Changed' where left(id::text, 1) = '7';
			insert into session ("expiresAt", token, "updatedAt", "userId") select now(), id, now(), id from "user"`,
	)
	before := importtest.Contents(t, m.To, importtest.Imported, importtest.OutsideRun, importtest.Ledger)
	counted, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := importtest.Diff(
		importtest.Contents(t, m.To, importtest.Imported, importtest.OutsideRun, importtest.Ledger),
		before,
	); diff != "" {
		t.Errorf("the dry run changed rows: %s", diff)
	}
	if diff := cmp.Diff(counted, importtest.RollBack(t, m, false)); diff != "" {
		t.Errorf("dry run - rollback +:\n%s", diff)
	}
	if counted.Left == 0 || counted.Sessions == 0 {
		t.Errorf("%d kept users and %d sessions, too few for a test", counted.Left, counted.Sessions)
	}
}

// After a rollback the ledger has only the kept users, and a later run imports the same rows.
func TestRollback_NextRunImportsTheSameRows(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 24, 350)
	m := &importer.Import{From: from, To: importtest.TargetWithConflicts(t, from), Holder: "test", Now: time.Now}
	importtest.Complete(t, m, importtest.Allow)
	importtest.Complete(t, m, importtest.Allow) // a later pass
	first, sums := importtest.Contents(t, m.To, importtest.Imported, stableColumns), importtest.Verify(t, m).Checksums
	importtest.RollBack(t, m, false)
	st, err := m.Status(t.Context(), "supabase")
	if err != nil {
		t.Fatal(err)
	}
	if st.State != "rolled back" || len(st.Reasons) != 0 || len(st.Counts) != 0 {
		t.Errorf("got %q with %v and %v, want rolled back, without reasons and counts", st.State, st.Reasons, st.Counts)
	}
	if n := importtest.Value(t, m.To, "select count(*)::text from supabase_import.quarantine"); n == "0" {
		t.Error("the quarantine is empty, want its entries")
	}
	again := importtest.Complete(t, m, importtest.Allow)
	if again.Pass != 1 {
		t.Errorf("the run after the rollback is pass %d, want 1", again.Pass)
	}
	if diff := importtest.Diff(importtest.Contents(t, m.To, importtest.Imported, stableColumns), first); diff != "" {
		t.Errorf("another run copies other rows: %s", diff)
	}
	if diff := cmp.Diff(importtest.Verify(t, m).Checksums, sums); diff != "" {
		t.Errorf("checksums, got - want +:\n%s", diff)
	}
}

// stableColumns has the columns of the ledger that do not depend on the pass.
var stableColumns = map[string]string{
	"ledger": `select row(user_id, source, key, outcome, raw, written, credential, residue)::text
		from supabase_import.ledger order by user_id, source, key`,
	"ruling":     importtest.Ledger["ruling"],
	"quarantine": importtest.Ledger["quarantine"],
}

func TestRollback_NextRunCanHaveOtherOptions(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 25, 300)
	m := importtest.Open(t, from)
	importtest.Complete(t, m, importtest.Allow)
	importtest.RollBack(t, m, false)
	o := importer.Options{BatchSize: 70, MFA: "hold", Unconfirmed: "allow"}
	if st := importtest.Complete(t, m, o); st.Batches != 5 {
		t.Errorf("%d batches, want 5", st.Batches)
	}
	importtest.CheckSameAsNewImport(t, m, o)
}

func TestRollback_Refused(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 28, 100)
	m := importtest.Open(t, from)
	if _, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{}); err == nil {
		t.Error("without a run: no error")
	}
	importtest.Complete(t, m, importtest.Allow)
	if _, err := m.Rollback(t.Context(), "another", importer.RollbackOptions{}); !errors.Is(err, importer.ErrNoRun) {
		t.Errorf("another name: got %v, want ErrNoRun", err)
	}
	other := &importer.Import{From: m.From, To: m.To, Holder: "another process", Now: time.Now}
	if _, err := other.Begin(t.Context(), importtest.Allow, false); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{}); !errors.Is(err, importer.ErrHeld) {
		t.Errorf("while another process has the lease: got %v, want ErrHeld", err)
	}
}

// A user changes the password while the rollback handles the batch of the user. The rollback checks the user again and
// does not remove the user.
func TestRollback_KeepsUserWithConcurrentChange(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 29, 100)
	m := importtest.Open(t, from)
	importtest.Complete(t, m, importtest.Allow)
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
		t.Errorf("kept users, got - want +:\n%s", diff)
	}
	if got := importtest.Value(
		t,
		m.To,
		`select password from account where "userId"::text = $1 and "providerId" = 'credential'`,
		id,
	); got != "another" {
		t.Error("the password that was changed at the same time is lost")
	}
}
