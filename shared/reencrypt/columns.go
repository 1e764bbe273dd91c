package reencrypt

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/pg"
)

// column is a column whose texts Xenon or Better Auth encrypts. Encrypted texts in the table verification are valid for
// ten minutes, so they are not listed.
type column struct{ schema, table, name string }

func (c column) String() string { return c.table + "." + c.name }

// sql returns a statement with the names of the table and the column in place of TABLE and COLUMN.
func (c column) sql(statement string) string {
	return strings.NewReplacer(
		"TABLE", pgx.Identifier{c.schema, c.table}.Sanitize(), "COLUMN", pgx.Identifier{c.name}.Sanitize(),
	).Replace(statement)
}

// encryptedColumns returns the columns in a schema. A TypeScript server with the same database stores its private keys
// in jwks; Xenon does not use them.
func encryptedColumns(schema string) []column {
	return []column{
		{schema, "twoFactor", "secret"},
		{schema, "twoFactor", "backupCodes"},
		{schema, "account", "accessToken"},
		{schema, "account", "refreshToken"},
		{schema, "jwks", "privateKey"},
	}
}

// encryptedPattern matches an encrypted text, or one in quotes. Without a version, it is the hex of a nonce, the text
// and a tag, which have at least 40 bytes. Such a text in account may also be a token that is not encrypted.
const encryptedPattern = `^"?(\$ba\$[0-9]{1,15}\$[0-9a-fA-F]+|([0-9a-fA-F]{2}){40,})"?$`

// forEachColumn calls f for each column whose table exists, with one connection.
func forEachColumn(ctx context.Context, url, schema string, f func(conn *pgx.Conn, c column) error) error {
	config, err := pg.Parse(url)
	if err != nil {
		return fmt.Errorf("the database URL %w", err)
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", pg.Explain(err))
	}
	defer conn.Close(ctx) //nolint:errcheck // every statement has returned its error
	for _, c := range encryptedColumns(schema) {
		var exists bool
		name := pgx.Identifier{c.schema, c.table}.Sanitize()
		if err := conn.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, name).Scan(&exists); err != nil {
			return fmt.Errorf("look for the table %s: %w", c.table, pg.Explain(err))
		}
		if !exists {
			continue
		}
		if err := f(conn, c); err != nil {
			return err
		}
	}
	return nil
}

// Count is how many texts of a column need one secret.
type Count struct {
	Column  string `json:"column"`  // with the table, such as twoFactor.secret
	Version *int   `json:"version"` // nil: the text has no version, so it needs BETTER_AUTH_SECRET
	Texts   int    `json:"texts"`
}

// CountTexts counts the encrypted texts in the tables of a schema of the database at url. It changes nothing.
func CountTexts(ctx context.Context, url, schema string) ([]Count, error) {
	var counts []Count
	err := forEachColumn(ctx, url, schema, func(conn *pgx.Conn, c column) error {
		rows, err := conn.Query(ctx, c.sql(`
			SELECT substring(COLUMN FROM '\$ba\$([0-9]+)\$')::bigint AS version, count(*)
			FROM TABLE
			WHERE COLUMN ~ $1
			GROUP BY version
			ORDER BY version`), encryptedPattern)
		if err != nil {
			return fmt.Errorf("count %s: %w", c, pg.Explain(err))
		}
		one := Count{Column: c.String()}
		_, err = pgx.ForEachRow(rows, []any{&one.Version, &one.Texts}, func() error {
			counts = append(counts, one)
			return nil
		})
		if err != nil {
			return fmt.Errorf("count %s: %w", c, pg.Explain(err))
		}
		return nil
	})
	return counts, err
}
