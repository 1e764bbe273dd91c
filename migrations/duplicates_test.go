package migrations_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/schema"
)

const insertDuplicateAccounts = `
INSERT INTO "user" (id, name, email, "emailVerified")
SELECT ('00000000-0000-4000-8000-00000000000' || n)::uuid, '', n || '@example.com', true FROM generate_series(1, 3) n;
INSERT INTO account (id, "userId", "providerId", "accountId", "updatedAt")
SELECT ('00000000-0000-4000-a000-00000000000' || id)::uuid, ('00000000-0000-4000-8000-00000000000' || u)::uuid, p, a,
	timestamptz '2026-01-01' + id * interval '1 day'
FROM (VALUES
	(1, 1, 'google', '7'), (2, 1, 'google', '7'), (3, 1, 'google', '7'), -- one user, three times
	(4, 1, 'github', '7'), (5, 2, 'github', '7'), -- two users
	(6, 2, 'google', '8'), (7, 3, 'credential', 'x'), (8, 3, 'credential', 'x')
) v (id, u, p, a)`

const selectAccounts = `SELECT right(id::text, 1) || ' ' || "providerId" FROM account ORDER BY id`

// A database of Better Auth can have several rows of one account. Then no migration is applied, and the error contains
// SQL for the repair. The SQL keeps all rows. It changes "providerId" in all of these rows, except in the newest row of
// an account that belongs to one user.
func TestUpRefusesAccountsThatAreStoredTwice(t *testing.T) {
	t.Parallel()
	for _, name := range []string{schema.Public, "xenon"} {
		url := dbtest.NewEmpty(t)
		conn := connect(t, url)
		execSQL(t, conn, "CREATE SCHEMA IF NOT EXISTS "+name+"; SET search_path = "+name)
		for _, file := range migrationFiles(t)[:1] {
			text, err := migrations.Files.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			execSQL(t, conn, string(text))
		}
		execSQL(t, conn, insertDuplicateAccounts)
		applied, err := migrations.UpIn(t.Context(), url, name)
		var misfit *schema.Error
		if !errors.As(err, &misfit) || len(applied) > 0 || len(misfit.Problems) != 1 {
			t.Fatalf("UpIn the schema %s with accounts stored twice: applied %v with the error %v, want nothing and a "+
				"*schema.Error with one problem", name, applied, err)
		}
		const found = "accounts of providers in several rows: 2, with several users: 1"
		if p := misfit.Problems[0]; !strings.HasPrefix(p.Found, found) {
			t.Errorf("the problem in the schema %s: got Found = %q, want it to begin with %q", name, p.Found, found)
		}
		if _, err := migrations.StatusIn(t.Context(), url, name); !errors.As(err, &misfit) {
			t.Errorf("StatusIn the schema %s with accounts stored twice: got the error %v, want a *schema.Error", name, err)
		}
		execSQL(t, conn, misfit.Problems[0].Repair)
		want := []string{
			"1 google (duplicate 3)", "2 google (duplicate 2)", "3 google", "4 github (duplicate 2)",
			"5 github (duplicate 1)", "6 google", "7 credential", "8 credential",
		}
		if diff := cmp.Diff(queryTexts(t, conn, selectAccounts), want); diff != "" {
			t.Errorf("accounts in the schema %s after the repair (-got +want):\n%s", name, diff)
		}
		if _, err := migrations.UpIn(t.Context(), url, name); err != nil {
			t.Errorf("UpIn the schema %s after the repair: got the error %v, want none", name, err)
		}
	}
}

// Another program can store an account twice between the check and the migration. Then the migration itself fails.
func TestMigrationRefusesAccountsThatAreStoredTwice(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	conn := connect(t, url)
	execSQL(t, conn, "DROP INDEX account_provider_idx")
	execSQL(t, conn, insertDuplicateAccounts)
	text, err := migrations.Files.ReadFile("0007_account_provider.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), string(text))
	if err == nil || !strings.Contains(err.Error(), "several rows with the same") {
		t.Errorf("migration 7 with accounts stored twice: got the error %v, want \"several rows with the same\" in it", err)
	}
}

func queryTexts(t *testing.T, conn *pgx.Conn, sql string) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return lines
}
