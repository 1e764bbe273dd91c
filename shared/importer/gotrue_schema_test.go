//go:build gotrue

package importer_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
)

// The tables that supabasetest creates for other tests equal those of GoTrue's migrations.
func TestGoTrue_TablesOfTheTestsEqualThoseOfGoTrue(t *testing.T) {
	t.Parallel()
	real := dbtest.NewEmpty(t)
	startGoTrue(t, real)
	want := describeSchema(t, real)
	got := describeSchema(t, supabasetest.New(t))
	if len(got) < 5 || len(got["users"]) < 35 {
		t.Fatalf("the tests' schema: the query finds %d tables and %d facts about auth.users, want at least 5 and 35",
			len(got), len(got["users"]))
	}
	for table := range got {
		if diff := cmp.Diff(got[table], want[table]); diff != "" {
			t.Errorf("auth.%s (-in the tests +in GoTrue):\n%s", table, diff)
		}
	}
}

// authTableFactsQuery lists the facts about the tables of the schema auth on which an import can depend: columns with
// their order, types and defaults, enums, unique indexes, row security.
const authTableFactsQuery = `
SELECT c.relname::text, f.fact FROM pg_class c CROSS JOIN LATERAL (
  SELECT format('%s %s %s%s%s%s', row_number() OVER (ORDER BY a.attnum), a.attname, format_type(a.atttypid,
  a.atttypmod),
    CASE WHEN a.attnotnull THEN ' not null' END, ' = ' || pg_get_expr(d.adbin, d.adrelid), nullif(' generated ' ||
    a.attgenerated::text, ' generated '))
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT format('enum %s: %s', format_type(a.atttypid, NULL), (SELECT string_agg(e.enumlabel, ', '
  ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = a.atttypid))
    FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid WHERE a.attrelid = c.oid AND a.attnum > 0
    AND y.typtype = 'e'
  UNION ALL
  SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique
  UNION ALL
  SELECT 'row security ' || c.relrowsecurity::text
) f (fact) WHERE c.relkind = 'r' AND c.relnamespace = 'auth'::regnamespace`

// describeSchema returns the sorted facts about each table of the schema auth, by name of the table.
func describeSchema(t *testing.T, url string) map[string][]string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), authTableFactsQuery)
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string][]string{}
	var table, fact string
	_, err = pgx.ForEachRow(rows, []any{&table, &fact}, func() error {
		tables[table] = append(tables[table], strings.TrimSpace(fact))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, facts := range tables {
		slices.Sort(facts)
	}
	return tables
}
