// Package sessions imports the sessions of Supabase. It reads the sessions of a batch of users with the rows that
// decide which refresh tokens Supabase would accept, computes the digests of these tokens (tokens.go), and streams both
// into a temporary table of the target, the stage. There, copy and verification compare them with the rows of the
// target (run/session_rows.go). No refresh token and no key of Supabase is stored in the target.
package sessions

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// Copy makes the sessions of the target those of the source, for the users of a batch or those of b.IDs, in one
// transaction, and returns the number of sessions that the source has. Before, the users themselves must be copied. The
// result is the same if Copy is repeated. If the sums of a batch are equal, Copy writes only their number.
func Copy(ctx context.Context, w *run.Worker, b run.Batch) (n int64, err error) {
	defer closeAfter(w, &err)
	if err := run.Exec(ctx, w.Dst, "BEGIN"); err != nil {
		return 0, fmt.Errorf("begin at the target: %w", err)
	}
	if _, err := w.Pass.LockRun(ctx, w.Dst, b.Scope); err != nil {
		return 0, err
	}
	if b.IDs == nil && b.Copied {
		sums, err := compareSums(ctx, w, b)
		if err != nil {
			return 0, err
		}
		if sums.isCurrent() {
			return sums.total, finish(ctx, w, b, sums.total)
		}
	}
	if n, err = stage(ctx, w, b.Scope); err != nil {
		return 0, err
	}
	if b.IDs != nil {
		if err := w.Pass.SubtractSessions(ctx, w.Dst, b); err != nil {
			return 0, err
		}
	}
	sql := w.Pass.MarkStagedSessions(b.Scope, true) + w.Pass.WriteStagedSessions(b.Scope)
	if err := run.Exec(ctx, w.Dst, sql); err != nil {
		return 0, fmt.Errorf("write the sessions: %w", err)
	}
	return n, finish(ctx, w, b, n)
}

// finish stores the number of sessions that the source has, and commits.
func finish(ctx context.Context, w *run.Worker, b run.Batch, n int64) (err error) {
	if b.IDs != nil {
		err = w.Pass.AddSessions(ctx, w.Dst, b, n)
	} else {
		err = w.Pass.RecordSessionBatch(ctx, w.Env, w.Dst, b, n)
	}
	if err != nil {
		return err
	}
	return run.Wrap("commit the sessions", run.Exec(ctx, w.Dst, "COMMIT"))
}

// closeAfter closes the connections of the worker after an error, because they can be in a transaction.
func closeAfter(w *run.Worker, err *error) {
	if *err != nil {
		w.Close()
	}
}

// Compared is a session for which source and target may differ.
type Compared struct {
	ID                      string
	Wanted, Stored, Written *int64   // hashes: nil for no rows
	Columns                 []string // that differ; digests are none of them
	HasSourceChanged        bool     // since the run read the session
}

// Compare calls f for each session of a batch that the source or the target has, except those that were used or
// revoked. It writes nothing.
func Compare(ctx context.Context, w *run.Worker, b run.Batch, f func(Compared) error) (err error) {
	defer closeAfter(w, &err)
	if err := w.Pass.CheckSessionKey(ctx, w.Env, w.Dst); err != nil {
		return err
	}
	if err := run.Exec(ctx, w.Dst, "BEGIN"); err != nil {
		return fmt.Errorf("begin at the target: %w", err)
	}
	if _, err := stage(ctx, w, b.Scope); err != nil {
		return err
	}
	if err := run.Exec(ctx, w.Dst, w.Pass.MarkStagedSessions(b.Scope, false)); err != nil {
		return fmt.Errorf("compare the sessions: %w", err)
	}
	rows, err := w.Dst.Query(ctx, w.Pass.CompareSessions(b.Scope))
	if err != nil {
		return fmt.Errorf("compare the sessions: %w", err)
	}
	var c Compared
	into := []any{&c.ID, &c.Wanted, &c.Stored, &c.Written, &c.Columns, &c.HasSourceChanged}
	if _, err := pgx.ForEachRow(rows, into, func() error { return f(c) }); err != nil {
		return fmt.Errorf("compare the sessions: %w", err)
	}
	return run.Exec(ctx, w.Dst, "ROLLBACK")
}

// session is a row of mapping.Sessions.
type session struct {
	ID, UserID                        [16]byte
	Reason                            *string
	AAL2                              bool
	CreatedAt, RefreshedAt, ExpiresAt pgtype.Timestamptz
	Live                              []string
	Previous                          *string
	PreviousAAL2                      bool
	HMACKey                           *string
	Counter                           *int64
}

// stage streams the sessions of a scope from one snapshot of the source into the stage. It returns the number of
// sessions that the snapshot has, which it counts with a query of its own.
func stage(ctx context.Context, w *run.Worker, s mapping.Scope) (n int64, err error) {
	if err := run.Exec(ctx, w.Src, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); err != nil {
		return 0, fmt.Errorf("begin at the source: %w", err)
	}
	if err := w.Src.QueryRow(ctx, s.SessionCount()).Scan(&n); err != nil {
		return 0, fmt.Errorf("count the sessions: %w", err)
	}
	rows, err := w.Src.Query(ctx, w.Pass.Sessions(s))
	if err != nil {
		return 0, fmt.Errorf("read the sessions: %w", err)
	}
	defer rows.Close()
	source := stagedRows{rows: rows, tokens: newTokens(w)}
	_, err = w.Dst.CopyFrom(ctx, pgx.Identifier{"stage_session"}, run.StagedSessionColumns, &source)
	if readErr := rows.Err(); readErr != nil && !errors.Is(err, readErr) {
		return 0, fmt.Errorf("read the sessions: %w", readErr)
	}
	if err != nil {
		return 0, fmt.Errorf("stage the sessions: %w", err)
	}
	rows.Close()
	return n, run.Wrap("commit at the source", run.Exec(ctx, w.Src, "COMMIT"))
}

// stagedRows is the source of a COPY into the stage. It holds one session at a time.
type stagedRows struct {
	rows   pgx.Rows
	tokens tokens
}

// Next implements pgx.CopyFromSource.
func (r *stagedRows) Next() bool { return r.rows.Next() }

// Err implements pgx.CopyFromSource.
func (r *stagedRows) Err() error { return r.rows.Err() }

// Values implements pgx.CopyFromSource. It returns the values of run.StagedSessionColumns.
func (r *stagedRows) Values() ([]any, error) {
	s, err := r.tokens.read(r.rows)
	if err != nil {
		return nil, err
	}
	return []any{
		s.ID, s.UserID, s.reason, s.isWanted, s.AAL2, s.CreatedAt, s.RefreshedAt, s.ExpiresAt, s.found.values, s.found.aal2,
		s.expected, s.wanted,
	}, nil
}

// readSession is a session of the source with what the target should have.
type readSession struct {
	session
	found            digests
	reason           *string // why the session is not imported, by the source alone
	isWanted         bool    // by the source alone, the target should have a row
	expected, wanted int64   // hashes (hash.go); wanted is 0 unless isWanted is true
}

// read reads the current row of a query of mapping.Sessions.
func (t tokens) read(rows pgx.Rows) (readSession, error) {
	s, err := pgx.RowToStructByPos[session](rows)
	if err != nil {
		return readSession{}, err
	}
	r := readSession{session: s, found: digests{values: [][]byte{}, aal2: []bool{}}, reason: s.Reason}
	if r.reason == nil {
		r.found = t.digest(s)
		if r.found.reason != "" {
			r.reason = &r.found.reason
		}
	}
	r.isWanted = r.reason == nil || r.found.hasUnreadableKey
	r.expected = expectedHash(s, r.reason, r.isWanted, r.found)
	if r.isWanted {
		r.wanted = wantedHash(s, r.found)
	}
	return r, nil
}
