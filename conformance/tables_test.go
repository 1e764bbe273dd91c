package conformance

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/xenontest"
	"github.com/xenon-auth/xenon/migrations"
	tables "github.com/xenon-auth/xenon/shared/schema"
)

// TestXenonAnswersAsRecordedOnOtherTables plays the scenarios of the profile plain on two other sets of tables. The
// responses must equal the recorded ones. The first set is Xenon's tables in a separate schema, while the schema public
// has an application's tables with the same names. Xenon connects through PgBouncer, as a role with the rights that
// `xenon schema up --role` grants. The second set is Prisma's tables, with the column account.issuer of Better Auth
// 1.7.0, in a database with the time zone of New York.
func TestXenonAnswersAsRecordedOnOtherTables(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*testing.T) (env []string, inspect string){
		"schema and role": createTablesInSeparateSchema, "prisma": createPrismaTables,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			profile := readProfiles(t)["plain"]
			mails := filepath.Join(t.TempDir(), "mail.jsonl")
			env := environmentOf(profile, mails)
			database, inspect := prepare(t)
			x := xenontest.StartWithEnv(t, append(environmentList(env), database...)...)
			s := server{x.URL, env["BETTER_AUTH_URL"], inspect, mails, env["BETTER_AUTH_SECRET"], true}
			var n resultCounts
			for _, c := range readScenarios(t, "plain") {
				t.Run(c.stem, func(t *testing.T) {
					t.Parallel()
					r := readRecording(t, c)
					n.checkResponses(t, c, r.Exchanges, playScenario(t, c, newPlayer(t, s, c)), r.Exchanges)
				})
			}
		})
	}
}

func execSQL(t *testing.T, url, sql string) {
	t.Helper()
	if _, err := connect(t, url).Exec(t.Context(), sql); err != nil {
		t.Fatalf("execute %s: %v", sql, err)
	}
}

// createTablesInSeparateSchema creates Xenon's tables in the schema xenon. It returns Xenon's settings and a URL,
// inspect, for the queries of the test.
func createTablesInSeparateSchema(t *testing.T) (env []string, inspect string) {
	t.Helper()
	owner := dbtest.NewEmpty(t)
	if _, err := migrations.UpIn(t.Context(), owner, "xenon"); err != nil {
		t.Fatal(err)
	}
	for _, name := range tables.TableNames() {
		execSQL(t, owner, "CREATE TABLE public."+pgx.Identifier{name}.Sanitize()+" (id int)")
	}
	role := "xenon_role_" + strings.ToLower(rand.Text())
	execSQL(t, owner, "CREATE ROLE "+role+" LOGIN PASSWORD 'of a test'")
	conn := connect(t, owner)
	t.Cleanup(func() {
		if _, err := conn.Exec(context.WithoutCancel(t.Context()), "DROP OWNED BY "+role+"; DROP ROLE "+role); err != nil {
			t.Errorf("drop the role of the test: %v", err)
		}
	})
	if err := migrations.Grant(t.Context(), owner, "xenon", role); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(owner)
	if err != nil {
		t.Fatal("the database URL is invalid")
	}
	q := u.Query()
	q.Set("search_path", "xenon")
	u.RawQuery = q.Encode()
	inspect = u.String()
	u.RawQuery = "sslmode=disable"
	u.User = url.UserPassword(role, "of a test")
	pooled := dbtest.StartPgbouncer(t, u.String())
	return []string{"SCHEMA=xenon", "DATABASE_URL=" + pooled, "DIRECT_DATABASE_URL=" + owner}, inspect
}

// createPrismaTables creates the tables as Prisma does. It returns Xenon's settings, and a URL, inspect, for the
// queries of the test.
func createPrismaTables(t *testing.T) (env []string, inspect string) {
	t.Helper()
	owner := dbtest.NewEmpty(t)
	ddl, err := os.ReadFile("../shared/schema/testdata/prisma.sql")
	if err != nil {
		t.Fatal(err)
	}
	execSQL(t, owner, strings.ReplaceAll(string(ddl),
		`"id" UUID NOT NULL`, `"id" UUID NOT NULL DEFAULT gen_random_uuid()`))
	execSQL(t, owner, `ALTER TABLE account ADD issuer text NOT NULL`)
	if _, err := migrations.Up(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(owner)
	if err != nil {
		t.Fatal("the database URL is invalid")
	}
	execSQL(t, owner, "ALTER DATABASE "+pgx.Identifier{strings.TrimPrefix(u.Path, "/")}.Sanitize()+
		" SET TimeZone = 'America/New_York'")
	q := u.Query()
	q.Set("timezone", "UTC")
	u.RawQuery = q.Encode()
	return []string{"DATABASE_URL=" + owner}, u.String()
}
