package tables

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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

// script returns the files. The statements are the same as those of Run; those that the target rejects are comments.
func (b *beginning) script(ctx context.Context) (s script, err error) {
	var first []statement
	err = pgx.BeginFunc(ctx, b.dst, func(pgx.Tx) error {
		if first, err = b.executeDDL(ctx); err != nil {
			return err
		}
		return errDryRun
	})
	if !errors.Is(err, errDryRun) {
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
	add("1-prepare.sql", "-- Roles, the schema auth and extensions.", b.join(first))
	add("2-tables.sql", "-- Schemas, types, functions, tables and views, without indexes.", b.join(b.dump.tables))
	add("3-rows.sh", rowsHeader, b.copyCommands())
	add("4-indexes.sql", "-- Primary keys, unique constraints and indexes.", b.join(after[:firstOfSecurity]))
	add("5-foreign-keys.sql", keysHeader, "\\set ON_ERROR_STOP off\n"+b.keyStatements())
	add("6-security.sql", "-- Triggers, rules and policies.", b.join(after[firstOfSecurity:]))
	if len(b.remade) > 0 {
		add("7-user-triggers.sql", userTriggersHeader, b.userTriggerStatements())
	}
	add("undo.sql", "-- Drops everything that the other files create, with all rows.", "BEGIN;\n"+b.undo()+"COMMIT;\n")
	return s, nil
}

const keysHeader = `-- Foreign keys. The number of rows that refer to no row comes first: each refers to a user who
-- stayed behind, or to a row of such a user. The errors of VALIDATE name such rows, and this file continues: correct
-- the rows and repeat VALIDATE, or leave the foreign key NOT VALID.`

const rowsHeader = `#!/usr/bin/env bash
# Copies the rows and the values of the sequences from FROM_DATABASE_URL to TO_DATABASE_URL. Stops at the first error.
# To begin again, empty the tables: this script does not remember what it has copied.
set -euo pipefail
`

// join returns statements, each with a comment.
func (b *beginning) join(all []statement) string {
	var text strings.Builder
	for _, s := range all {
		sql := strings.TrimSuffix(s.SQL, ";") + ";"
		reason := ""
		if i := b.indexOfLeftOut(s.Kind, s.Name); i >= 0 {
			reason = ": left out, because the target answers " + strconv.Quote(b.leftOut[i].Reason)
			sql = "-- " + strings.ReplaceAll(sql, "\n", "\n-- ")
		}
		if s.SQL != "" && !slices.Contains(b.skipped, s) {
			fmt.Fprintf(&text, "-- %s %s%s\n%s\n\n", strings.ToLower(s.Kind), s.Name, reason, sql)
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
	for _, t := range b.remade {
		for _, sql := range t.Drops { // the operator may not have created them
			fmt.Fprintf(&text, "%s;\n", strings.NewReplacer("TRIGGER ", "TRIGGER IF EXISTS ",
				"FUNCTION ", "FUNCTION IF EXISTS ").Replace(sql))
		}
	}
	for _, sql := range b.dump.allDrops {
		if !b.isNotNeeded(sql) {
			sql = strings.Replace(sql, " DROP CONSTRAINT ", " DROP CONSTRAINT IF EXISTS ", 1)
			fmt.Fprintf(&text, "%s;\n", strings.TrimSuffix(sql, ";"))
		}
	}
	return text.String()
}

// isNotNeeded reports whether a statement drops an object that the target does not get, or a constraint that is dropped
// with its table. Only foreign keys refer to other tables.
func (b *beginning) isNotNeeded(sql string) bool {
	if _, name, isConstraint := strings.Cut(sql, " DROP CONSTRAINT "); isConstraint {
		return !slices.ContainsFunc(b.keys, func(k ForeignKey) bool {
			_, ok := k.inTarget(userTable(b.env))
			name = strings.TrimSuffix(name, ";")
			return ok && strings.Contains(sql, k.Table+" DROP CONSTRAINT ") && (name == k.Name || name == mapping.Quote(k.Name))
		})
	}
	return slices.ContainsFunc(b.leftOut, func(o LeftOut) bool {
		return plainName(strings.TrimSuffix(sql, ";")) == plainName("DROP "+o.Kind+" "+o.Name)
	})
}
