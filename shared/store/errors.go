package store

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/pg"
)

// What a caller can tell apart.
var (
	ErrNotFound  = errors.New("not found")
	ErrDuplicate = errors.New("already there")
	ErrOrphan    = errors.New("what it belongs to is gone")
	ErrInvalid   = errors.New("a value that the database cannot hold")
	ErrChanged   = errors.New("it is another version by now")

	ErrSessionEnded = errors.New("the session has ended")
)

// unavailable marks an error as "the database is away or full": shared/web answers 503.
type unavailable struct{ error }

func (unavailable) Unavailable() bool { return true }
func (u unavailable) Unwrap() error   { return u.error }

// transient marks an error after which the same statement may be tried again.
type transient struct{ unavailable }

// broken marks an error of the connection itself, after which a read may be tried again on another one.
type broken struct{ unavailable }

// repeats reports whether a read that failed is worth a second try.
func (s *Store) repeats(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil {
		return false
	}
	if errors.As(err, new(broken)) {
		s.pool.Reset() // what cut this connection has cut the idle ones too
		return true
	}
	return errors.As(err, new(transient))
}

func isUnavailable(err error) bool {
	var u interface{ Unavailable() bool }
	return errors.As(err, &u) && u.Unavailable()
}

// classify turns pgx's errors into the ones above. Which SQLSTATE means what, as far as the statement is not to blame,
// is known to shared/pg.
func (s *Store) classify(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNotFound
	}
	switch pg.Classify(err) {
	case pg.Rejected: // the password was rotated, or the URL is wrong
		if s.loginFail != nil {
			s.loginFail()
		}
		return broken{unavailable{err}}
	case pg.Broken:
		return broken{unavailable{err}}
	case pg.Transient:
		return transient{unavailable{err}}
	case pg.Canceled:
		return unavailable{err}
	case pg.None:
	}
	return classifyStatement(err)
}

// classifyStatement is classify for what a statement or its values are to blame for.
func classifyStatement(err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case !ok && strings.Contains(err.Error(), "failed to encode args["): // pgx knows the types of a prepared statement, and has no type for this
		return errors.Join(ErrInvalid, err)
	case !ok:
		return err
	case e.Code == "23505": // unique_violation
		return ErrDuplicate
	case e.Code == "23503": // foreign_key_violation
		return ErrOrphan
	case strings.HasPrefix(e.Code, "22"), e.Code == "54000": // data exception; index row too large
		return errors.Join(ErrInvalid, err)
	}
	return err
}
