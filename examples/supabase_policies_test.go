package examples

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/jwtverify"
	"github.com/xenon-auth/xenon/migrations"
)

// supabaseProject has a table with policies as Supabase projects have them.
const supabaseProject = `
CREATE TABLE post (
  id int PRIMARY KEY,
  owner uuid,
  org text,
  reader text,
  state text NOT NULL
);
ALTER TABLE post ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON post TO anon;
GRANT SELECT, INSERT, UPDATE, DELETE ON post TO authenticated;
CREATE POLICY "public posts" ON post FOR SELECT USING (state = 'public');
CREATE POLICY "own posts" ON post TO authenticated
  USING ((SELECT auth.uid()) = owner) WITH CHECK ((SELECT auth.uid()) = owner);
CREATE POLICY "posts of the organization" ON post FOR SELECT TO authenticated
  USING (org = (SELECT auth.jwt() -> 'app_metadata' ->> 'org'));
CREATE POLICY "posts for an email" ON post FOR SELECT USING (reader = auth.jwt() ->> 'email');
CREATE POLICY "editors" ON post FOR SELECT
  USING (auth.role() = 'authenticated' AND auth.jwt() #>> '{app_metadata,role}' = 'editor' AND state = 'review');
CREATE POLICY "secrets need a second factor" ON post AS RESTRICTIVE TO authenticated
  USING (state <> 'secret' OR auth.jwt() ->> 'aal' = 'aal2');
CREATE POLICY "no anonymous users" ON post AS RESTRICTIVE FOR INSERT TO authenticated
  WITH CHECK ((SELECT (auth.jwt() ->> 'is_anonymous')::boolean) IS FALSE);
`

// supabaseFunctions returns the SQL with which `xenon migrate tables` replaces the roles and functions of Supabase, for
// a database with the columns for metadata.
func supabaseFunctions(t *testing.T) string {
	t.Helper()
	shim, err := os.ReadFile("../shared/importer/tables/shim.sql")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("{user}", `public."user"`, "{user_metadata}", `u."userMetadata"`,
		"{app_metadata}", `u."appMetadata"`).Replace(string(shim))
}

// asPostgREST stands in for PostgREST, of which no package registry has the program. It runs a statement as PostgREST
// does, in a transaction: it verifies the token, takes the role from the claim role, and sets the claims. Without a
// token the role is anon. It returns the ids in the result.
func (d deployment) asPostgREST(t *testing.T, token, sql string, args ...any) (ids []int, err error) {
	t.Helper()
	role, claims := "anon", map[string]any{"role": "anon"}
	if token != "" {
		verifier := jwtverify.MustNew(jwtverify.Options{
			JWKSURL: d.issuer + "/.well-known/jwks.json", Issuer: d.issuer, Audience: "authenticated",
		})
		verified, err := verifier.Verify(t.Context(), token)
		if err == nil {
			clear(claims)
			err = verified.Decode(&claims)
		}
		if err != nil {
			t.Fatalf("verify the token for the audience authenticated: %v", err)
		}
		role = fmt.Sprint(claims["role"])
	}
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	db, err := pgx.Connect(t.Context(), d.database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.WithoutCancel(t.Context()))
	err = pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `SELECT set_config('role', $1, true), set_config('request.jwt.claims', $2, true)`,
			role, string(text))
		if err != nil {
			return err
		}
		rows, err := tx.Query(t.Context(), sql, args...)
		if err != nil {
			return err
		}
		ids, err = pgx.CollectRows(rows, pgx.RowTo[int])
		return err
	})
	slices.Sort(ids)
	return ids, err
}

// The policies of a Supabase project decide by a token of Xenon, for two users and without a token.
func TestPoliciesOfSupabaseWorkWithTokensOfXenon(t *testing.T) {
	t.Parallel()
	d := startXenon(t, claimsOfSupabase)
	if _, err := migrations.AddMetadata(t.Context(), d.database, "public"); err != nil {
		t.Fatal(err)
	}
	ada, zoe := d.register(t, "ada@example.com"), d.register(t, "zoe@example.com")
	const setMetadata = `UPDATE "user" SET "appMetadata" = '{"org": "acme", "role": "editor"}' WHERE id = $1`
	dbtest.Exec(t, d.database, setMetadata, zoe.id)
	zoe.token = d.tokenOf(t, zoe)
	dbtest.Exec(t, d.database, supabaseFunctions(t))
	dbtest.Exec(t, d.database, supabaseProject)
	dbtest.Exec(t, d.database, `INSERT INTO post (id, owner, org, reader, state) VALUES
		(1, $1, NULL, NULL, 'draft'), (2, $2, NULL, NULL, 'draft'), (3, NULL, NULL, NULL, 'public'),
		(4, NULL, 'acme', NULL, 'draft'), (5, NULL, NULL, 'ada@example.com', 'draft'), (6, NULL, NULL, NULL, 'review'),
		(7, $2, NULL, NULL, 'secret')`, ada.id, zoe.id)

	const all = `SELECT id FROM post`
	for _, c := range []struct {
		who, token, sql string
		want            []int
	}{
		{"anonymous", "", all, []int{3}},
		{"Ada", ada.token, all, []int{1, 3, 5}},
		{"Zoë", zoe.token, all, []int{2, 3, 4, 6}},
		{"Ada updates", ada.token, `UPDATE post SET state = 'draft' RETURNING id`, []int{1}},
		{"Zoë inserts", zoe.token, `INSERT INTO post (id, owner, state) VALUES (8, auth.uid(), '') RETURNING id`, []int{8}},
	} {
		got, err := d.asPostgREST(t, c.token, c.sql)
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: got the error %v and the posts (-want +got):\n%s", c.who, err, diff)
		}
	}
	for who, token := range map[string]string{"anonymous": "", "Ada": ada.token} {
		if _, err := d.asPostgREST(t, token,
			`INSERT INTO post (id, owner, state) VALUES (9, $1, 'public') RETURNING id`, zoe.id); err == nil {
			t.Errorf("%s writes a post of Zoë: got no error, want one of the policies", who)
		}
	}
}
