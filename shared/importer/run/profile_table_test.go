package run

import (
	"strings"
	"testing"
)

func TestRefusalNamesTablesThatDifferInCase(t *testing.T) {
	t.Parallel()
	conn := connectTarget(t, &Env{})
	if err := Exec(t.Context(), conn, `CREATE TABLE "Profiles" (); CREATE TABLE "PROFILES" ()`); err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]string{
		"public.profiles":   "; the source has public.PROFILES, public.Profiles",
		`public."profiles"`: "; the source has public.PROFILES, public.Profiles",
		"public.users":      " without quotes",
	} {
		why, err := missingProfileTable(t.Context(), conn, name)
		if err != nil || len(why) != 1 || !strings.HasSuffix(why[0], end) ||
			!strings.HasPrefix(why[0], "the source has no table "+name+" for the profiles") {
			t.Errorf("%s: got %q, %v, want one refusal with the end %q", name, why, err, end)
		}
	}
}
