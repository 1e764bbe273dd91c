package attack

import (
	"cmp"
	"math"
	"slices"
	"testing"
)

// rankTestResult is the result of the Mann-Whitney test for two samples.
type rankTestResult struct {
	u float64 // the number of pairs in which the first sample's value is greater; a tie counts half
	z float64 // the distance of u from its mean for equal distributions, in standard deviations
	p float64 // the two-sided probability of at least this distance for equal distributions
}

// mannWhitney computes the rank-sum test with the normal approximation, which is accurate from twenty values in each
// sample. The variance is that of samples without ties: times in nanoseconds are rarely equal.
func mannWhitney(x, y []float64) rankTestResult {
	type value struct {
		v     float64
		fromX bool
	}
	all := make([]value, 0, len(x)+len(y))
	for _, v := range x {
		all = append(all, value{v, true})
	}
	for _, v := range y {
		all = append(all, value{v, false})
	}
	slices.SortFunc(all, func(a, b value) int { return cmp.Compare(a.v, b.v) })
	sum := 0.0
	for first := 0; first < len(all); {
		last := first
		for last+1 < len(all) && all[last+1].v == all[first].v {
			last++
		}
		for _, v := range all[first : last+1] {
			if v.fromX {
				sum += float64(first+last)/2 + 1
			}
		}
		first = last + 1
	}
	n, m := float64(len(x)), float64(len(y))
	u := sum - n*(n+1)/2
	z := (u - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
	return rankTestResult{u, z, math.Erfc(math.Abs(z) / math.Sqrt2)}
}

func median(sample []float64) float64 {
	sorted := slices.Sorted(slices.Values(sample))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// The expected values were calculated by hand with the formulas of Mann and Whitney (1947).
func TestMannWhitneyEqualsValuesCalculatedByHand(t *testing.T) {
	t.Parallel()
	sequence := func(from, step float64) (s []float64) {
		for i := range 20 {
			s = append(s, from+float64(i)*step)
		}
		return s
	}
	tests := map[string]struct {
		x, y []float64
		want rankTestResult
	}{
		"all less":    {sequence(0, 1), sequence(100, 1), rankTestResult{0, -200 / math.Sqrt(400*41/12.0), 6.30e-8}},
		"all greater": {sequence(100, 1), sequence(0, 1), rankTestResult{400, 200 / math.Sqrt(400*41/12.0), 6.30e-8}},
		"alternating": {sequence(0, 2), sequence(1, 2), rankTestResult{190, -10 / math.Sqrt(400*41/12.0), 0.787}},
		"the same":    {sequence(0, 1), sequence(0, 1), rankTestResult{200, 0, 1}},
	}
	isNear := func(got, want float64) bool { return math.Abs(got-want) <= 0.001*math.Abs(want)+1e-12 }
	for name, c := range tests {
		got := mannWhitney(c.x, c.y)
		if got.u != c.want.u || !isNear(got.z, c.want.z) || !isNear(got.p, c.want.p) {
			t.Errorf("mannWhitney of two samples (%s): got %+v, want %+v", name, got, c.want)
		}
	}
	if got := median([]float64{4, 1, 3, 2}); got != 2.5 {
		t.Errorf("median of 4, 1, 3, 2: got %v, want 2.5", got)
	}
}
