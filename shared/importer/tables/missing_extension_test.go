package tables_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/projecttest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/inventory"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// The target does not offer citext, which types of columns need, and unaccent, which only a function and a text search
// configuration need. The test is not parallel: see dbtest.NewWithoutExtensions.
func TestMoveIntoATargetWithoutAnExtension(t *testing.T) {
	m := importtest.NewImport(t, projecttest.New(t, "blog"))
	m.To = dbtest.NewWithoutExtensions(t, "citext", "unaccent")
	o := importer.Options{MFA: "allow", Profiles: "none"}
	p, err := m.Plan(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"citext", "unaccent"} {
		i := slices.IndexFunc(p.OtherTables.Extensions, func(e inventory.Extension) bool { return e.Name == name })
		if i < 0 || p.OtherTables.Extensions[i].Target != inventory.Missing {
			t.Errorf("the plan says of the extensions: got %+v, want %s as missing", p.OtherTables.Extensions, name)
		}
	}
	if _, err := m.Run(t.Context(), o, false, 0); err != nil {
		t.Fatal(err)
	}
	checkRefused(t, m, tables.Options{}, installedPgDumps(t), `type "extensions.citext" does not exist`,
		"The target does not offer these extensions of the source: citext, unaccent. Install what is missing there, or")
}

// The target does not offer pg_trgm. Two indexes need it, and a function that Postgres does not check until it is
// called: everything but the indexes is moved.
func TestMoveLeavesOutIndexesOfAMissingExtension(t *testing.T) {
	m := importtest.NewImport(t, projecttest.New(t, "blog"))
	m.To = dbtest.NewWithoutExtensions(t, "pg_trgm")
	if _, err := m.Run(t.Context(), importer.Options{MFA: "allow", Profiles: "none"}, false, 0); err != nil {
		t.Fatal(err)
	}
	before := objects(t, m.To)
	result, err := tables.Run(t.Context(), m.Env(), "supabase", tables.Options{}, installedPgDumps(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	var leftOut []string
	for _, o := range result.LeftOut {
		leftOut = append(leftOut, o.Kind+" "+o.Name)
	}
	slices.Sort(leftOut)
	want := []string{"INDEX public.authors_handle_trgm_idx", "INDEX public.posts_title_trgm_idx"}
	if diff := cmp.Diff(leftOut, want); diff != "" {
		t.Errorf("objects that are left out (-got +want):\n%s", diff)
	}
	v, err := tables.Verify(t.Context(), m.Env(), "supabase", 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range v.Tables {
		if !s.Equal {
			t.Errorf("%s: got %d rows, want the %d rows of the source", s.Name, s.TargetRows, s.SourceRows)
		}
	}
	if _, err := tables.Rollback(t.Context(), m.Env(), "supabase", false); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, objects(t, m.To)); diff != "" {
		t.Errorf("objects of the target after the rollback (-before the move +now):\n%s", diff)
	}
}
