//go:build node

package conformance

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// The import converts emails to lower case with ICU in Postgres, Better Auth with JavaScript. Both map the same
// non-ASCII letters to ASCII.
func TestImportLowersEmailsAsJavaScript(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "node", "-e", `for (let i = 128; i < 0x110000; i++) {
  if (i >= 0xd800 && i < 0xe000) continue
  const lower = String.fromCodePoint(i).toLowerCase()
  if (/[\x00-\x7f]/.test(lower)) console.log(i.toString(16) + ">" + lower)
}`).Output()
	if err != nil {
		t.Fatal(err)
	}
	db, err := pgx.Connect(t.Context(), dbtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	rows, err := db.Query(t.Context(), `
		SELECT to_hex(i) || '>' || l
		FROM generate_series(128, 1114111) i
		CROSS JOIN LATERAL (SELECT lower(chr(i) COLLATE "und-x-icu") AS l) l
		WHERE i NOT BETWEEN 55296 AND 57343 AND l <> chr(i) AND l ~ '[\u0001-\u007f]'
		ORDER BY i`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Fields(string(out))
	if diff := cmp.Diff(got, want); diff != "" || len(want) == 0 {
		t.Errorf("characters that become ASCII in lower case: got %d from JavaScript, want at least one and the same from "+
			"Postgres (-Postgres +JavaScript):\n%s", len(want), diff)
	}
}
