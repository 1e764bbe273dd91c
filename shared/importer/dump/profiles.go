package dump

import (
	"context"
	"fmt"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// finishProfiles gives the columns of the profile table types and keys. A file with the definition of the table has the
// types. Otherwise every column is a text, and gets the type that all its values have.
func (l *loader) finishProfiles(ctx context.Context) error {
	columns := l.existing[l.profiles]
	if len(columns) == 0 {
		return nil
	}
	for _, column := range columns {
		if typeOf(l.defined[l.profiles], column) != "text" {
			continue
		}
		if err := l.inferType(ctx, column); err != nil {
			return fmt.Errorf("find the type of the column %s of %s: %w", column, l.profiles, err)
		}
	}
	for _, column := range columns {
		if err := l.addKey(ctx, column); err != nil {
			return fmt.Errorf("look for keys of %s: %w", l.profiles, err)
		}
	}
	return nil
}

// valuePatterns are the types that the import needs to know, each with a pattern for all values of a column.
var valuePatterns = []struct{ name, pattern string }{
	{"uuid", `^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`},
	{"timestamptz", `^[0-9]{4,}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?[+-][0-9]{2}(:?[0-9]{2})?$`},
	{"timestamp", `^[0-9]{4,}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?$`},
}

// inferType changes a text column of the profile table to the type that all its values have.
func (l *loader) inferType(ctx context.Context, column string) error {
	if _, isDefined := l.defined[l.profiles][column]; isDefined {
		return nil // the file has the definition: a text, or an enum or another type that is read as a text
	}
	name := mapping.Quote(column)
	for _, v := range valuePatterns {
		var fits bool
		sql := "SELECT count(" + name + ") > 0 AND count(*) FILTER (WHERE " + name + " !~ $1) = 0 FROM " + sqlName(l.profiles)
		if err := l.conn.QueryRow(ctx, sql, v.pattern).Scan(&fits); err != nil {
			return err
		}
		if fits {
			return l.exec("ALTER TABLE " + sqlName(l.profiles) + " ALTER COLUMN " + name + " TYPE " + v.name +
				" USING " + name + "::" + v.name)
		}
	}
	return nil
}

// addKey makes a uuid column without NULLs and duplicates a unique one, as the primary key of the table is.
func (l *loader) addKey(ctx context.Context, column string) error {
	var isKey bool
	name := mapping.Quote(column)
	err := l.conn.QueryRow(ctx, "SELECT pg_typeof(min("+name+"::text)) IS NOT NULL AND count(*) > 0 AND "+
		"count(*) = count(DISTINCT "+name+") AND (SELECT atttypid = 'uuid'::regtype FROM pg_attribute "+
		"WHERE attrelid = $1::regclass AND attname = $2) FROM "+sqlName(l.profiles), sqlName(l.profiles), column).Scan(&isKey)
	if err != nil || !isKey {
		return err
	}
	return l.exec("ALTER TABLE " + sqlName(l.profiles) + " ALTER COLUMN " + name + " SET NOT NULL; " +
		"CREATE UNIQUE INDEX ON " + sqlName(l.profiles) + " (" + name + ")")
}
