package run_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/copy"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

func TestSecondProcessGetsErrHeldWhileTheFirstWorks(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 46, 300)
	first := importtest.NewImport(t, from)
	first.Holder = "the first one"
	second := &importer.Import{From: first.From, To: first.To, Holder: "the second one", Now: time.Now}
	var err error
	callAfterBatch(first, 2, func() { _, err = second.Run(t.Context(), importtest.BatchesOf40, false, 2) })
	importtest.RunToCompletion(t, first, importtest.BatchesOf40)
	if !errors.Is(err, importer.ErrHeld) || !strings.Contains(err.Error(), "the first one") {
		t.Errorf("the second process got %v, want ErrHeld that names the first process", err)
	}
	importtest.RunToCompletion(t, second, importtest.BatchesOf40)
	importtest.CheckSameAsNewImport(t, second, importtest.BatchesOf40)
}

func TestAtLeastOneOfFourConcurrentProcessesCompletesTheRun(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 47, 300)
	to := dbtest.New(t)
	var all sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		all.Go(func() {
			m := &importer.Import{From: from, To: to, Holder: "one of four", Now: time.Now}
			_, errs[i] = m.Run(t.Context(), importtest.BatchesOf40, false, 1)
		})
	}
	all.Wait()
	finished := 0
	for _, err := range errs {
		switch {
		case err == nil:
			finished++
		case !errors.Is(err, importer.ErrHeld):
			t.Errorf("one of four concurrent processes got %v, want no error or ErrHeld", err)
		}
	}
	if finished == 0 {
		t.Error("all four concurrent processes got ErrHeld, want at least one that completes the run")
	}
	m := &importer.Import{From: from, To: to, Holder: "test", Now: time.Now}
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf40)
}

func TestProcessesWithOneHolderShareTheLease(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 48, 400)
	to := dbtest.New(t)
	importBy := func(holder string) *importer.Import {
		return &importer.Import{From: from, To: to, Holder: holder, Shared: true, Now: time.Now}
	}
	if _, err := importBy("execution").Begin(t.Context(), importtest.BatchesOf40, false); err != nil {
		t.Fatal(err)
	}
	if _, err := importBy("another").Begin(t.Context(), importtest.BatchesOf40, false); !errors.Is(err, importer.ErrHeld) {
		t.Errorf("a process with another holder got %v, want ErrHeld", err)
	}
	var all sync.WaitGroup
	for index := range 3 {
		all.Go(func() {
			done, err := copy.Shard(t.Context(), importBy("execution").Env(), "supabase", run.Shard{Index: index, Count: 3})
			if err != nil || !done {
				t.Errorf("copy of shard %d: got done %t and error %v, want true and nil", index, done, err)
			}
		})
	}
	all.Wait()
	m := importBy("execution")
	if st, err := run.ClosePass(t.Context(), m.Env(), "supabase"); err != nil || st.State != "complete" {
		t.Errorf("after the three shards: ClosePass returned the state %q and the error %v, want complete", st.State, err)
	}
	if err := m.Env().ReleaseShared(t.Context(), "supabase"); err != nil {
		t.Fatal(err)
	}
	importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf40)
}

// No connection renews a shared lease in the background, so every batch renews it.
func TestBatchesRenewTheSharedLease(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 49, 200)
	m := importtest.NewImport(t, from)
	m.Shared = true
	if _, err := m.Begin(t.Context(), importtest.BatchesOf40, false); err != nil {
		t.Fatal(err)
	}
	importtest.Exec(t, m.To, "update supabase_import.run set held_until = now() + interval '1 second'")
	if _, err := copy.Shard(t.Context(), m.Env(), "supabase", run.Shard{Index: 0, Count: 1}); err != nil {
		t.Fatal(err)
	}
	const isRenewed = "select (held_until > now() + interval '1 minute')::text from supabase_import.run"
	if importtest.Value(t, m.To, isRenewed) != "true" {
		t.Error("the lease ends less than a minute after the last batch, want that the batch renewed it")
	}
}

// If the connection of a lease breaks, the process renews the lease on a new connection, with the same epoch.
func TestLeaseIsRenewedAfterItsConnectionBreaks(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 50, 300)
	m := importtest.NewImport(t, from)
	other := &importer.Import{From: m.From, To: m.To, Holder: "other", Now: time.Now}
	var err error
	callAfterBatch(m, 2, func() {
		before := importtest.Value(t, m.To, "select holder_backend::text from supabase_import.run")
		importtest.Exec(t, m.To, "select pg_terminate_backend(holder_backend) from supabase_import.run")
		importtest.Eventually(t, "the lease to have a new connection", func() bool {
			return importtest.Value(t, m.To, "select holder_backend::text from supabase_import.run") != before
		})
		_, err = other.Run(t.Context(), importtest.BatchesOf40, false, 1)
	})
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	if !errors.Is(err, importer.ErrHeld) {
		t.Errorf("after the renewal another process got %v, want ErrHeld", err)
	}
}

// A role that cannot see when the connections of other roles began must not assume that they are closed.
func TestLeaseOfAnotherRoleIsNotTaken(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 51, 200)
	m := importtest.NewImport(t, from)
	if _, err := m.Begin(t.Context(), importtest.BatchesOf40, false); err != nil {
		t.Fatal(err)
	}
	limited := importtest.CreateRole(
		t,
		m.To,
		"grant usage on schema supabase_import, public to %[1]s; grant select, insert, update, delete on all tables in "+
			"schema public, supabase_import to %[1]s",
	)
	other := &importer.Import{From: from, To: limited, Holder: "other", Now: time.Now}
	if _, err := other.Begin(t.Context(), importtest.BatchesOf40, false); !errors.Is(err, importer.ErrHeld) {
		t.Errorf("a process with another role got %v, want ErrHeld", err)
	}
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
}
