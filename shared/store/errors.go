package store

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/pg"
)

// The errors that the caller of a Store method can expect.
var (
	ErrNotFound     = errors.New("not found")
	ErrDuplicate    = errors.New("already exists")
	ErrOrphan       = errors.New("the row refers to a row that does not exist")
	ErrInvalid      = errors.New("the value cannot be stored in Postgres")
	ErrRejected     = errors.New("a constraint or trigger of the database rejects the row")
	ErrChanged      = errors.New("the row was changed since it was read")
	ErrBanned       = errors.New("the user is banned")
	ErrUnverified   = errors.New("the email of the user is not verified")
	ErrSessionEnded = errors.New("the session has ended")
	ErrCodeExpired  = errors.New("the code has expired")
	ErrCodeUsedUp   = errors.New("there were too many wrong tries of the code")
	ErrLocked       = errors.New("wrong codes have locked the second factor of the user")
	ErrLastAccount  = errors.New("this is the only account of the user")
)

// unavailableError is an error that means that the database cannot be reached or is overloaded. shared/web answers it
// with 503.
type unavailableError struct{ error }

func (unavailableError) Unavailable() bool { return true }
func (u unavailableError) Unwrap() error   { return u.error }

// transientError is an error after which the same statement may succeed.
type transientError struct{ unavailableError }

// brokenConnectionError is an error of the connection. A read may succeed on another connection.
type brokenConnectionError struct{ unavailableError }

// mayRepeatRead reports whether a read that failed may succeed at another attempt. If its connection is broken, it also
// makes the pool replace all its connections.
func (s *Store) mayRepeatRead(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil {
		return false
	}
	if errors.As(err, new(brokenConnectionError)) {
		s.pool.Reset() // the others are probably broken, too
		return true
	}
	return errors.As(err, new(transientError))
}

func isUnavailable(err error) bool {
	var u interface{ Unavailable() bool }
	return errors.As(err, &u) && u.Unavailable()
}

// classify turns an error of pgx into one of the errors above. Errors that the statement did not cause are classified
// by shared/pg.
func (s *Store) classify(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNotFound
	}
	switch pg.Classify(err) {
	case pg.LoginRejected: // the password was rotated, or the URL is wrong
		s.source.Invalidate()
		return brokenConnectionError{unavailableError{err}}
	case pg.ConnectionBroken:
		return brokenConnectionError{unavailableError{err}}
	case pg.TemporaryError:
		return transientError{unavailableError{err}}
	case pg.StatementCanceled:
		return unavailableError{err}
	case pg.Unclassified:
	}
	return classifyStatement(err)
}

// classifyStatement classifies an error that the statement or its arguments caused. It returns an unknown error
// unchanged.
func classifyStatement(err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case !ok && strings.Contains(err.Error(), "failed to encode args["):
		// pgx knows the types of the parameters of a prepared statement, and rejects a wrong value before it sends anything.
		return errors.Join(ErrInvalid, err)
	case !ok:
		return err
	case e.Code == "23505": // unique_violation
		return errors.Join(ErrDuplicate, err)
	case e.Code == "23503": // foreign_key_violation
		return errors.Join(ErrOrphan, err)
	case e.Code == "P0001", strings.HasPrefix(e.Code, "23"): // RAISE EXCEPTION; NOT NULL, CHECK, RESTRICT, EXCLUDE
		return errors.Join(ErrRejected, err)
	case strings.HasPrefix(e.Code, "22"), e.Code == "54000": // data exception; index row too large
		return errors.Join(ErrInvalid, err)
	}
	return err
}

// IsDuplicateUser reports whether err means that another user has the email. It is false if a trigger has inserted a
// duplicate row into another table.
func IsDuplicateUser(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && errors.Is(err, ErrDuplicate) && e.TableName == "user"
}

// RejectionReason returns the SQLSTATE and the constraint of a write that a constraint or trigger has rejected, or ""
// if err is another error. The reason has no values of the row, which the message of a trigger can have.
func RejectionReason(err error) string {
	e, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case !ok || e.Code != "P0001" && !strings.HasPrefix(e.Code, "23"):
		return ""
	case e.ConstraintName == "":
		return ErrRejected.Error() + ": SQLSTATE " + e.Code
	}
	return ErrRejected.Error() + ": SQLSTATE " + e.Code + ", constraint " + e.ConstraintName
}
