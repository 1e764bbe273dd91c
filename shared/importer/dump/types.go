package dump

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// finishTypes gives types to the columns that tables.sql does not have: those of the profile table, and columns of
// Supabase's tables that this release does not know. A file with the definition of a table has the types. Otherwise a
// column is a text, and gets the type that all its values have. Then it adds the keys of the profile table.
func (l *loader) finishTypes(ctx context.Context) error {
	for table, columns := range l.unknown {
		if err := l.inferTypes(ctx, table, columns); err != nil {
			return err
		}
	}
	profiles := l.existing[l.profiles]
	if err := l.inferTypes(ctx, l.profiles, profiles); err != nil {
		return err
	}
	for _, column := range profiles {
		if err := l.addKey(ctx, column); err != nil {
			return fmt.Errorf("look for keys of %s: %w", l.profiles, err)
		}
	}
	return nil
}

const timePattern = `[0-9]{4,}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?`

// valuePatterns are types, each with a pattern for all values of a column.
var valuePatterns = []struct{ name, pattern string }{
	{"uuid", `^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`},
	{"timestamptz", `^(-?infinity|` + timePattern + `[+-][0-9]{2}(:[0-9]{2}){0,2}( BC)?)$`},
	{"timestamp", `^(-?infinity|` + timePattern + `( BC)?)$`},
	{"boolean", `^(t|f|true|false)$`},
	{"bigint", `^(0|-?[1-9][0-9]{0,17})$`},
	{"jsonb", `^\s*(\{.*\}|\[.*\])\s*$`},
}

// inferTypes changes text columns to the types that all their values have, unless the file defines the columns.
func (l *loader) inferTypes(ctx context.Context, table string, columns []string) error {
	for _, column := range columns {
		if _, isDefined := l.defined[table][column]; isDefined {
			continue // a text, or an enum or another type that is read as a text
		}
		if err := l.inferType(ctx, table, column); err != nil {
			return fmt.Errorf("find the type of the column %s of %s: %w", column, table, err)
		}
	}
	return nil
}

func (l *loader) inferType(ctx context.Context, table, column string) error {
	name := mapping.Quote(column)
	for _, v := range valuePatterns {
		var fits bool
		sql := "SELECT count(" + name + ") > 0 AND count(*) FILTER (WHERE " + name + " !~ $1) = 0 FROM " + sqlName(table)
		if err := l.conn.QueryRow(ctx, sql, v.pattern).Scan(&fits); err != nil {
			return err
		}
		if !fits {
			continue
		}
		err := l.exec("ALTER TABLE " + sqlName(table) + " ALTER COLUMN " + name + " TYPE " + v.name +
			" USING " + name + "::" + v.name)
		if errors.As(err, new(*pgconn.PgError)) {
			return nil // a value only looks like one of this type: the column stays a text
		}
		return err
	}
	return nil
}

// addKey makes a uuid column without NULLs and duplicates a unique one, as the primary key of the table is.
func (l *loader) addKey(ctx context.Context, column string) error {
	var kind string
	err := l.conn.QueryRow(ctx, "SELECT atttypid::regtype::text FROM pg_attribute WHERE attrelid = $1::regclass "+
		"AND attname = $2", sqlName(l.profiles), column).Scan(&kind)
	if err != nil || kind != "uuid" {
		return err
	}
	var isKey bool
	name := mapping.Quote(column)
	err = l.conn.QueryRow(ctx, "SELECT count(*) > 0 AND count(*) = count(DISTINCT "+name+") FROM "+
		sqlName(l.profiles)).Scan(&isKey)
	if err != nil || !isKey {
		return err
	}
	return l.exec("ALTER TABLE " + sqlName(l.profiles) + " ALTER COLUMN " + name + " SET NOT NULL; " +
		"CREATE UNIQUE INDEX ON " + sqlName(l.profiles) + " (" + name + ")")
}
