package tables

import (
	"context"
	_ "embed" // shim.sql
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/inventory"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/usertriggers"
)

//go:embed shim.sql
var shimSQL string

// shim returns shim.sql for the columns that the target has.
func (b *beginning) shim(ctx context.Context) (statement, error) {
	sql, err := shimFor(ctx, b.dst, userTable(b.env))
	return statement{prepare, "SCHEMA", "auth", sql}, err
}

// shimFor returns shim.sql for a table "user".
func shimFor(ctx context.Context, dst *pgx.Conn, userTable string) (string, error) {
	table, err := describeUserTable(ctx, dst, userTable)
	if err != nil {
		return "", err
	}
	return fillShim(table), nil
}

func fillShim(table usertriggers.UserTable) string {
	return strings.NewReplacer("{user}", table.Name, "{user_metadata}", table.UserMetadataOf("u"),
		"{app_metadata}", table.AppMetadataOf("u")).Replace(shimSQL)
}

// extensions returns the statements that create the extensions of the source that the target can have, and notes those
// that it does not offer.
func (b *beginning) extensions(ctx context.Context) (all []statement, err error) {
	names, err := query[struct{ Name, Schema string }](ctx, b.src, `SELECT extname, nspname
FROM pg_extension e
JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE extname <> ALL ($1)
ORDER BY 1`, inventory.ManagedExtensions)
	if err != nil {
		return nil, fmt.Errorf("read the extensions of the source: %w", err)
	}
	available, err := run.QueryTexts(ctx, b.dst, "SELECT name FROM pg_available_extensions")
	if err != nil {
		return nil, fmt.Errorf("read the extensions of the target: %w", err)
	}
	installed, err := run.QueryTexts(ctx, b.dst, "SELECT extname FROM pg_extension")
	if err != nil {
		return nil, fmt.Errorf("read the extensions of the target: %w", err)
	}
	for _, e := range names {
		switch {
		case slices.Contains(installed, e.Name):
		case !slices.Contains(available, e.Name):
			b.missing = append(b.missing, e.Name)
		default:
			all = append(all, statement{
				prepare, "EXTENSION", e.Name,
				fmt.Sprintf("CREATE SCHEMA IF NOT EXISTS %[2]s;\nCREATE EXTENSION IF NOT EXISTS %[1]s WITH SCHEMA %[2]s;",
					mapping.Quote(e.Name), mapping.Quote(e.Schema)),
			})
		}
	}
	return all, nil
}

// preparedDrops lists statements that drop what shim.sql and extensions create and what does not exist yet. Schemas
// that exist, such as public, stay, so the privileges of new roles on them are revoked. $1: the extensions of the
// source. $2: the schemas on which the move grants privileges. The second column has the statements that would drop the
// schemas of the target.
const preparedDrops = `SELECT ARRAY(
  SELECT sql FROM (
    SELECT 1 AS n, format('DROP EXTENSION %I', a.name) AS sql
    FROM pg_available_extensions a
    WHERE a.installed_version IS NULL AND a.name = ANY ($1)
    UNION ALL
    SELECT 2, 'DROP VIEW auth.users' WHERE to_regclass('auth.users') IS NULL
    UNION ALL
    SELECT 3 + i, 'DROP FUNCTION ' || f
    FROM unnest(ARRAY['auth.email()', 'auth.role()', 'auth.uid()', 'auth.jwt()',
      'storage.extension(text)', 'storage.filename(text)', 'storage.foldername(text)']) WITH ORDINALITY x (f, i)
    WHERE to_regprocedure(f) IS NULL
    UNION ALL
    SELECT 20, format('DROP SCHEMA %I', s)
    FROM unnest(ARRAY['auth', 'extensions', 'storage']) s
    WHERE to_regnamespace(s) IS NULL
    UNION ALL
    SELECT 30, concat((
        SELECT string_agg(format(E'REVOKE ALL ON SCHEMA %I FROM %I;\n', nspname, r), '')
        FROM pg_namespace
        WHERE nspname = ANY ($2)
      ), format('DROP ROLE %I', r))
    FROM unnest(ARRAY['anon', 'authenticated', 'service_role']) r
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r)
  ) x
  ORDER BY n
), ARRAY(SELECT format('DROP SCHEMA %I;', nspname) FROM pg_namespace)`

// addDrops completes the statements of a rollback: schemas that exist already stay, and what the move is about to
// prepare is dropped last.
func (b *beginning) addDrops(ctx context.Context) error {
	names, err := run.QueryTexts(ctx, b.src, "SELECT extname::text FROM pg_extension WHERE extname <> ALL ($1)",
		inventory.ManagedExtensions)
	if err != nil {
		return run.Wrap("read the extensions of the source", err)
	}
	schemas := append([]string{"auth", "extensions", "storage"}, b.schemas...)
	var prepared, existing []string
	if err := b.dst.QueryRow(ctx, preparedDrops, names, schemas).Scan(&prepared, &existing); err != nil {
		return run.Wrap("look for what exists in the target", err)
	}
	b.dump.drops = slices.DeleteFunc(b.dump.drops, func(sql string) bool { return slices.Contains(existing, sql) })
	b.dump.drops = append(b.dump.drops, prepared...)
	b.dump.allDrops = slices.DeleteFunc(b.dump.allDrops, func(sql string) bool { return slices.Contains(existing, sql) })
	b.dump.allDrops = append(b.dump.allDrops, prepared...)
	return nil
}
