package run_test

import (
	"errors"
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

// importThroughProxy returns a copy of an import that connects to one database, "source" or "target", through a proxy.
func importThroughProxy(t *testing.T, m *importer.Import, side string) (*importer.Import, *dbtest.Proxy) {
	t.Helper()
	n := &importer.Import{From: m.From, To: m.To, Holder: "test", Now: time.Now}
	database := &n.To
	if side == "source" {
		database = &n.From
	}
	p := dbtest.NewProxy(t, *database)
	*database = p.URL()
	return n, p
}

// callAfterBatch calls f once, when the import has done this number of batches.
func callAfterBatch(m *importer.Import, done int, f func()) {
	var once sync.Once
	m.Progress = func(e importer.Event) {
		if e.Done >= done {
			once.Do(f)
		}
	}
}

// importWithoutFaults returns the contents of the target after an import without faults.
func importWithoutFaults(t *testing.T, from string) map[string][]string {
	t.Helper()
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	return importtest.Contents(t, m.To, importtest.QueriesOfImportedTables, importtest.QueriesOfLedger)
}

func checkSameContents(t *testing.T, to string, want map[string][]string) {
	t.Helper()
	got := importtest.Contents(t, to, importtest.QueriesOfImportedTables, importtest.QueriesOfLedger)
	if diff := importtest.Diff(got, want); diff != "" {
		t.Errorf("the target differs from that of an import without faults:%s", diff)
	}
}

func TestR43_NetworkFaults(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 43, 400)
	want := importWithoutFaults(t, from)
	for name, fault := range map[string]struct {
		begins func(*dbtest.Proxy)
		lasts  time.Duration
	}{
		"reset":   {(*dbtest.Proxy).ResetAtNextResponse, 300 * time.Millisecond},
		"latency": {func(p *dbtest.Proxy) { p.Delay(5 * time.Second) }, 6 * time.Second},
	} {
		for _, side := range []string{"source", "target"} {
			t.Run(name+" of the "+side, func(t *testing.T) {
				t.Parallel()
				direct := importtest.NewImport(t, from)
				m, p := importThroughProxy(t, direct, side)
				callAfterBatch(m, 3, func() {
					fault.begins(p)
					end := time.AfterFunc(fault.lasts, p.Resume)
					t.Cleanup(func() { end.Stop() })
				})
				importtest.RunToCompletion(t, m, importtest.BatchesOf40)
				checkSameContents(t, direct.To, want)
			})
		}
	}
}

// TestR43_BlackHole stops all traffic through the proxy until the import times out and opens a new connection.
func TestR43_BlackHole(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 44, 400)
	want := importWithoutFaults(t, from)
	for _, side := range []string{"source", "target"} {
		t.Run(side, func(t *testing.T) {
			t.Parallel()
			direct := importtest.NewImport(t, from)
			m, p := importThroughProxy(t, direct, side)
			m.Timeout = 3 * time.Second
			callAfterBatch(m, 3, func() {
				p.Freeze()
				before := p.Accepted()
				go func() {
					for p.Accepted() == before && t.Context().Err() == nil {
						time.Sleep(10 * time.Millisecond)
					}
					p.Resume()
				}()
			})
			importtest.RunToCompletion(t, m, importtest.BatchesOf40)
			checkSameContents(t, direct.To, want)
		})
	}
}

func TestR43_PermanentPacketLoss(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 45, 300)
	for _, side := range []string{"source", "target"} {
		t.Run(side, func(t *testing.T) {
			t.Parallel()
			direct := importtest.NewImport(t, from)
			m, p := importThroughProxy(t, direct, side)
			callAfterBatch(m, 2, p.Freeze)
			m.Shared, direct.Shared = true, true
			if _, err := m.Begin(t.Context(), importtest.BatchesOf40, false); err != nil {
				t.Fatal(err)
			}
			m.Timeout, m.RetryDelay = time.Second/2, 10*time.Millisecond
			if _, err := copy.Shard(t.Context(), m.Env(), "supabase", run.WholeRun); !errors.Is(err, importer.ErrUnavailable) {
				t.Errorf("all packets from and to the %s are lost: got %v, want ErrUnavailable", side, err)
			}
			p.RefuseConnections() // closes the frozen connections
			importtest.RunToCompletion(t, direct, importtest.BatchesOf40)
			importtest.CheckSameAsNewImport(t, direct, importtest.BatchesOf40)
		})
	}
}
