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

const sampleInterval = 15 * time.Second

// BenchmarkSoak runs the load of five hundred users once, whatever b.N is. `make soak` runs it with -benchtime 1x,
// because with a larger value the testing package could call it again. No user waits between two requests, so server,
// database and users together use all processors fully.
func BenchmarkSoak(b *testing.B) {
	b.ReportMetric(0, "ns/op")
	database := dbtest.New(b)
	server := startChild(b, serverRole, settingsWithNewKeys(b, database))
	address := server.readLine(b)
	warmUpUser := newUserGroup(b, address, 0, 1)
	r := &report{begun: time.Now(), before: warmUpCaches(b, warmUpUser, server, database)}
	c := newUserGroup(b, address, 1, userCount)
	c.forAll((*loadUser).register)
	c.takeTimes()
	r.first = c.runActions(*warmUp, nil)
	r.soak = c.runActions(*soak, func(after time.Duration) {
		r.samples = append(r.samples, c.sampleWhilePaused(b, server, database, after))
	})
	c.users = append(c.users, warmUpUser.users...)
	r.accounts = len(c.expectedAccounts())
	c.checkFaultsAndDatabase(b, database)
	c.closeConnections()
	r.after = steadyResourceUsage(b, server, database)
	for _, problem := range r.problems() {
		b.Error(problem)
	}
	fmt.Fprintf(os.Stderr, "\n%s\n", r.markdown(b, database))
	if *docs != "" && !b.Failed() {
		r.writePage(b, *docs, database)
	}
}

// warmUpCaches executes every action of mix once, so that all caches and pools exist before the measurement, and
// returns the resource usage after that.
func warmUpCaches(b *testing.B, c *userGroup, server *childProcess, database string) resourceUsage {
	b.Helper()
	c.forAll((*loadUser).register)
	for _, a := range actionMix {
		c.forAll(a.do)
	}
	if c.faultCount() > 0 {
		b.Fatalf("faults while the caches are warmed up: got %v, want none", c.detail)
	}
	c.closeConnections()
	return steadyResourceUsage(b, server, database)
}

// phaseResult has the results of one of the two parts of the run: the warm-up or the soak.
type phaseResult struct {
	duration        time.Duration
	plain, password []time.Duration // the response times of the requests without and with a password, sorted
	faults          int
}

// runActions runs random actions of all users for a duration. Unless sample is nil, it calls sample every
// sampleInterval.
func (c *userGroup) runActions(long time.Duration, sample func(after time.Duration)) phaseResult {
	var ended atomic.Bool
	stopped := make(chan struct{})
	begin, before := time.Now(), c.faultCount()
	go func() {
		defer close(stopped)
		c.forAll(func(p *loadUser) error {
			for !ended.Load() {
				if err := p.doRandomAction(); err != nil {
					return err
				}
			}
			return nil
		})
	}()
	for next := sampleInterval; sample != nil && next <= long; next += sampleInterval {
		time.Sleep(time.Until(begin.Add(next)))
		sample(next)
	}
	time.Sleep(time.Until(begin.Add(long)))
	ended.Store(true)
	<-stopped
	done := phaseResult{duration: time.Since(begin), faults: c.faultCount() - before}
	done.plain, done.password = c.takeTimes()
	return done
}

// sampleWhilePaused takes a sample while all users pause, so that the sample does not contain the memory of running
// requests, such as the 19 MiB of a hash.
func (c *userGroup) sampleWhilePaused(b *testing.B, server *childProcess, database string, after time.Duration) sample {
	b.Helper()
	c.gate.Lock()
	defer c.gate.Unlock()
	f := server.readResourceUsage(b, database)
	fmt.Fprintf(os.Stderr, "%6.0f s  %s, %d errors\n", after.Seconds(), f, c.faultCount())
	return sample{after, f}
}

// steadyResourceUsage returns the resource usage when the numbers of goroutines and descriptors have not changed for a
// second. Then the server has noticed that the users have closed their connections.
func steadyResourceUsage(b *testing.B, server *childProcess, database string) resourceUsage {
	b.Helper()
	last := server.readResourceUsage(b, database)
	for same := 0; same < 5; {
		time.Sleep(200 * time.Millisecond)
		f := server.readResourceUsage(b, database)
		if same++; f.Goroutines != last.Goroutines || f.Files != last.Files {
			same = 0
		}
		last = f
	}
	return last
}
