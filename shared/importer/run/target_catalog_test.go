package run

import (
	"slices"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// targetCatalogAfter executes statements in a new migrated target and returns the catalog of the target.
func targetCatalogAfter(t *testing.T, sql string) mapping.TargetCatalog {
	t.Helper()
	e := &Env{To: dbtest.New(t)}
	conn := connectTarget(t, e)
	if err := Exec(t.Context(), conn, sql); err != nil {
		t.Fatal(err)
	}
	catalog, err := ReadTargetCatalog(t.Context(), conn, mapping.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return catalog
}

func TestTargetCatalogNamesMissingTablesAndWrongColumns(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]struct {
		problems     []string // parts of the problems, in order
		wrongColumns bool
	}{
		"":                                      {},
		"DROP TABLE user_profile":               {[]string{"user_profile"}, false},
		"ALTER TABLE account DROP COLUMN scope": {[]string{"scope"}, true},
		"ALTER TABLE account DROP COLUMN scope; DROP TABLE user_profile": {[]string{"scope", "user_profile"}, true},
		// A later migration adds the columns of bans. An import does not need it.
		`ALTER TABLE "user" DROP COLUMN banned, DROP COLUMN "banReason", DROP COLUMN "banExpires"`: {},
	} {
		t.Run(sql, func(t *testing.T) {
			t.Parallel()
			got := targetCatalogAfter(t, sql)
			if got.WrongColumns != want.wrongColumns || !slices.EqualFunc(got.Problems, want.problems, strings.Contains) {
				t.Errorf("got the problems %q and WrongColumns %t, want problems with %q and WrongColumns %t",
					got.Problems, got.WrongColumns, want.problems, want.wrongColumns)
			}
		})
	}
}

func TestQuotedValuesReturnsTheStringLiteralsOfACheckConstraint(t *testing.T) {
	t.Parallel()
	got := quotedValues(`CHECK ((role = ANY (ARRAY['it''s'::text, ''::text, 'b'::text])))`)
	if want := []string{"it's", "", "b"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPlanHasEnoughBatchesForAllUsers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		users int64
		size  int
		want  int
	}{{0, 2, 1}, {1, 2, 1}, {2, 2, 1}, {3, 2, 2}, {4, 2, 2}, {5, 2, 3}, {7, 1, 7}} {
		p := &planner{Plan: newPlan(mapping.Options{BatchSize: c.size})}
		p.Source.Rows = map[string]int64{"auth.users": c.users}
		if p.countBatches(); p.Batches != c.want {
			t.Errorf("%d users in batches of %d: got %d batches, want %d", c.users, c.size, p.Batches, c.want)
		}
	}
}
