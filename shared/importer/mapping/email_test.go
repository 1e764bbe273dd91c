package mapping

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// Without ICU, the collation of the source database determines the lower case. Under each collation, FoldsToASCII is
// true for exactly those non-ASCII letters whose lower case in the stored email is ASCII.
func TestFoldsToASCIIFindsTheSameLettersAsTheCollation(t *testing.T) {
	t.Parallel()
	db, err := pgx.Connect(t.Context(), dbtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	// The table has all characters that at least one of the collations changes: no other character can become ASCII.
	if _, err := db.Exec(t.Context(), `CREATE TEMP TABLE letter AS
SELECT i
FROM generate_series(1, 1114111) i
WHERE i NOT BETWEEN 55296 AND 57343
  AND (lower(chr(i) COLLATE "und-x-icu") <> chr(i) OR lower(chr(i) COLLATE "tr-x-icu") <> chr(i)
    OR lower(chr(i) COLLATE "C") <> chr(i) OR lower(chr(i) COLLATE "POSIX") <> chr(i))`); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		icu       bool
		collation string   // of the source
		want      []string // code points of the letters that FoldsToASCII finds
	}{
		"ICU":                 {true, "C", []string{"212a"}},
		"C without ICU":       {false, "C", nil},
		"Turkish with ICU":    {true, "tr-x-icu", []string{"212a"}},
		"Turkish without ICU": {false, "tr-x-icu", []string{"130", "212a"}},
		"root without ICU":    {false, "und-x-icu", []string{"212a"}},
		"POSIX, of libc":      {false, "POSIX", nil},
	} {
		m := Mapping{Source: SourceCatalog{ICU: c.icu}}
		rows, err := db.Query(t.Context(), fmt.Sprintf(`SELECT to_hex(i)
FROM (
  SELECT i, 'a' || chr(i) || '@example.com' COLLATE %[1]s AS email
  FROM letter
  OFFSET 0
) u
WHERE %[2]s
ORDER BY i`, Quote(c.collation), m.FoldsToASCII()))
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
			t.Errorf("%s: code points of the letters that FoldsToASCII finds (-got +want):\n%s", name, diff)
		}
	}
}
