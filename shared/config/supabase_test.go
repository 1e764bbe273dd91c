package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

func TestSupabaseBridgeIsReadFromTheSettings(t *testing.T) {
	t.Parallel()
	got, err := config.LoadAPI(
		testEnvironment("SUPABASE_BRIDGE", "on", "SUPABASE_BRIDGE_UNTIL", "2026-12-31T01:00:00+01:00",
			"SUPABASE_REF", "abcdefghijklmnopqrst", "SUPABASE_JWT_SECRET", "the secret of the project"),
	)
	if err != nil {
		t.Fatal(err)
	}
	want := config.SupabaseBridge{
		On: true, Until: time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC), Ref: "abcdefghijklmnopqrst",
		JWTSecret: "the secret of the project",
	}
	got.SupabaseBridge.Until = got.SupabaseBridge.Until.UTC()
	if diff := cmp.Diff(want, got.SupabaseBridge); diff != "" {
		t.Errorf("settings of the bridge (-want +got):\n%s", diff)
	}
}

func TestWrongSettingsOfTheSupabaseBridgeAreReported(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, want string }{
		{"SUPABASE_BRIDGE", "yes", `"yes" is not one of off, on`},
		{"SUPABASE_BRIDGE_UNTIL", "2026-12-31", `"2026-12-31" is not a time such as 2026-12-31T00:00:00Z`},
		{"SUPABASE_REF", "https://abc.supabase.co", "is not the first label of a host"},
		{"SUPABASE_REF", "a;b", "is not the first label of a host"},
		{"SUPABASE_REF", strings.Repeat("a", 64), "is not the first label of a host"},
	} {
		_, err := config.LoadAPI(testEnvironment(c.name, c.value))
		if err == nil || !strings.Contains(err.Error(), c.name+": ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s=%s: got the error %v, want one with the name and %q", c.name, c.value, err, c.want)
		}
	}
}
