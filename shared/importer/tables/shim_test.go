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

// The functions stand in for those of Neon's extension pg_session_jwt, which the database has before the move.
func TestShimKeepsTheFunctionsOfPgSessionJWT(t *testing.T) {
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
	const session, request = "8a1f0c52-3d64-4f0b-9b0e-5d1c7e2a0001", "8a1f0c52-3d64-4f0b-9b0e-5d1c7e2a0002"
	before := `CREATE SCHEMA auth;
CREATE FUNCTION auth.session() RETURNS jsonb LANGUAGE sql
AS $$ SELECT '{"sub": "` + session + `", "role": "r"}'::jsonb $$;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql AS $$ SELECT (auth.session() ->> 'sub')::uuid $$;`
	if err := run.Exec(t.Context(), dst, before+sql+sql); err != nil {
		t.Fatal(err)
	}
	const claims = "SELECT concat_ws(' ', auth.uid(), auth.jwt() ->> 'sub', auth.role())"
	got, err := run.QueryTexts(t.Context(), dst, claims)
	if err != nil {
		t.Fatal(err)
	}
	set := "SET request.jwt.claims = '{\"sub\": \"" + request + "\", \"role\": \"anon\"}'"
	if err := run.Exec(t.Context(), dst, set); err != nil {
		t.Fatal(err)
	}
	ofRequest, err := run.QueryTexts(t.Context(), dst, claims)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{session + " " + session + " r", session + " " + request + " anon"}
	if diff := cmp.Diff(want, append(got, ofRequest...)); diff != "" {
		t.Errorf("uid(), jwt() and role() without and with the claims of a request (-want +got):\n%s", diff)
	}
}
