package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/pg"
)

// Errors that callers distinguish. Each is wrapped with details.
var (
	// ErrRefused means that the run cannot start or continue. The text says what the operator has to decide or correct.
	ErrRefused = errors.New("refused")
	// ErrHeld means that another process works on the same run. If this process could not take the lease, the text names
	// the other process and the end of its lease.
	ErrHeld = errors.New("the run is held")
	// ErrUnavailable means that all attempts to use a database failed. The same call continues the run later.
	ErrUnavailable = errors.New("database unavailable")
	// ErrNoRun means that the target has no run with this name.
	ErrNoRun = errors.New("no such run")
)

// Refuse returns ErrRefused with the reasons, one a line.
func Refuse(why []string) error {
	return fmt.Errorf("%w:\n  - %s", ErrRefused, strings.Join(why, "\n  - "))
}

// errLeaseLost returns the ErrHeld of a process whose lease another process has taken.
func errLeaseLost() error { return fmt.Errorf("%w: another process took the lease", ErrHeld) }

// SQLSTATEs with special handling.
const (
	QueryCanceled    = "57014" // a statement timeout
	UniqueViolation  = "23505"
	diskFull         = "53100"
	permissionDenied = "42501"
	readOnly         = "25006"
	undefinedTable   = "42P01"
	undefinedSchema  = "3F000"
)

// Cause is a class of errors that are resolved in the same way.
type Cause int

// The causes of errors.
const (
	Fatal     Cause = iota // a retry cannot succeed
	Transient              // a retry can succeed
	BadRow                 // the target rejects a row, or a statement reads too many rows for its timeout
)

// CauseOf returns the cause of an error.
func CauseOf(err error) Cause {
	e, ok := errors.AsType[*pgconn.PgError](err)
	class := pg.Classify(err)
	switch {
	case errors.Is(err, ErrRefused), errors.Is(err, ErrHeld), errors.Is(err, ErrNoRun),
		errors.As(err, new(unavailableError)), errors.Is(err, context.Canceled):
		return Fatal
	case !ok && class != pg.LoginRejected:
		return Transient // the connection broke, or the network lost the answer
	case ok && slices.Contains([]string{diskFull, readOnly, permissionDenied, undefinedTable, undefinedSchema}, e.Code):
		return Fatal
	case class == pg.ConnectionBroken, class == pg.TemporaryError:
		return Transient
	case class == pg.StatementCanceled:
		return BadRow
	case ok && slices.Contains([]string{"22", "23", "54", "P0"}, e.Code[:min(2, len(e.Code))]):
		return BadRow
	}
	return Fatal
}

// withAdvice adds advice to an error that a retry cannot resolve.
func withAdvice(err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case errors.Is(err, ErrRefused):
		return err
	case pg.Classify(err) == pg.LoginRejected:
		return fmt.Errorf("%w: %w", ErrRefused, pg.Explain(err))
	case !ok:
		return err
	case e.Code == diskFull:
		return fmt.Errorf("%w: the disk of a database is full: free space there or enlarge the disk, and run again; "+
			"finished batches are kept: %w", ErrRefused, err)
	case e.Code == readOnly:
		return fmt.Errorf("%w: a database is read-only: its disk is full, or the URL names a replica; "+
			"correct that and run again; finished batches are kept: %w", ErrRefused, err)
	case e.Code == permissionDenied && strings.Contains(e.Message, "row-level security"):
		return fmt.Errorf("%w: row security hides rows from this role: use the role postgres, or one with BYPASSRLS: %w",
			ErrRefused, err)
	case e.Code == permissionDenied:
		return fmt.Errorf("%w: the role lacks a privilege: %w", ErrRefused, err)
	}
	return err
}

// ErrorText returns the text of an error for logs and stored results, without the row values that Postgres quotes.
func ErrorText(err error) string {
	text := err.Error()
	e, ok := errors.AsType[*pgconn.PgError](err)
	if ok && (strings.HasPrefix(e.Code, "22") || strings.HasPrefix(e.Code, "23")) {
		text = strings.ReplaceAll(text, e.Message, "a value is not allowed")
	}
	return text
}

// WithoutDetail returns the text of an error that the target may store. Of an error of Postgres it has the SQLSTATE and
// the constraint, not the message, which can contain values of rows. Of a timeout it has the message.
func WithoutDetail(err error) string {
	e, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case !ok:
		return err.Error()
	case e.Code == QueryCanceled:
		return "SQLSTATE " + e.Code + " " + e.Message
	}
	return "SQLSTATE " + e.Code + " " + e.ConstraintName
}

// StateAndTable returns the SQLSTATE of an error of Postgres, and the table if the error names one.
func StateAndTable(e *pgconn.PgError) string {
	text := "SQLSTATE " + e.Code
	if e.TableName != "" {
		text += " from " + e.SchemaName + "." + e.TableName
	}
	return text
}

// Wrap adds the name of the failed step to an error. It returns nil if err is nil.
func Wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// isPermissionDenied reports whether err says that the role lacks a privilege, or that row security would hide rows.
func isPermissionDenied(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == permissionDenied
}
