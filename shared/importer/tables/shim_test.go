package tables

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/importer/inventory"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// The plan says of other names that the target will not have them.
func TestInventoryKnowsWhatTheShimHasInTheSchemaAuth(t *testing.T) {
	t.Parallel()
	dst, err := pgx.Connect(t.Context(), dbtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	defer dst.Close(context.WithoutCancel(t.Context()))
	sql, err := shimFor(t.Context(), dst, `public."user"`)
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Exec(t.Context(), dst, sql); err != nil {
		t.Fatal(err)
	}
	got, err := run.QueryTexts(t.Context(), dst, `SELECT proname::text AS name FROM pg_proc
WHERE pronamespace = 'auth'::regnamespace
UNION
SELECT relname FROM pg_class WHERE relnamespace = 'auth'::regnamespace
ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, inventory.TargetAuth); diff != "" {
		t.Errorf("names in the schema auth (-created by shim.sql +known to the inventory):\n%s", diff)
	}
}
