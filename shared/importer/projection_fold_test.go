package importer

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// A source has ICU or not, and without it the collation of its database decides what lower case is. The letters that
// become ASCII in the address that is stored are seen in each case, and no others.
func TestFoldedAddressIsSeenUnderEveryCollation(t *testing.T) {
	t.Parallel()
	db, err := pgx.Connect(t.Context(), dbtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	for name, c := range map[string]struct {
		icu       bool
		collation string
		want      []string
	}{
		"ICU":                         {true, "C", []string{"212a"}},
		"C, without ICU":              {false, "C", nil},
		"a Turkish one, with ICU":     {true, "tr-x-icu", []string{"212a"}},
		"a Turkish one, without ICU":  {false, "tr-x-icu", []string{"130", "212a"}},
		"the root one, without ICU":   {false, "und-x-icu", []string{"212a"}},
		"POSIX, by the server's libc": {false, "POSIX", nil},
	} {
		m := mapping{src: source{icu: c.icu}}
		rows, err := db.Query(t.Context(), fmt.Sprintf(`select to_hex(i) from (select i, 'a' || chr(i) || '@example.com' collate %[1]s as email from generate_series(1, 1114111) i
  where i not between 55296 and 57343 and (lower(chr(i) collate "und-x-icu") <> chr(i) or lower(chr(i) collate %[1]s) <> chr(i)) offset 0) u
where %[2]s order by i`, quote(c.collation), m.folded()))
		if err != nil {
			t.Fatal(err)
		}
		got, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(got) == 0 {
			got = nil
		}
		if diff := cmp.Diff(got, c.want); diff != "" {
			t.Errorf("%s: got -, want +:\n%s", name, diff)
		}
	}
}
