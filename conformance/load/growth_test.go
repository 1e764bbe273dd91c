package load

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// sample has the resources that the server uses at one time of the soak (the long run under load).
type sample struct {
	after time.Duration
	resourceUsage
}

func (f resourceUsage) String() string {
	return fmt.Sprintf("%d goroutines, heap %.1f MiB in %d objects, %.1f MiB resident, %d descriptors, %d connections",
		f.Goroutines, toMebibytes(f.Heap), f.Objects, toMebibytes(f.Resident), f.Files, f.Connections)
}

func toMebibytes(bytes uint64) float64 { return float64(bytes) / (1 << 20) }

// growthLimits are the allowed growth from the first to the last third of the soak: a share of the first value plus an
// amount. They apply to medians. For the resident memory they apply to maxima, because Go returns the 19 MiB of each
// hash to the system at different times.
var growthLimits = []struct {
	name   string
	of     func(resourceUsage) float64
	among  func([]sample, func(resourceUsage) float64) float64
	share  float64
	amount float64
}{
	{"goroutines", func(f resourceUsage) float64 { return float64(f.Goroutines) }, median, 0, 2},
	{"MiB of heap", func(f resourceUsage) float64 { return toMebibytes(f.Heap) }, median, 0.1, 1},
	{"MiB resident", func(f resourceUsage) float64 { return toMebibytes(f.Resident) }, maximum, 0.1, 8},
	{"descriptors", func(f resourceUsage) float64 { return float64(f.Files) }, median, 0, 2},
}

// problems lists the resources that are above their limits: those that grew during the soak, too many connections, and
// resources that are not released after the load.
func (r *report) problems() (all []string) {
	if len(r.samples) == 0 {
		return []string{fmt.Sprintf("no samples, because the soak is shorter than %v", sampleInterval)}
	}
	third := max(1, len(r.samples)/3)
	for _, l := range growthLimits {
		early, late := l.among(r.samples[:third], l.of), l.among(r.samples[len(r.samples)-third:], l.of)
		if limit := early*(1+l.share) + l.amount; late > limit {
			all = append(all, fmt.Sprintf("%.1f %s in the last third of the soak, %.1f in the first, want at most %.1f",
				late, l.name, early, limit))
		}
	}
	for _, s := range r.samples {
		if s.Connections > poolSize {
			all = append(all, fmt.Sprintf("%d connections after %v, want at most %d", s.Connections, s.after, poolSize))
		}
	}
	if got, want := r.after.Goroutines, r.before.Goroutines; got > want {
		all = append(all, fmt.Sprintf("%d goroutines after the load, want %d", got, want))
	}
	got, want := r.after.Files-r.after.Connections, r.before.Files-r.before.Connections
	if got > want {
		all = append(all, fmt.Sprintf("%d descriptors without connections after the load, want %d", got, want))
	}
	return all
}

// median returns the median of one resource over the samples. of returns that resource.
func median(samples []sample, of func(resourceUsage) float64) float64 {
	var all []float64
	for _, s := range samples {
		all = append(all, of(s.resourceUsage))
	}
	slices.Sort(all)
	return (all[len(all)/2] + all[(len(all)-1)/2]) / 2
}

// maximum returns the largest value of one resource in the samples. of returns that resource.
func maximum(samples []sample, of func(resourceUsage) float64) (all float64) {
	for _, s := range samples {
		all = max(all, of(s.resourceUsage))
	}
	return all
}

func TestGrowthOfResourcesIsReported(t *testing.T) {
	t.Parallel()
	quiet := resourceUsage{Goroutines: 12, Heap: 4 << 20, Objects: 30_000, Resident: 40 << 20, Files: 12, Connections: 2}
	busy := resourceUsage{
		Goroutines:  512,
		Heap:        16 << 20,
		Objects:     90_000,
		Resident:    90 << 20,
		Files:       520,
		Connections: 10,
	}
	for _, test := range []struct {
		name, want string
		change     func(i int, f *resourceUsage)
		after      resourceUsage
	}{
		{"no growth", "", func(int, *resourceUsage) {}, quiet},
		{"19 MiB buffers of hashes", "", func(i int, f *resourceUsage) { f.Resident += uint64(i*i%3) * (19 << 20) }, quiet},
		{"heap grows and shrinks", "", func(i int, f *resourceUsage) { f.Heap += uint64(i%8) << 19 }, quiet},
		{
			"a goroutine a minute", "goroutines in the last third",
			func(i int, f *resourceUsage) { f.Goroutines += i / 4 }, quiet,
		},
		{
			"twenty bytes a request", "MiB of heap",
			func(i int, f *resourceUsage) { f.Heap += uint64(i) * 20 * 1000 * 18 }, quiet,
		},
		{"memory outside the heap", "MiB resident", func(i int, f *resourceUsage) { f.Resident += uint64(i) << 20 }, quiet},
		{"a file a minute", "descriptors in the last third", func(i int, f *resourceUsage) { f.Files += i / 4 }, quiet},
		{"one connection, once", "11 connections after 7s", func(i int, f *resourceUsage) {
			if i == 7 {
				f.Connections++
			}
		}, quiet},
		{
			"one goroutine stays", "13 goroutines after", func(int, *resourceUsage) {},
			resourceUsage{Goroutines: 13, Files: 12, Connections: 2},
		},
		{
			"one file stays", "11 descriptors without", func(int, *resourceUsage) {},
			resourceUsage{Goroutines: 12, Files: 21, Connections: 10},
		},
	} {
		r := report{before: quiet, after: test.after}
		for i := range 40 {
			s := sample{time.Duration(i) * time.Second, busy}
			test.change(i, &s.resourceUsage)
			r.samples = append(r.samples, s)
		}
		got := r.problems()
		text := strings.Join(got, "")
		if len(got) > 1 || (text == "") != (test.want == "") || !strings.Contains(text, test.want) {
			t.Errorf("the problems of a soak with %s: got %q, want one with %q (\"\": none)", test.name, got, test.want)
		}
	}
}
