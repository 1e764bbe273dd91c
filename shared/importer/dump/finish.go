package dump

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// finish completes the tables after the last row, checks that every row of the file is in them, and completes the
// description of the file.
func (l *loader) finish(ctx context.Context, file *run.SourceFile) error {
	for _, step := range []func() error{
		l.flush,
		func() error { return checkUsers(file) },
		l.dropIgnored,
		func() error { return l.dropMissing(file) },
		l.createIndexes,
		func() error { return l.finishTypes(ctx) },
		func() error { return l.checkRows(ctx, file) },
		func() error { return l.exec("ANALYZE") },
		func() error { return l.addWarnings(ctx, file) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	file.UnknownColumns = l.unknown
	return nil
}

// checkUsers returns an error if the file has no rows of auth.users. It names what the file has instead.
func checkUsers(file *run.SourceFile) error {
	rows, ok := file.Rows[usersTable]
	switch {
	case rows > 0:
		return nil
	case ok:
		return refuse("%s has the table %s, but no rows of it. If the project has users, dump it as the role postgres, "+
			"because row security hides the rows from other roles", file.Name, usersTable)
	case len(file.Skipped) == 0 && len(file.Rows) == 0:
		return refuse("%s has no rows at all, so it is not a dump with data: dump with `supabase db dump --data-only` "+
			"(without that flag the dump has no users), or with pg_dump without --schema-only", file.Name)
	}
	names := slices.Sorted(maps.Keys(file.Skipped))
	names = append(names, slices.Sorted(maps.Keys(file.Rows))...)
	text := strings.Join(names[:min(len(names), 5)], ", ")
	if more := len(names) - 5; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return refuse("%s has no rows of %s, only of %s. Dump the schema auth, too: `supabase db dump --data-only` does, "+
		"and so does pg_dump without --schema", file.Name, usersTable, text)
}

// dropIgnored drops the values of generated columns that the file has.
func (l *loader) dropIgnored() error {
	for table, columns := range l.ignored {
		for _, name := range columns {
			if err := l.exec("ALTER TABLE " + sqlName(table) + " DROP COLUMN " + mapping.Quote(name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// dropMissing drops tables that the file does not have, so that the plan does not show them as empty.
func (l *loader) dropMissing(file *run.SourceFile) error {
	for _, t := range authTables {
		if _, ok := file.Rows[t.name]; ok || t.required {
			continue
		}
		if err := l.exec("DROP TABLE " + sqlName(t.name)); err != nil {
			return err
		}
		delete(l.existing, t.name)
	}
	return nil
}

func (l *loader) createIndexes() error {
	for _, t := range authTables {
		if l.existing[t.name] == nil {
			continue
		}
		err := l.exec("ALTER TABLE " + sqlName(t.name) + " ADD PRIMARY KEY (id)")
		if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == run.UniqueViolation {
			return refuse("two rows of %s in the file have the same id: the file has rows twice, for example because two "+
				"dumps were joined", t.name)
		}
		for _, columns := range t.indexes {
			if err == nil {
				err = l.exec("CREATE INDEX ON " + sqlName(t.name) + " (" + columns + ")")
			}
		}
		if err != nil {
			return fmt.Errorf("create the indexes of %s: %w", t.name, err)
		}
	}
	return nil
}

// checkRows compares the numbers of rows in the tables with the numbers that were counted in the file.
func (l *loader) checkRows(ctx context.Context, file *run.SourceFile) error {
	for table, want := range file.Rows {
		if l.existing[table] == nil {
			continue // a table of profiles without rows
		}
		var got int64
		if err := l.conn.QueryRow(ctx, "SELECT count(*) FROM "+sqlName(table)).Scan(&got); err != nil {
			return fmt.Errorf("count the rows of %s: %w", table, err)
		}
		if got != want {
			return refuse("%s: the file has %d rows, but %d were loaded: the file is damaged", table, want, got)
		}
	}
	return nil
}
