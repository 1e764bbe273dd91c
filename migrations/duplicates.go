package migrations

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/schema"
)

// uniqueAccountsMigration is the migration that creates the unique index on accounts of providers.
const uniqueAccountsMigration = 7

// countDuplicates counts the accounts at providers that are stored in several rows, and those of them whose rows belong
// to several users.
const countDuplicates = `
	SELECT count(*), count(*) FILTER (WHERE users > 1)
	FROM (
		SELECT count(DISTINCT "userId") AS users
		FROM %s
		WHERE "providerId" <> 'credential'
		GROUP BY "providerId", "accountId"
		HAVING count(*) > 1
	) twice`

// renameDuplicates is the repair: it keeps every row, but gives surplus rows another "providerId", which no sign-in
// uses. Of the rows of one user it leaves the newest; of an account with several users it leaves none, so that no user
// signs in as another one.
const renameDuplicates = `UPDATE %[1]s a SET "providerId" = a."providerId" || ' (duplicate ' || d.n || ')' ` +
	`FROM (SELECT id, row_number() OVER (PARTITION BY "providerId", "accountId" ORDER BY "updatedAt" DESC, id) AS n, ` +
	`count(*) OVER k AS rows, min("userId"::text) OVER k <> max("userId"::text) OVER k AS shared FROM %[1]s ` +
	`WHERE "providerId" <> 'credential' WINDOW k AS (PARTITION BY "providerId", "accountId")) d ` +
	`WHERE d.id = a.id AND d.rows > 1 AND (d.n > 1 OR d.shared);`

// checkDuplicates returns a *schema.Error if the migration uniqueAccountsMigration would fail. It reads all accounts of
// providers, so it runs only while that migration is pending.
func checkDuplicates(ctx context.Context, conn *pgx.Conn, name string) error {
	table := pgx.Identifier{name, "account"}.Sanitize()
	if name == schema.Public {
		table = "account" // as requests find it, by the search_path
	}
	var there bool
	if err := conn.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", table).Scan(&there); err != nil || !there {
		return err
	}
	var accounts, shared int64
	if err := conn.QueryRow(ctx, fmt.Sprintf(countDuplicates, table)).Scan(&accounts, &shared); err != nil {
		return fmt.Errorf("look for accounts that are stored twice: %w", err)
	}
	if accounts == 0 {
		return nil
	}
	return &schema.Error{Problems: []schema.Problem{{
		Table: "account", Column: "accountId",
		Found: fmt.Sprintf("accounts of providers in several rows: %d, with several users: %d (docs/tables.md)",
			accounts, shared),
		Wanted: `one row for each "providerId" and "accountId"`,
		Repair: fmt.Sprintf(renameDuplicates, table),
	}}}
}
