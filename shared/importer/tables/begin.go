package tables

import (
	"context"
	_ "embed" // schema.sql
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/usertriggers"
)

//go:embed schema.sql
var schemaSQL string

// beginning is the transaction of the target that begins a move.
type beginning struct {
	Options
	env      *run.Env
	run      run.Run
	src, dst *pgx.Conn
	dump     dump
	selection
	userTriggers []usertriggers.Trigger // of the source
	remade       []remadeTrigger        // the same, for the target
	roles        []string               // of the target
	missing      []string               // extensions of the source that the target does not offer
	leftOut      []LeftOut
	skipped      []statement // privileges and comments of objects that are left out
	fatal        []string    // why the move cannot begin
}

// begin creates the schemas, types, functions, tables and views in the target and stores what is to do. It does all or
// nothing. With a dry run it does nothing, and the result says what it would have done.
func begin(
	ctx context.Context, env *run.Env, r run.Run, o Options, pgDumps []string, dry bool,
) (result Result, err error) {
	err = env.WithBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) error {
		b := &beginning{Options: o, env: env, run: r, src: src, dst: dst}
		if known, err := r.HasMovedTables(ctx, dst); err != nil || known {
			if err == nil {
				result, err = b.beginAgain(ctx, dry)
			}
			return err
		}
		if err := b.readSource(ctx, pgDumps); err != nil {
			return err
		}
		err := pgx.BeginFunc(ctx, dst, func(tx pgx.Tx) error {
			if err := b.create(ctx); err != nil {
				return err
			}
			if result, err = readResult(ctx, dst, r); err == nil && dry {
				return errDryRun
			}
			return err
		})
		if errors.Is(err, errDryRun) {
			result.DryRun = true
			return nil
		}
		return err
	})
	return result, err
}

// beginAgain returns the state of a move that exists. It makes again what depends on columns that were added since, and
// adds the triggers on auth.users to the move, if the options say so.
func (b *beginning) beginAgain(ctx context.Context, dry bool) (result Result, err error) {
	result, err = readResult(ctx, b.dst, b.run)
	switch {
	case err != nil:
		return result, err
	case result.State == RolledBack:
		return result, errRolledBack()
	case dry:
		return result, nil
	}
	if err := run.Exec(ctx, b.dst, schemaSQL); err != nil { // an older version did not create all tables
		return result, fmt.Errorf("create the tables of the move: %w", err)
	}
	if err := b.renewUsersView(ctx); err != nil {
		return result, err
	}
	if b.Triggers {
		if err := b.renewUserTriggers(ctx); err != nil {
			return result, err
		}
		if err := reopenUserTriggers(ctx, b.dst, b.run); err != nil {
			return result, err
		}
	}
	return readResult(ctx, b.dst, b.run)
}

const hasAllColumns = `SELECT EXISTS (
  SELECT FROM pg_attribute WHERE attrelid = 'supabase_import.moved_table'::regclass AND attname = 'verify_seconds')`

// addColumns adds the columns that an older version did not create.
func addColumns(ctx context.Context, dst *pgx.Conn) error {
	var has bool
	err := dst.QueryRow(ctx, hasAllColumns).Scan(&has)
	if err == nil && !has {
		err = run.Exec(ctx, dst, schemaSQL)
	}
	return run.Wrap("add columns to the tables of the move", err)
}

var errDryRun = errors.New("dry run")

// readSource reads what the move covers and its DDL, from one snapshot.
func (b *beginning) readSource(ctx context.Context, pgDumps []string) error {
	var server int
	if err := b.src.QueryRow(ctx, "SELECT current_setting('server_version_num')::int / 10000").Scan(&server); err != nil {
		return run.Wrap("read the version of the source", err)
	}
	program, err := choosePgDump(ctx, pgDumps, server)
	if err != nil {
		return err
	}
	return inSnapshot(ctx, b.src, func(snapshot string) error {
		if b.selection, err = selectRelations(ctx, b.src, b.Options); err != nil {
			return run.Wrap("read the tables of the source", err)
		}
		if b.dump, err = program.dump(ctx, b.env.From, snapshot, b.selection); err != nil {
			return err
		}
		return b.readUserTriggers(ctx)
	})
}

// beginSnapshot begins a transaction that can be idle for hours while other connections use its snapshot.
const beginSnapshot = "SET idle_in_transaction_session_timeout = 0; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

// inSnapshot calls f with the name of a snapshot of the database that other connections can use during the call.
func inSnapshot(ctx context.Context, db *pgx.Conn, f func(snapshot string) error) error {
	if err := run.Exec(ctx, db, beginSnapshot); err != nil {
		return fmt.Errorf("begin at the source: %w", err)
	}
	var snapshot string
	if err := db.QueryRow(ctx, "SELECT pg_export_snapshot()").Scan(&snapshot); err != nil {
		return fmt.Errorf("export a snapshot of the source: %w", err)
	}
	if err := f(snapshot); err != nil {
		return err
	}
	return run.Wrap("end the snapshot", run.Exec(ctx, db, "COMMIT"))
}

// create executes the statements and stores the move.
func (b *beginning) create(ctx context.Context) error {
	if err := run.Exec(ctx, b.dst, schemaSQL); err != nil {
		return fmt.Errorf("create the tables of the move: %w", err)
	}
	if err := b.storeMove(ctx); err != nil {
		return err
	}
	first, err := b.executeDDL(ctx)
	if err != nil {
		return err
	}
	return b.store(ctx, first)
}

// executeDDL creates everything that precedes the rows, and tries what follows them. It returns the statements that
// come before those of pg_dump. If a statement fails that the move needs, the error lists all of them.
func (b *beginning) executeDDL(ctx context.Context) (first []statement, err error) {
	if err := b.addDrops(ctx); err != nil {
		return nil, err
	}
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
	if err := b.remakeUserTriggers(ctx); err != nil {
		return nil, err
	}
	first = append([]statement{shim}, extensions...)
	if err := run.Exec(ctx, b.dst, "SET LOCAL check_function_bodies = off; SET LOCAL search_path = ''"); err != nil {
		return nil, err
	}
	if err := openSavepoint(ctx, b.dst); err != nil {
		return nil, err
	}
	if err := b.executeAll(ctx, first, b.dump.tables); err != nil {
		return nil, err
	}
	if err := b.rehearse(ctx); err != nil {
		return nil, err
	}
	if len(b.fatal) > 0 {
		return nil, run.Refuse(b.fatal)
	}
	return first, nil
}

// rehearse executes the statements that follow the rows, while the tables are empty, and undoes them. So the objects
// that cannot be created are known before the first row is copied.
func (b *beginning) rehearse(ctx context.Context) error {
	if err := run.Exec(ctx, b.dst, "SAVEPOINT rehearsal; SAVEPOINT object"); err != nil {
		return err
	}
	if err := b.executeAll(ctx, b.dump.after); err != nil {
		return err
	}
	for _, k := range b.keys {
		inTarget, ok := k.inTarget(userTable(b.env))
		if !ok {
			continue
		}
		s := statement{indexes, foreignKey, k.title(), inTarget.add()}
		if err := b.execute(ctx, s); err != nil {
			return err
		}
	}
	if err := b.rehearseUserTriggers(ctx); err != nil {
		return err
	}
	return run.Exec(ctx, b.dst, "ROLLBACK TO SAVEPOINT rehearsal")
}
