package load

import (
	"flag"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

var (
	warmUp = flag.Duration("warm-up", time.Minute, "duration of the load before the soak")
	soak   = flag.Duration("soak", 10*time.Minute, "duration of the soak")
	docs   = flag.String("docs", "", "folder of the reliability.md to write the tables to; default: print them only")
)

// every is the interval of the samples.
const every = 15 * time.Second

// BenchmarkSoak runs the load of five hundred users once, for any -benchtime. `make soak` runs it. No user waits
// between two requests, so server, database and users share the processors, which are fully used.
func BenchmarkSoak(b *testing.B) {
	b.ReportMetric(0, "ns/op")
	database := dbtest.New(b)
	server := spawn(b, asServer, settings(b, database))
	address := server.line(b)
	visitor := gather(b, address, 0, 1)
	r := &report{begun: time.Now(), before: visit(b, visitor, server, database)}
	c := gather(b, address, 1, people)
	c.forAll((*person).enter)
	c.times()
	r.first = c.stay(*warmUp, nil)
	r.soak = c.stay(*soak, func(after time.Duration) {
		r.samples = append(r.samples, c.still(b, server, database, after))
	})
	c.people = append(c.people, visitor.people...)
	r.accounts = len(c.accounts())
	c.check(b, database)
	c.leave()
	r.after = steadyFigures(b, server, database)
	for _, problem := range r.problems() {
		b.Error(problem)
	}
	fmt.Fprintf(os.Stderr, "\n%s\n", r.markdown(b, database))
	if *docs != "" && !b.Failed() {
		r.write(b, *docs, database)
	}
}

// visit executes every action once, so that all caches and pools exist before the measurement, and returns the figures.
func visit(b *testing.B, c *crowd, server *child, database string) figures {
	b.Helper()
	c.forAll((*person).enter)
	for _, a := range mix {
		c.forAll(a.do)
	}
	if c.met() > 0 {
		b.Fatal(c.detail)
	}
	c.leave()
	return steadyFigures(b, server, database)
}

// period has the results of a part of the run.
type period struct {
	long            time.Duration
	plain, password []time.Duration // the times of the requests, sorted
	faults          int
}

// stay runs random actions of all people for a duration, and calls sample at each interval unless it is nil.
func (c *crowd) stay(long time.Duration, sample func(after time.Duration)) period {
	var over atomic.Bool
	gone := make(chan struct{})
	begin, before := time.Now(), c.met()
	go func() {
		defer close(gone)
		c.forAll(func(p *person) error {
			for !over.Load() {
				if err := p.act(); err != nil {
					return err
				}
			}
			return nil
		})
	}()
	for next := every; sample != nil && next <= long; next += every {
		time.Sleep(time.Until(begin.Add(next)))
		sample(next)
	}
	time.Sleep(time.Until(begin.Add(long)))
	over.Store(true)
	<-gone
	done := period{long: time.Since(begin), faults: c.met() - before}
	done.plain, done.password = c.times()
	return done
}

// still takes a sample while all people pause, so that it does not contain the memory of running requests, such as the
// 19 MiB of a hash.
func (c *crowd) still(b *testing.B, server *child, database string, after time.Duration) sample {
	b.Helper()
	c.gate.Lock()
	defer c.gate.Unlock()
	f := server.figures(b, database)
	fmt.Fprintf(os.Stderr, "%6.0f s  %s, %d errors\n", after.Seconds(), f, c.met())
	return sample{after, f}
}

// steadyFigures returns the figures after the server has noticed that all connections are closed: when they have not
// changed for a second.
func steadyFigures(b *testing.B, server *child, database string) figures {
	b.Helper()
	last := server.figures(b, database)
	for same := 0; same < 5; {
		time.Sleep(200 * time.Millisecond)
		f := server.figures(b, database)
		if same++; f.Goroutines != last.Goroutines || f.Files != last.Files {
			same = 0
		}
		last = f
	}
	return last
}
