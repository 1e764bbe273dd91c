package run_test

import (
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/copy"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// poisonable puts a proxy in front of a database and returns the address by way of it.
func poisonable(t *testing.T, address string) (*toxiproxy.Proxy, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal("not a URL")
	}
	p := toxiproxy.NewProxy(
		toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()),
		t.Name(),
		"127.0.0.1:0",
		u.Host,
	)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	u.Host = p.Listen
	return p, u.String()
}

// through returns the import with one side behind a proxy that p makes.
func through(m *importer.Import, side string, p func(string) string) *importer.Import {
	n := &importer.Import{From: m.From, To: m.To, Holder: "test", Now: time.Now}
	if side == "source" {
		n.From = p(m.From)
	} else {
		n.To = p(m.To)
	}
	return n
}

// afterBatch calls f once, when so many batches are done.
func afterBatch(m *importer.Import, done int, f func()) {
	var once sync.Once
	m.Progress = func(e importer.Event) {
		if e.Done >= done {
			once.Do(f)
		}
	}
}

func TestR43_NetworkFaults(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 43, 400)
	fresh := importtest.Open(t, from)
	importtest.Complete(t, fresh, importtest.Small)
	want := importtest.Contents(t, fresh.To, importtest.Landed, importtest.Ledger)
	for name, fault := range map[string]struct {
		toxic string
		lasts time.Duration
	}{
		"reset":   {`{"name": "fault", "type": "reset_peer", "stream": "downstream", "attributes": {"timeout": 0}}`, 300 * time.Millisecond},
		"latency": {`{"name": "fault", "type": "latency", "stream": "downstream", "attributes": {"latency": 5000}}`, 6 * time.Second},
	} {
		for _, side := range []string{"source", "target"} {
			t.Run(name+" of the "+side, func(t *testing.T) {
				t.Parallel()
				m := importtest.Open(t, from)
				var p *toxiproxy.Proxy
				direct := m.To
				m = through(m, side, func(url string) (by string) { p, by = poisonable(t, url); return by })
				afterBatch(m, 3, func() {
					if _, err := p.Toxics.AddToxicJson(strings.NewReader(fault.toxic)); err != nil {
						t.Error(err)
					}
					time.AfterFunc(fault.lasts, func() { _ = p.Toxics.RemoveToxic(t.Context(), "fault") })
				})
				importtest.Complete(t, m, importtest.Small)
				if diff := importtest.Unlike(
					importtest.Contents(t, direct, importtest.Landed, importtest.Ledger),
					want,
				); diff != "" {
					t.Errorf("the target is not what an undisturbed import makes it:%s", diff)
				}
			})
		}
	}
}

// TestR43_BlackHole lets the network swallow everything until the import has lost patience and tries a new connection.
func TestR43_BlackHole(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 44, 400)
	fresh := importtest.Open(t, from)
	importtest.Complete(t, fresh, importtest.Small)
	want := importtest.Contents(t, fresh.To, importtest.Landed, importtest.Ledger)
	for _, side := range []string{"source", "target"} {
		t.Run(side, func(t *testing.T) {
			t.Parallel()
			m := importtest.Open(t, from)
			direct := m.To
			var p *dbtest.Proxy
			m = through(m, side, func(url string) string { p = dbtest.NewProxy(t, url); return p.URL() })
			m.Patience = 3 * time.Second
			afterBatch(m, 3, func() {
				p.Freeze()
				before := p.Accepted()
				go func() {
					for p.Accepted() == before && t.Context().Err() == nil {
						time.Sleep(10 * time.Millisecond)
					}
					p.Resume()
				}()
			})
			importtest.Complete(t, m, importtest.Small)
			if diff := importtest.Unlike(
				importtest.Contents(t, direct, importtest.Landed, importtest.Ledger),
				want,
			); diff != "" {
				t.Errorf("the target is not what an undisturbed import makes it:%s", diff)
			}
		})
	}
}

func TestR43_BlackHoleThatLasts(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 45, 300)
	for _, side := range []string{"source", "target"} {
		t.Run(side, func(t *testing.T) {
			t.Parallel()
			direct := importtest.Open(t, from)
			var p *toxiproxy.Proxy
			m := through(direct, side, func(url string) (by string) { p, by = poisonable(t, url); return by })
			afterBatch(m, 2, func() {
				for _, stream := range []string{"upstream", "downstream"} {
					if _, err := p.Toxics.AddToxicJson(
						strings.NewReader(
							`{"name": "` + stream + `", "type": "timeout", "stream": "` + stream + `", "attributes": {"timeout": 0}}`,
						),
					); err != nil {
						t.Error(err)
					}
				}
			})
			m.Shared, direct.Shared = true, true
			if _, err := m.Begin(t.Context(), importtest.Small, false); err != nil {
				t.Fatal(err)
			}
			m.Patience = time.Second / 2
			if _, err := copy.Shard(
				t.Context(),
				m.Env(),
				"supabase",
				run.Shard{Index: 0, Count: 1},
			); !errors.Is(
				err,
				importer.ErrUnavailable,
			) {
				t.Errorf("got %v, want the database unavailable", err)
			}
			p.Stop() // the machine at the other end of the hole is gone at last
			importtest.Complete(t, direct, importtest.Small)
			importtest.SameAsFresh(t, direct, importtest.Small)
		})
	}
}
