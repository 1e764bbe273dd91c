package switches

import "testing"

// The test sets the mutant of the process, so it is not parallel.
func TestOnlyTheActiveOperatorChanges(t *testing.T) {
	defer func(id int, operator string) { activeID, activeReplacement = id, operator }(activeID, activeReplacement)
	yes, no := func() bool { return true }, func() bool { return false }
	for _, test := range []struct {
		mutant      string
		result      func() any
		plain, want any
	}{
		{"2 !=", func() any { return Equal(2, true) }, true, false},
		{"2 ||", func() any { return Logical(2, yes, "&&", no) }, false, true},
		{"2 &&", func() any { return Logical(2, yes, "||", no) }, true, false},
		{"2 <=", func() any { return Compare(2, 1, "<", 1) }, false, true},
		{"2 >=", func() any { return Compare(2, "a", "<", "b") }, true, false},
		{"2 >", func() any { return Compare(2, 1, ">=", 1) }, true, false},
		{"2 <", func() any { return Compare(2, 1, ">", 2) }, false, true},
		{"2 +", func() any { return Negative(2, 1) }, -1, 1},
		{"2 -", func() any { return Calculate(2, 1, "+", 1) }, 2, 0},
		{"2 /", func() any { return Calculate(2, 6, "*", 2) }, 12, 3},
		{"2 ", func() any { return Calculate(2, 6, "+", 2) }, 8, 2},
		{"2 *", func() any { return Bits(2, 6, "%", 2) }, 0, 12},
		{"2 |", func() any { return Bits(2, 6, "&", 1) }, 0, 7},
		{"2 &", func() any { return Bits(2, 6, "&^", 2) }, 4, 2},
		{"2 >>", func() any { return Shift(2, 4, "<<", 1) }, 8, 2},
	} {
		activeID, activeReplacement = 1, "other"
		if got := test.result(); got != test.plain {
			t.Errorf("the switch %s, not active: got %v, want %v", test.mutant, got, test.plain)
		}
		activeID, activeReplacement = parseMutant(test.mutant)
		if got := test.result(); got != test.want {
			t.Errorf("the switch %s, active: got %v, want %v", test.mutant, got, test.want)
		}
	}
}
