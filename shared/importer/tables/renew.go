package tables

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/usertriggers"
)

// What a move has made depends on the columns of "user": the triggers on "user", and the view auth.users. `xenon schema
// up --metadata` can add columns afterwards. Then both are made again.

const storedUserTriggers = `SELECT number, name, sql, coalesce(drops, '{}'), state
FROM supabase_import.moved_object
WHERE run = $1 AND section = $2
ORDER BY number`

// storedUserTrigger is a row of moved_object.
type storedUserTrigger struct {
	Number    int
	Name, SQL string
	Drops     []string
	State     string
}

// renewUserTriggers replaces the statements of triggers that would be made in another way now. A trigger that exists is
// made again. Triggers that are new in the source, or that an older version did not read, are added to the move.
func (b *beginning) renewUserTriggers(ctx context.Context) error {
	err := pgx.BeginFunc(ctx, b.src, func(pgx.Tx) error { return b.readUserTriggers(ctx) })
	if err != nil {
		return err
	}
	if err := b.remakeUserTriggers(ctx); err != nil {
		return err
	}
	all, err := query[storedUserTrigger](ctx, b.dst, storedUserTriggers, b.run.ID, userTriggers)
	if err != nil {
		return fmt.Errorf("read the triggers on auth.users: %w", err)
	}
	for _, s := range all {
		made := remadeAs(b.remade, s.Name)
		switch {
		case made == nil, made.SQL == "", made.SQL == s.SQL && len(s.Drops) > 0:
			continue
		case s.State == "done":
			err = b.makeAgain(ctx, s, *made)
		default:
			err = replaceStatements(ctx, b.dst, b.run, s, made.Copy)
		}
		if err != nil {
			return fmt.Errorf("make the trigger %s again: %w", s.Name, err)
		}
	}
	b.remade = slices.DeleteFunc(b.remade, func(t remadeTrigger) bool {
		return slices.ContainsFunc(all, func(s storedUserTrigger) bool { return s.Name == t.title })
	})
	return run.Wrap("add triggers to the move", b.storeUserTriggers(ctx))
}

// remadeAs returns the trigger with a title, or nil.
func remadeAs(all []remadeTrigger, title string) *remadeTrigger {
	i := slices.IndexFunc(all, func(t remadeTrigger) bool { return t.title == title })
	if i < 0 {
		return nil
	}
	return &all[i]
}

func replaceStatements(
	ctx context.Context, dst *pgx.Conn, r run.Run, s storedUserTrigger, made usertriggers.Copy,
) error {
	_, err := dst.Exec(ctx, `UPDATE supabase_import.moved_object SET sql = $3, drops = $4, reason = NULL
WHERE run = $1 AND number = $2`, r.ID, s.Number, made.SQL, made.Drops)
	return err
}

// notAgain is the beginning of the reason of a trigger that exists as it was made before.
const notAgain = "not made again: "

// errChangedSince means that an operator has changed what the move has made.
var errChangedSince = errors.New("its copy was changed since the move, and stays as it is")

// renewSession has the settings of a transaction that makes a trigger again. Sign-ups wait for its lock on "user".
const renewSession = "SET LOCAL lock_timeout = '5s'; SET LOCAL check_function_bodies = off; SET LOCAL search_path = ''"

// makeAgain replaces a trigger and the copy of its function in one transaction. If the target rejects this, the old
// ones stay, and the move has the reason.
func (b *beginning) makeAgain(ctx context.Context, s storedUserTrigger, made remadeTrigger) error {
	err := pgx.BeginFunc(ctx, b.dst, func(pgx.Tx) error {
		if err := b.checkUnchanged(ctx, s.Drops); err != nil {
			return err
		}
		text := renewSession + ";\n" + ifExist(s.Drops) + made.SQL
		if err := run.Exec(ctx, b.dst, text); err != nil {
			return err
		}
		if err := trySignUp(ctx, b.dst, userTable(b.env)); err != nil {
			return err
		}
		if err := replaceStatements(ctx, b.dst, b.run, s, made.Copy); err != nil {
			return err
		}
		return b.storeDefinitionsAgain(ctx, made.Drops)
	})
	if isRefusal(err) || errors.Is(err, errChangedSince) {
		_, err = b.dst.Exec(ctx, closeObject, b.run.ID, s.Number, "done", notAgain+err.Error())
	}
	return err
}

// ifExist returns the statements that drop a trigger and its function, if they exist.
func ifExist(drops []string) (sql string) {
	for _, drop := range drops {
		sql += strings.NewReplacer("TRIGGER ", "TRIGGER IF EXISTS ", "FUNCTION ", "FUNCTION IF EXISTS ").Replace(drop) + ";\n"
	}
	return sql
}

// checkUnchanged returns errChangedSince if a definition is another one than at the end of the move.
func (b *beginning) checkUnchanged(ctx context.Context, drops []string) error {
	then, err := storedDefinitions(ctx, b.dst, b.run.ID)
	if err != nil || len(then) == 0 { // the move is not complete
		return err
	}
	own, err := b.definitionsOf(ctx, drops)
	if err != nil {
		return err
	}
	for _, d := range own {
		if d.Digest != then[objectKey{d.Kind, d.Name}].Digest {
			return errChangedSince
		}
	}
	return nil
}

// storeDefinitionsAgain stores the new definitions of what the statements drop, if the move is complete.
func (b *beginning) storeDefinitionsAgain(ctx context.Context, drops []string) error {
	own, err := b.definitionsOf(ctx, drops)
	if err != nil {
		return err
	}
	for _, d := range own {
		_, err := b.dst.Exec(ctx, `UPDATE supabase_import.moved_definition SET digest = $4
WHERE run = $1 AND kind = $2 AND name = $3`, b.run.ID, d.Kind, d.Name, d.Digest)
		if err != nil {
			return run.Wrap("store the definitions", err)
		}
	}
	return nil
}

// definitionsOf returns the definitions in the moved schemas that the statements would drop.
func (b *beginning) definitionsOf(ctx context.Context, drops []string) ([]definition, error) {
	schemas, err := run.QueryTexts(ctx, b.dst, "SELECT unnest(schemas) FROM supabase_import.move WHERE run = $1", b.run.ID)
	if err != nil {
		return nil, run.Wrap("read the move", err)
	}
	if err := run.Exec(ctx, b.dst, "SET LOCAL search_path = ''"); err != nil {
		return nil, err
	}
	all, err := definitions(ctx, b.dst, schemas, nil)
	return droppedBy(all, drops), err
}

const (
	startOfUsersView = "CREATE OR REPLACE VIEW auth.users AS\n"

	// isOwnUsersView reports whether the move has created the view auth.users, and the view is still as it was then.
	isOwnUsersView = `SELECT
  coalesce(pg_get_viewdef(to_regclass('auth.users')) = pg_get_viewdef(to_regclass('users_then')), false)
  AND EXISTS (SELECT FROM supabase_import.moved_drop WHERE run = $1 AND rtrim(sql, ';') = 'DROP VIEW auth.users')`
)

// renewUsersView makes the view auth.users again if it does not have the metadata, and has not been changed.
func (b *beginning) renewUsersView(ctx context.Context) error {
	now, err := describeUserTable(ctx, b.dst, userTable(b.env))
	if err != nil || !now.UserMetadata && !now.AppMetadata {
		return err
	}
	selectFrom := func(table usertriggers.UserTable) string {
		_, text, _ := strings.Cut(fillShim(table), startOfUsersView)
		text, _, _ = strings.Cut(text, ";\n")
		return text
	}
	return pgx.BeginFunc(ctx, b.dst, func(tx pgx.Tx) error {
		then := "CREATE TEMP VIEW users_then AS\n" + selectFrom(usertriggers.UserTable{Name: now.Name})
		if err := run.Exec(ctx, b.dst, "SET LOCAL lock_timeout = '5s';\n"+then); err != nil {
			return run.Wrap("read the view auth.users", err)
		}
		var own bool
		if err := tx.QueryRow(ctx, isOwnUsersView, b.run.ID).Scan(&own); err != nil {
			return run.Wrap("read the view auth.users", err)
		}
		sql := "DROP VIEW pg_temp.users_then"
		if own {
			sql += ";\n" + startOfUsersView + selectFrom(now)
		}
		return run.Wrap("make the view auth.users again", run.Exec(ctx, b.dst, sql))
	})
}
