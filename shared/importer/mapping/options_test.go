package mapping

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWithDefaultsFillsOnlyEmptyOptions(t *testing.T) {
	t.Parallel()
	got, err := Options{}.WithDefaults()
	want := Options{Run: "supabase", BatchSize: 5000, Unconfirmed: "hold", Profiles: "public.profiles"}
	if diff := cmp.Diff(got, want); diff != "" || err != nil {
		t.Errorf("empty options: %v; got -, want +:\n%s", err, diff)
	}
	all := Options{Run: "second", BatchSize: 7, Unconfirmed: "allow", MFA: "hold", Profiles: "none"}
	got, err = all.WithDefaults()
	if diff := cmp.Diff(got, all); diff != "" || err != nil {
		t.Errorf("options that are set: %v; got -, want +:\n%s", err, diff)
	}
}

func TestWithDefaultsChecksOptions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options Options
		says    string // "" is no error
	}{
		"the smallest batch":       {Options{BatchSize: 1}, ""},
		"the largest batch":        {Options{BatchSize: 50_000}, ""},
		"a batch below zero":       {Options{BatchSize: -1}, "batch size -1"},
		"a batch that is too long": {Options{BatchSize: 50_001}, "batch size 50001"},
		"unconfirmed, held":        {Options{Unconfirmed: "hold"}, ""},
		"unconfirmed, else":        {Options{Unconfirmed: "drop"}, `unconfirmed is hold or allow, not "drop"`},
		"second factors, held":     {Options{MFA: "hold"}, ""},
		"second factors, else":     {Options{MFA: "drop"}, `mfa is hold or allow, not "drop"`},
		"the longest name":         {Options{Run: strings.Repeat("x", 100)}, ""},
		"a name that is too long":  {Options{Run: strings.Repeat("x", 101)}, "longer than 100 characters"},
		"a profile field":          {Options{ProfileValues: map[string]map[string]string{"age_range": nil}}, ""},
		"no profile field": {
			Options{ProfileValues: map[string]map[string]string{"age": nil}},
			`no profile field "age"`,
		},
	} {
		_, err := c.options.WithDefaults()
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
	}
}
