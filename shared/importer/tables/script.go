package tables

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// WriteScript writes the statements of a move as files into a new folder, for operators who execute them themselves. It
// changes neither database. It returns the names of the files.
func WriteScript(
	ctx context.Context,
	env *run.Env,
	o Options,
	pgDumps []string,
	dir string,
) (files []string, err error) {
	o, err = o.withDefaults()
	if err != nil {
		return nil, err
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("%w: the folder %s is not empty", run.ErrRefused, dir)
	}
	var s script
	err = env.WithBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) error {
		b := &beginning{Options: o, env: env, src: src, dst: dst}
		if err := b.readSource(ctx, pgDumps); err != nil {
			return err
		}
		s, err = b.script(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the files have no secrets
		return nil, err
	}
	for _, f := range s {
		mode := os.FileMode(0o644)
		if strings.HasSuffix(f.name, ".sh") {
			mode = 0o755
		}
		if err := os.WriteFile(filepath.Join(dir, f.name), []byte(f.text), mode); err != nil {
			return nil, err
		}
		files = append(files, f.name)
	}
	return files, nil
}

// script is the files of a script.
type script []struct{ name, text string }

// script returns the files. The statements are the same as those of Run.
func (b *beginning) script(ctx context.Context) (s script, err error) {
	if b.roles, err = run.QueryTexts(ctx, b.dst, "SELECT rolname FROM pg_roles"); err != nil {
		return nil, err
	}
	shim, err := b.shim(ctx)
	if err != nil {
		return nil, err
	}
	extensions, err := b.extensions(ctx)
	if err != nil {
		return nil, err
	}
	if err := b.addDrops(ctx); err != nil {
		return nil, err
	}
	add := func(name, comment, text string) {
		if strings.HasSuffix(name, ".sql") {
			text = "\\set ON_ERROR_STOP on\nSET search_path = '';\nSET check_function_bodies = off;\n\n" + text
		}
		s = append(s, struct{ name, text string }{name, comment + "\n" + text})
	}
	after := inOrder(b.dump.after)
	firstOfSecurity := slices.IndexFunc(after, func(s statement) bool { return s.Section == security })
	if firstOfSecurity < 0 {
		firstOfSecurity = len(after)
	}
	add(
		"1-prepare.sql",
		"-- Roles, the schema auth and extensions.",
		joinStatements(append([]statement{shim}, extensions...)),
	)
	add("2-tables.sql", "-- Schemas, types, functions, tables and views, without indexes.",
		joinStatements(b.scripted(b.dump.tables)))
	add("3-rows.sh", rowsHeader, b.copyCommands())
	add("4-indexes.sql", "-- Primary keys, unique constraints and indexes.", joinStatements(after[:firstOfSecurity]))
	add(
		"5-foreign-keys.sql",
		"-- Foreign keys. Rows that refer to no row are listed first: each is a user who stayed behind, or "+
			"belongs to one.\n-- If a VALIDATE fails, correct these rows, or leave the foreign key NOT VALID.",
		b.keyStatements(),
	)
	add("6-security.sql", "-- Triggers, rules and policies.", joinStatements(after[firstOfSecurity:]))
	add("undo.sql", "-- Drops everything that the other files create, with all rows.", "BEGIN;\n"+b.undo()+"COMMIT;\n")
	return s, nil
}

const rowsHeader = `#!/bin/sh
# Copies the rows and the values of the sequences from FROM_DATABASE_URL to TO_DATABASE_URL. Stops at the first error.
# To begin again, empty the tables: this script does not remember what it has copied.
set -eu
set -o pipefail 2>/dev/null || true
`

// scripted returns the statements as they are executed.
func (b *beginning) scripted(all []statement) []statement {
	for i := range all {
		all[i].SQL = b.executable(all[i])
	}
	return all
}

func joinStatements(all []statement) string {
	var text strings.Builder
	for _, s := range all {
		if s.SQL != "" {
			fmt.Fprintf(&text, "-- %s %s\n%s;\n\n", strings.ToLower(s.Kind), s.Name, strings.TrimSuffix(s.SQL, ";"))
		}
	}
	return text.String()
}

// copyCommands returns a command for each table and sequence.
func (b *beginning) copyCommands() string {
	var text strings.Builder
	for _, r := range b.relations {
		columns := strings.Join(r.Columns, ", ")
		fmt.Fprintf(&text, "psql \"$FROM_DATABASE_URL\" -X -q -v ON_ERROR_STOP=1 -c %s |\n"+
			"  psql \"$TO_DATABASE_URL\" -X -q -v ON_ERROR_STOP=1 -c %s\n",
			shellQuote(copySource(r.Name, r.Columns, "")), shellQuote(fmt.Sprintf("COPY %s (%s) FROM STDIN", r.Name, columns)))
	}
	for _, name := range b.sequences {
		fmt.Fprintf(&text, "psql \"$FROM_DATABASE_URL\" -X -q -At -c %s |\n"+
			"  psql \"$TO_DATABASE_URL\" -X -q -v ON_ERROR_STOP=1\n", shellQuote(fmt.Sprintf(
			"SELECT format('SELECT setval(%%L, %%s, %%L);', %s, last_value, is_called) FROM %s", "'"+
				strings.ReplaceAll(name, "'", "''")+"'", name)))
	}
	return text.String()
}

// shellQuote returns a word of a shell command.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func (b *beginning) keyStatements() string {
	var text strings.Builder
	for _, k := range b.keys {
		k, ok := k.inTarget(userTable(b.env))
		if !ok {
			fmt.Fprintf(&text, "-- %s is left out: %s is not moved.\n\n", k.title(), k.Parent)
			continue
		}
		fmt.Fprintf(&text, "SELECT count(*) AS %s FROM %s c WHERE %s;\n%s;\n",
			`"rows without a parent"`, k.Table, k.orphans(), k.add())
		if k.Valid && !k.Partitioned {
			fmt.Fprintf(&text, "%s;\n", k.validate())
		}
		text.WriteString("\n")
	}
	return text.String()
}

func (b *beginning) undo() string {
	var text strings.Builder
	for _, sql := range b.dump.allDrops {
		if !b.dropsMissingKey(sql) {
			fmt.Fprintf(&text, "%s;\n", strings.TrimSuffix(sql, ";"))
		}
	}
	return text.String()
}

// dropsMissingKey reports whether a statement drops a foreign key that the target does not get.
func (b *beginning) dropsMissingKey(sql string) bool {
	return slices.ContainsFunc(b.keys, func(k ForeignKey) bool {
		_, ok := k.inTarget(userTable(b.env))
		return !ok && strings.HasPrefix(sql, "ALTER TABLE ") && strings.Contains(sql, k.Table+" DROP CONSTRAINT ") &&
			(strings.HasSuffix(sql, " "+k.Name+";") || strings.HasSuffix(sql, " "+mapping.Quote(k.Name)+";"))
	})
}
