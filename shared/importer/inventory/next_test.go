package inventory

import "testing"

func TestExtensionsAreCreatedUnlessTheTargetOrSupabaseHasThem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		extension Extension
		want      string
	}{
		"of a service of Supabase": {Extension{Name: "pg_net", Target: Available}, "stays: a service of Supabase uses it"},
		"installed":                {Extension{Name: "citext", Target: Installed}, "exists"},
		"available":                {Extension{Name: "citext", Target: Available}, "created"},
		"missing": {
			Extension{Name: "postgis", Target: Missing},
			"stays: the target does not offer it. Tables with its types stop the move, and other objects are left out",
		},
	} {
		if got := c.extension.next(); got != c.want {
			t.Errorf("an extension that is %s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestForeignTablesStay(t *testing.T) {
	t.Parallel()
	r := inventoryReader{readable: map[string]bool{}} // its rows are not counted, so it is not marked as readable
	want := "stays: its rows are in another database"
	if got := r.nextOfTable(Table{Name: "public.remote", Kind: "foreign"}); got != want {
		t.Errorf("a foreign table: got %q, want %q", got, want)
	}
}
