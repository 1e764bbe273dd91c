package supabase_test

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/supabase"
	"github.com/xenon-auth/xenon/shared/supabasetest"
)

// asForetold compares everything the import made with what the oracle makes of the source.
func asForetold(t *testing.T, m *supabase.Import, o supabase.Options) {
	t.Helper()
	want, got := foretell(o, readSource(t, m.From)), readTarget(t, m.To)
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("got -, want +:\n%.6000s", diff)
	}
}

func TestR55_EveryFieldArrives(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		seed    uint64
		options supabase.Options
	}{
		{1, supabase.Options{MFA: "allow"}},
		{2, supabase.Options{MFA: "hold", Unconfirmed: "allow", Providers: map[string]string{"azure": "oid", "custom:acme": "acme"}}},
		{3, supabase.Options{MFA: "hold", ProfileValues: map[string]map[string]string{
			"age_range": {"35_44": "35_plus"}, "education_level": {"bachelors": "undergrad"}, "learning_mode": {"hands_on": "code_first", "visual": "nonsense"},
		}}},
		{rand.Uint64N(1e9), supabase.Options{MFA: "allow"}},
	} {
		from := supabasetest.New(t)
		supabasetest.Fill(t, from, test.seed, 1500)
		m := open(t, from)
		test.options.BatchSize = 200
		if _, err := m.Run(t.Context(), test.options, false, 2); err != nil {
			t.Fatal(err)
		}
		asForetold(t, m, test.options)
		clean(t, m, "after the import")
	}
}
