package versus

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// connectionCounts are the numbers of connections with which each workload is measured.
var connectionCounts = []int{1, 16, 64}

// workload is one kind of work: a request to a server, or a part of the work without a server, such as a hash.
type workload struct {
	request, subject string
	counts           [3]int // the numbers of calls in a run, one for each of connections; 0: not measured
	pid              int    // the process that does the work; 0 if only Postgres does
	run              func(ctx context.Context, conns, count int) (loadResult, error)

	function string // the folder of the function with this pid, or ""
}

// measurement is the result of one run of a workload. Processor times are for one request, in microseconds.
type measurement struct {
	perSecond, p50, p95, p99    float64 // p50, p95 and p99 in milliseconds
	server, postgres, generator float64 // processor times; the generator is this process
	full                        int     // calls that the server rejected with 503
}

// httpWorkload returns a workload that sends calls to s over HTTP, with the name of s as subject.
func (s server) httpWorkload(request string, counts [3]int, next func(i int) httpCall) workload {
	return s.httpWorkloadAs(s.name, request, counts, next)
}

// httpWorkloadAs returns a workload that sends calls to s over HTTP, with the given subject.
func (s server) httpWorkloadAs(subject, request string, counts [3]int, next func(i int) httpCall) workload {
	return workload{
		request: request, subject: subject, counts: counts, pid: s.pid,
		run: func(ctx context.Context, conns, count int) (loadResult, error) {
			return sendLoad(ctx, s.address, conns, count, next)
		},
	}
}

// inProcessWorkload returns a workload that calls work in this process. It runs conns calls at the same time, but at
// most one for each processor.
func inProcessWorkload(request, subject string, counts [3]int, work func(ctx context.Context) error) workload {
	return workload{
		request: request, subject: subject, counts: counts, pid: os.Getpid(),
		run: func(ctx context.Context, conns, count int) (loadResult, error) {
			took := make([]time.Duration, count)
			var taken atomic.Int64
			var group errgroup.Group
			begin := time.Now()
			for range min(conns, runtime.NumCPU()) {
				group.Go(func() error {
					for i := int(taken.Add(1)) - 1; i < count; i = int(taken.Add(1)) - 1 {
						start := time.Now()
						if err := work(ctx); err != nil {
							return err
						}
						took[i] = time.Since(start)
					}
					return nil
				})
			}
			err := group.Wait()
			return loadResult{took: took, whole: time.Since(begin)}, err
		},
	}
}

// measure runs a workload once. It reads the processor times of the workload's process, of Postgres and of this process
// before and after.
func (w workload) measure(ctx context.Context, postgres, conns, count int) (measurement, error) {
	before, err := w.processorTimes(postgres)
	if err != nil {
		return measurement{}, err
	}
	done, err := w.run(ctx, conns, count)
	if err != nil {
		return measurement{}, fmt.Errorf("%s, %s, %d connections: %w", w.request, w.subject, conns, err)
	}
	after, err := w.processorTimes(postgres)
	if err != nil {
		return measurement{}, err
	}
	microsecondsPerCall := func(i int) float64 {
		return float64((after[i] - before[i]).Nanoseconds()) / 1000 / float64(count)
	}
	slices.Sort(done.took)
	return measurement{
		perSecond: float64(count-done.full) / done.whole.Seconds(), full: done.full,
		p50: percentile(done.took, 0.50), p95: percentile(done.took, 0.95), p99: percentile(done.took, 0.99),
		server: microsecondsPerCall(0), postgres: microsecondsPerCall(1), generator: microsecondsPerCall(2),
	}, nil
}

func (w workload) processorTimes(postgres int) (all [3]time.Duration, err error) {
	if w.pid != 0 {
		if all[0], err = processorTime(w.pid); err != nil {
			return all, err
		}
	}
	if all[1], err = processorTimeOfTree(postgres); err != nil {
		return all, err
	}
	all[2], err = processorTime(os.Getpid())
	return all, err
}

// percentile returns a percentile of sorted times by the nearest rank, in milliseconds.
func percentile(sorted []time.Duration, p float64) float64 {
	rank := int(p*float64(len(sorted))+0.999999) - 1
	return float64(sorted[min(max(rank, 0), len(sorted)-1)].Nanoseconds()) / 1e6
}

// spread is the median, the smallest and the largest of the values of all rounds.
type spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func spreadOf(values []float64) spread {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return spread{}
	}
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + median) / 2
	}
	return spread{median, sorted[0], sorted[len(sorted)-1]}
}

// measuredWorkload is a workload with one number of connections, and its samples, one for each round.
type measuredWorkload struct {
	workload
	conns, count int
	samples      []measurement
}

func (c *measuredWorkload) values(value func(measurement) float64) []float64 {
	all := make([]float64, len(c.samples))
	for i, s := range c.samples {
		all[i] = value(s)
	}
	return all
}

// measureRounds measures the workloads of each group with each number of connections, in n rounds. In a round the
// workloads run one after the other, in every second round in the opposite order. A round before the others, which does
// not count, warms up. The numbers of calls are divided by divisor.
func measureRounds(
	ctx context.Context,
	groups [][]workload,
	n, divisor, postgres int,
	logProgress func(string),
) ([]*measuredWorkload, error) {
	var all []*measuredWorkload
	for _, group := range groups {
		for i, conns := range connectionCounts {
			var cells []*measuredWorkload
			for _, w := range group {
				if w.counts[i] > 0 {
					cells = append(
						cells,
						&measuredWorkload{workload: w, conns: conns, count: max(w.counts[i]/divisor, min(8, w.counts[i]))},
					)
				}
			}
			for round := -1; round < n; round++ {
				for j := range cells {
					c := cells[j]
					if round%2 == 1 {
						c = cells[len(cells)-1-j]
					}
					count := c.count
					if round < 0 {
						count = max(c.count/4, min(8, c.count))
					}
					s, err := c.measure(ctx, postgres, conns, count)
					if err != nil {
						return nil, err
					}
					if round >= 0 {
						c.samples = append(c.samples, s)
					}
				}
			}
			for _, c := range cells {
				logProgress(fmt.Sprintf("%-24s %-24s %3d connections: %8.0f/s", c.request, c.subject, conns,
					spreadOf(c.values(func(s measurement) float64 { return s.perSecond })).Median))
			}
			all = append(all, cells...)
		}
	}
	return all, nil
}

// findMeasuredWorkload returns the measured workload of a request, subject and number of connections, or nil.
func findMeasuredWorkload(cells []*measuredWorkload, request, subject string, conns int) *measuredWorkload {
	i := slices.IndexFunc(cells, func(c *measuredWorkload) bool {
		return c.request == request && c.subject == subject &&
			c.conns == conns
	})
	if i < 0 {
		return nil
	}
	return cells[i]
}

// ratiosOf returns the spread of the ratios of a's values to b's values.
func ratiosOf(a, b *measuredWorkload, value func(measurement) float64) spread {
	return spreadOf(ratiosByRound(a, b, value))
}

// ratiosByRound returns the ratios of a's values to b's values, one ratio for each round: the two runs of a round were
// close in time, so the load of the machine was similar.
func ratiosByRound(a, b *measuredWorkload, value func(measurement) float64) []float64 {
	x, y := a.values(value), b.values(value)
	all := make([]float64, min(len(x), len(y)))
	for i := range all {
		all[i] = x[i] / cmp.Or(y[i], 1e-9)
	}
	return all
}
