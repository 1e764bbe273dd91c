package mapping

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWithDefaultsFillsOnlyEmptyOptions(t *testing.T) {
	t.Parallel()
	got, err := Options{}.WithDefaults()
	want := Options{
		Run: "supabase", BatchSize: 5000, Unconfirmed: "hold", Profiles: "public.profiles", ProviderMap: 2,
	}
	if diff := cmp.Diff(got, want); diff != "" || err != nil {
		t.Errorf("WithDefaults of empty options: error %v, want nil; options (-got +want):\n%s", err, diff)
	}
	all := Options{Run: "second", BatchSize: 7, Unconfirmed: "allow", MFA: "hold", Profiles: "none", ProviderMap: 1}
	got, err = all.WithDefaults()
	if diff := cmp.Diff(got, all); diff != "" || err != nil {
		t.Errorf("WithDefaults of options that are all set: error %v, want nil; options (-got +want):\n%s", err, diff)
	}
}

func TestWithDefaultsRejectsWrongOptions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options Options
		want    string // "": no error
	}{
		"the smallest batch":      {Options{BatchSize: 1}, ""},
		"the largest batch":       {Options{BatchSize: 50_000}, ""},
		"negative batch size":     {Options{BatchSize: -1}, "batch size -1"},
		"batch size too large":    {Options{BatchSize: 50_001}, "batch size 50001"},
		"unconfirmed is hold":     {Options{Unconfirmed: "hold"}, ""},
		"unknown unconfirmed":     {Options{Unconfirmed: "drop"}, `unconfirmed must be hold or allow, not "drop"`},
		"mfa is hold":             {Options{MFA: "hold"}, ""},
		"mfa is carry":            {Options{MFA: "carry"}, ""},
		"unknown mfa":             {Options{MFA: "drop"}, `mfa must be carry, hold or allow, not "drop"`},
		"the longest name":        {Options{Run: strings.Repeat("x", 100)}, ""},
		"a name that is too long": {Options{Run: strings.Repeat("x", 101)}, "longer than 100 characters"},
		"a profile field":         {Options{ProfileValues: map[string]map[string]string{"age_range": nil}}, ""},
		"unknown profile field": {
			Options{ProfileValues: map[string]map[string]string{"age": nil}},
			`values of the profile field "age" cannot be mapped`,
		},
	} {
		_, err := c.options.WithDefaults()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: WithDefaults returned the error %v, want an error with %q (\"\": no error)", name, err, c.want)
		}
	}
}
