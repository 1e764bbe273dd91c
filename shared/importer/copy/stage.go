package copy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// stage streams the scope from one snapshot of the source into temporary tables of the target.
func (t *transaction) stage(ctx context.Context, r mapping.Rejections) error {
	if err := run.Exec(ctx, t.Src, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); err != nil {
		return fmt.Errorf("begin at the source: %w", err)
	}
	for _, p := range t.Pass.Projections(t.scope, r) {
		if err := copyRows(ctx, t.Src, t.Dst, p.Query, p.Into); err != nil {
			return fmt.Errorf("%s: %w", p.What, err)
		}
	}
	if t.Pass.CarriesFactors() {
		if err := t.stageFactors(ctx, r); err != nil {
			return fmt.Errorf("second factors: %w", err)
		}
	}
	if err := run.Exec(ctx, t.Src, "COMMIT"); err != nil {
		return fmt.Errorf("commit at the source: %w", err)
	}
	t.stagedOn = t.Dst
	return nil
}

// copyRows copies the rows of a query on the source into a table of the target.
func copyRows(ctx context.Context, src, dst *pgx.Conn, query, into string) error {
	in, out := io.Pipe()
	buffered := bufio.NewWriterSize(out, 1<<16) // pgx calls Write for each row, and a pipe passes on one call at a time
	read := make(chan error, 1)
	go func() {
		_, err := src.PgConn().CopyTo(ctx, buffered, "COPY ("+query+") TO STDOUT (FORMAT binary)")
		if err == nil {
			err = buffered.Flush()
		}
		_ = out.CloseWithError(err)
		read <- err
	}()
	_, err := dst.PgConn().CopyFrom(ctx, in, "COPY "+into+" FROM STDIN (FORMAT binary)")
	_ = in.CloseWithError(err)
	if readErr := <-read; readErr != nil && !errors.Is(readErr, err) && !errors.Is(readErr, io.ErrClosedPipe) {
		return fmt.Errorf("read from the source: %w", readErr)
	}
	return run.Wrap("write to the target", err)
}
