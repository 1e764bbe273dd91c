package schema_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/schema"
)

var update = flag.Bool("update", false, "write the statements into docs/tables.md")

func beginTransaction(t *testing.T, conn *pgx.Conn) pgx.Tx {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) })
	return tx
}

// newRole creates a role with a random name. If a transaction has begun, its rollback removes the role.
func newRole(t *testing.T, conn *pgx.Conn, options string) string {
	t.Helper()
	var name string
	if err := conn.QueryRow(
		t.Context(),
		`SELECT 'xenon_role_' || replace(gen_random_uuid()::text, '-', '')`,
	).Scan(
		&name,
	); err != nil {
		t.Fatal(err)
	}
	execSQL(t, conn, "CREATE ROLE "+name+" "+options)
	return name
}

func isDenied(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "42501"
}

// The role has only the privileges that requests need.
func TestRoleForRequestsCanOnlyReadAndWriteRows(t *testing.T) {
	t.Parallel()
	conn := connect(t, dbtest.New(t))
	role := newRole(t, conn, "NOLOGIN")
	tx := beginTransaction(t, conn)
	execSQL(t, conn, `CREATE TABLE of_the_application (id int)`)
	if err := schema.Grant(t.Context(), tx, schema.Public, role); err != nil {
		t.Fatal(err)
	}
	execSQL(t, conn, "SET ROLE "+role)
	for _, sql := range []string{
		`INSERT INTO "user" (name, email, "emailVerified", "createdAt", "updatedAt")
			VALUES ('', 'a@example.com', false, now(), now())`,
		`SELECT id, "publicKey", alg, crv FROM jwks WHERE "expiresAt" IS NULL ORDER BY "createdAt"`,
		`UPDATE user_profile SET age_range = NULL`,
		`DELETE FROM "user"`, // with the rows that refer to it
	} {
		execSQL(t, conn, sql)
	}
	for _, sql := range []string{
		`CREATE TABLE mine (id int)`, `ALTER TABLE "user" ADD mine int`, `DROP TABLE session`, `TRUNCATE session`,
		`CREATE INDEX ON session (token)`, `CREATE SCHEMA mine`,
		`CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
		`ALTER TABLE session DISABLE TRIGGER ALL`,
		`CREATE TRIGGER mine BEFORE UPDATE ON "user" FOR EACH ROW EXECUTE FUNCTION user_profile_touch()`,
		`SELECT "privateKey" FROM jwks`, `SELECT * FROM jwks`, `DELETE FROM jwks`, `UPDATE jwks SET alg = 'RS256'`,
		`INSERT INTO jwks ("publicKey", "privateKey", "createdAt") VALUES ('', '', now())`,
		`DELETE FROM user_profile`, `SELECT * FROM goose_db_version`, `SELECT * FROM of_the_application`,
	} {
		execSQL(t, conn, "SAVEPOINT attempt")
		if _, err := conn.Exec(t.Context(), sql); !isDenied(err) {
			t.Errorf("%s: got %v, want the error insufficient_privilege", sql, err)
		}
		execSQL(t, conn, "ROLLBACK TO attempt")
	}
}

func TestGrantRefusesRoleWithMorePrivileges(t *testing.T) {
	t.Parallel()
	conn := connect(t, dbtest.New(t))
	tx := beginTransaction(t, conn)
	super, member, plain := newRole(t, conn, "SUPERUSER"), newRole(t, conn, "NOLOGIN"), newRole(t, conn, "NOLOGIN")
	owner := newRole(t, conn, "NOLOGIN")
	execSQL(
		t,
		conn,
		`ALTER TABLE session OWNER TO `+owner+`; GRANT `+owner+` TO `+member+`; GRANT CREATE ON SCHEMA public TO `+plain,
	)
	for role, want := range map[string]string{
		super: "superuser", member: "owns the tables", plain: "REVOKE CREATE ON SCHEMA",
		"nobody_of_this_name": "does not exist",
	} {
		execSQL(t, conn, "SAVEPOINT attempt")
		if err := schema.Grant(t.Context(), tx, schema.Public, role); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Grant to the role %s: got %v, want an error with %q", role, err, want)
		}
		execSQL(t, conn, "ROLLBACK TO attempt")
	}
}

// docs/tables.md shows the statements that schema up --role runs.
func TestManualShowsTheGrants(t *testing.T) {
	t.Parallel()
	const page = "../../docs/tables.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(text), "```sql\n")
	block, tail, _ := strings.Cut(rest, "```")
	want := strings.Join(schema.Grants(schema.Public, "xenon_api"), ";\n") + ";\n"
	if *update {
		if err := os.WriteFile(page, []byte(head+"```sql\n"+want+"```"+tail), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, block); diff != "" {
		t.Errorf("docs/tables.md is out of date; run this test with -update (-want +got):\n%s", diff)
	}
}
