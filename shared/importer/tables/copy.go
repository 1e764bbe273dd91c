package tables

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// copyWorker copies one part at a time.
type copyWorker struct {
	*mover
	snapshot string
	src, dst *pgx.Conn
}

func (w *copyWorker) close() {
	run.Close(w.src)
	run.Close(w.dst)
	w.src, w.dst = nil, nil
}

// connect opens the connections that are not open. The source shows the rows of the snapshot.
func (w *copyWorker) connect(ctx context.Context) (err error) {
	if w.src == nil || w.src.IsClosed() {
		if w.src, err = w.env.Source(ctx); err != nil {
			return err
		}
		err := run.Exec(ctx, w.src, beginSnapshot+"; SET TRANSACTION SNAPSHOT "+mapping.Literal(w.snapshot))
		if err != nil {
			return fmt.Errorf("use the snapshot of the source: %w", err)
		}
	}
	if w.dst == nil || w.dst.IsClosed() {
		w.dst, err = w.env.Target(ctx, "SET synchronous_commit = off;\n")
	}
	return err
}

const (
	lockPart = `SELECT NOT p.copied
FROM supabase_import.moved_part p
JOIN supabase_import.move m ON m.run = p.run
WHERE p.run = $1 AND p.table_name = $2 AND p.number = $3
FOR UPDATE OF p`

	markCopied = `UPDATE supabase_import.moved_part SET copied = true, rows = $4, seconds = $5
WHERE run = $1 AND table_name = $2 AND number = $3`

	recordTransaction = `INSERT INTO supabase_import.moved_transaction VALUES ($1, pg_current_xact_id())
ON CONFLICT DO NOTHING`
)

// copyPart copies a part, unless another process has copied it. If the target rejects a row, the whole table is left
// empty, and the reason is stored.
func (w *copyWorker) copyPart(ctx context.Context, p *part) error {
	began := w.env.Now()
	var rows int64
	err := w.connect(ctx)
	if err == nil {
		err = pgx.BeginFunc(ctx, w.dst, func(tx pgx.Tx) error {
			var open bool
			if err := tx.QueryRow(ctx, lockPart, w.run.ID, p.Table, p.Number).Scan(&open); err != nil || !open {
				return err
			}
			if rows, err = w.stream(ctx, p); err != nil {
				return err
			}
			if _, err = tx.Exec(ctx, recordTransaction, w.run.ID); err != nil {
				return err
			}
			_, err = tx.Exec(ctx, markCopied, w.run.ID, p.Table, p.Number, rows, w.env.Now().Sub(began).Seconds())
			return err
		})
	}
	if isRejected(err) {
		w.close()
		if err = w.fail(ctx, p.Table, err); err == nil {
			p.copied = true
			return nil
		}
	}
	if err != nil {
		w.close() // the state of the connections is unknown
		return err
	}
	p.copied = true
	w.env.Report(run.Event{
		Run:     w.run.Name,
		Action:  Action,
		Table:   p.Table,
		Batch:   p.Number,
		Batches: p.All,
		Done:    int(w.done.Add(1)),
		Rows:    rows,
		Copied:  rows,
		Took:    w.env.Now().Sub(began),
	})
	return nil
}

// rejectedError is an error of the target about a row.
type rejectedError struct{ error }

func (r rejectedError) Unwrap() error { return r.error }

func isRejected(err error) bool {
	return errors.As(err, new(rejectedError)) && run.CauseOf(err) == run.BadRow
}

// stream copies the rows of a part and returns their number.
func (w *copyWorker) stream(ctx context.Context, p *part) (int64, error) {
	return stream(ctx, w.src, w.dst, copySource(p.Table, p.Columns, p.Condition)+p.format(),
		fmt.Sprintf("COPY %s (%s) FROM STDIN%s", p.Table, strings.Join(p.Columns, ", "), p.format()))
}

// stream copies rows from a COPY statement of the source to one of the target, and returns their number.
func stream(ctx context.Context, src, dst *pgx.Conn, from, to string) (int64, error) {
	in, out := io.Pipe()
	read := make(chan error, 1)
	go func() {
		buffer := bufio.NewWriterSize(out, 1<<16) // pgx calls Write for each row
		_, err := src.PgConn().CopyTo(ctx, buffer, from)
		if err == nil {
			err = buffer.Flush()
		}
		_ = out.CloseWithError(err)
		read <- err
	}()
	tag, err := dst.PgConn().CopyFrom(ctx, in, to)
	_ = in.CloseWithError(err)
	readErr := <-read
	switch {
	case readErr != nil && !errors.Is(readErr, err) && !errors.Is(readErr, io.ErrClosedPipe):
		return 0, fmt.Errorf("read from the source: %w", readErr)
	case err != nil:
		return 0, fmt.Errorf("write to the target: %w", rejectedError{err})
	}
	return tag.RowsAffected(), nil
}

// format returns the end of a COPY statement.
func (p *part) format() string {
	if p.binary {
		return " (FORMAT binary)"
	}
	return ""
}

const markFailed = `WITH parts AS (
  UPDATE supabase_import.moved_part SET copied = true, rows = 0 WHERE run = $1 AND table_name = $2
)
UPDATE supabase_import.moved_table SET failed = $3 WHERE run = $1 AND name = $2`

// fail empties a table and stores why its rows were not copied. The text has no values of rows.
func (w *copyWorker) fail(ctx context.Context, table string, why error) error {
	return w.env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		return pgx.BeginFunc(ctx, dst, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "TRUNCATE ONLY "+table); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, markFailed, w.run.ID, table, "the target rejects a row: "+run.WithoutDetail(why))
			return err
		})
	})
}
