package tables

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// In tests, tables of a few rows are divided into parts, too.
func init() { partRows, smallTable = 7, 0 } //nolint:gochecknoinits // before all tests

// The bounds of a table with more pages than the sample are estimates. The parts still have all rows, each once.
func TestPartsOfALargeTableHaveAllRowsOnce(t *testing.T) {
	t.Parallel()
	src, err := pgx.Connect(t.Context(), dbtest.NewEmpty(t))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close(context.WithoutCancel(t.Context()))
	const all, wanted = 60_000, 10_000
	if _, err := src.Exec(t.Context(), `CREATE TABLE large (kind text, id uuid DEFAULT gen_random_uuid(), body text,
  PRIMARY KEY (kind, id));
INSERT INTO large (kind, body)
SELECT 'it''s ' || n % 3, repeat('x', 600) FROM generate_series(1, 60000) n`); err != nil {
		t.Fatal(err)
	}
	relations, err := query[relation](t.Context(), src, relationsQuery, []string{"public"}, []string{})
	if err != nil || len(relations) != 1 || relations[0].Bytes < 4*sampledPages*pageBytes {
		t.Fatalf("tables: got %+v and %v, want one that is much larger than the sample", relations, err)
	}
	bounds, err := relations[0].bounds(t.Context(), src, wanted)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for i, condition := range relations[0].conditions(bounds) {
		var n int
		if err := src.QueryRow(t.Context(), "SELECT count(*) FROM large WHERE "+condition).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n > 2*wanted {
			t.Errorf("rows of part %d: got %d, want about %d", i, n, wanted)
		}
		sum += n
	}
	if len(bounds) < 4 || sum != all {
		t.Errorf("rows of all %d parts: got %d, want %d in at least 5 parts", len(bounds)+1, sum, all)
	}
}
