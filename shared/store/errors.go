package store

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// What a caller can tell apart.
var (
	ErrNotFound  = errors.New("not found")
	ErrDuplicate = errors.New("already there")
	ErrOrphan    = errors.New("what it belongs to is gone")
	ErrInvalid   = errors.New("a value that the database cannot hold")
)

// unavailable marks an error as "the database is away or full": shared/web answers 503.
type unavailable struct{ error }

func (unavailable) Unavailable() bool { return true }
func (u unavailable) Unwrap() error   { return u.error }

// broken marks an error of the connection itself, after which a read may be tried again.
type broken struct{ unavailable }

// isBroken reports whether err is the connection's and not the statement's.
func isBroken(err error) bool {
	return err != nil && errors.As(err, new(broken))
}

func isUnavailable(err error) bool {
	var u interface{ Unavailable() bool }
	return errors.As(err, &u) && u.Unavailable()
}

// classify turns pgx's errors into the ones above. Nobody else knows a SQLSTATE.
func (s *Store) classify(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return s.classifyState(pg, err)
	}
	var network net.Error
	switch {
	case errors.As(err, new(unavailable)), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return unavailable{err}
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.As(err, new(*pgconn.ConnectError)), pgconn.SafeToRetry(err), strings.Contains(err.Error(), "conn closed"):
		return broken{unavailable{err}}
	case strings.Contains(err.Error(), "failed to encode args["): // pgx knows the types of a prepared statement, and has no type for this
		return errors.Join(ErrInvalid, err)
	}
	return err
}

func (s *Store) classifyState(pg *pgconn.PgError, err error) error {
	switch {
	case pg.Code == "23505": // unique_violation
		return ErrDuplicate
	case pg.Code == "23503": // foreign_key_violation
		return ErrOrphan
	case strings.HasPrefix(pg.Code, "22"), pg.Code == "54000": // data exception; index row too large
		return errors.Join(ErrInvalid, err)
	case strings.HasPrefix(pg.Code, "28"): // the password was rotated, or is wrong
		if s.loginFail != nil {
			s.loginFail()
		}
		return broken{unavailable{err}}
	case strings.HasPrefix(pg.Code, "08"), strings.HasPrefix(pg.Code, "57P"): // connection; shut down or starting
		return broken{unavailable{err}}
	case strings.HasPrefix(pg.Code, "53"), pg.Code == "57014", pg.Code == "3D000": // disk, memory or connections full; cancelled; no such database
		return unavailable{err}
	}
	return err
}
