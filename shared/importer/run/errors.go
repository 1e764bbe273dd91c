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

// Errors that a caller tells apart. Each is wrapped with what happened.
var (
	// ErrRefused says that the run may not start or go on as asked; the text says what a person has to decide or correct.
	ErrRefused = errors.New("refused")
	// ErrHeld says that another process works on the same run; the text says which one and until when.
	ErrHeld = errors.New("the run is held")
	// ErrUnavailable says that a database did not answer for longer than the retries last. Running again goes on.
	ErrUnavailable = errors.New("database unavailable")
	// ErrNoRun says that the target knows no run of this name.
	ErrNoRun = errors.New("no such run")
)

// Refuse is ErrRefused with a list of reasons.
func Refuse(why []string) error {
	return fmt.Errorf("%w:\n  - %s", ErrRefused, strings.Join(why, "\n  - "))
}

// errLeaseLost says that another process took the run over.
func errLeaseLost() error { return fmt.Errorf("%w: another process took it over", ErrHeld) }

// SQLSTATEs that are treated each in its own way.
const (
	QueryCanceled   = "57014" // a statement timeout
	UniqueViolation = "23505"
	diskFull        = "53100"
	noGrant         = "42501"
	readOnly        = "25006"
	undefinedTable  = "42P01"
	undefinedSchema = "3F000"
)

// Cause is what helps against an error.
type Cause int

// The causes of errors.
const (
	Fatal     Cause = iota // a person has to do something
	Transient              // waiting helps
	BadRow                 // the target rejects a row, or the statement is too large for the time it may take
)

// CauseOf says what helps against an error.
func CauseOf(err error) Cause {
	e, ok := errors.AsType[*pgconn.PgError](err)
	trouble := pg.Classify(err)
	switch {
	case errors.Is(err, ErrRefused), errors.Is(err, ErrHeld), errors.Is(err, ErrNoRun),
		errors.As(err, new(unavailableError)), errors.Is(err, context.Canceled):
		return Fatal
	case !ok && trouble != pg.Rejected:
		return Transient // the connection broke, or the network lost the answer
	case ok && slices.Contains([]string{diskFull, readOnly, noGrant, undefinedTable, undefinedSchema}, e.Code):
		return Fatal
	case trouble == pg.Broken, trouble == pg.Transient:
		return Transient
	case trouble == pg.Canceled:
		return BadRow
	case ok && slices.Contains([]string{"22", "23", "54", "P0"}, e.Code[:min(2, len(e.Code))]):
		return BadRow
	}
	return Fatal
}

// explain says what to do about an error that waiting does not cure.
func explain(err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case errors.Is(err, ErrRefused):
		return err
	case pg.Classify(err) == pg.Rejected:
		return fmt.Errorf("%w: %w", ErrRefused, pg.Explain(err))
	case !ok:
		return err
	case e.Code == diskFull:
		return fmt.Errorf("%w: a database's disk is full: make room there, or give it more, and run again; "+
			"what is done stays done: %w", ErrRefused, err)
	case e.Code == readOnly:
		return fmt.Errorf("%w: a database takes no writes: its disk is full, or the URL leads to a replica; "+
			"correct that and run again; what is done stays done: %w", ErrRefused, err)
	case e.Code == noGrant && strings.Contains(e.Message, "row-level security"):
		return fmt.Errorf("%w: row security hides rows from this role: use the role postgres, or one with BYPASSRLS: %w",
			ErrRefused, err)
	case e.Code == noGrant:
		return fmt.Errorf("%w: this role lacks a grant: %w", ErrRefused, err)
	}
	return err
}

// ErrorText is an error without what Postgres quotes from a row, for places that keep it.
func ErrorText(err error) string {
	text := err.Error()
	e, ok := errors.AsType[*pgconn.PgError](err)
	if ok && (strings.HasPrefix(e.Code, "22") || strings.HasPrefix(e.Code, "23")) {
		text = strings.ReplaceAll(text, e.Message, "a value is not allowed")
	}
	return text
}

// WithoutDetail is an error for the ledger: Postgres puts values of rows into its details.
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

// StateAndTable is an error of Postgres without values of rows.
func StateAndTable(e *pgconn.PgError) string {
	text := "SQLSTATE " + e.Code
	if e.TableName != "" {
		text += " from " + e.SchemaName + "." + e.TableName
	}
	return text
}

// Wrap puts before an error what failed. It returns nil if err is nil.
func Wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// isNoGrant says that the role lacks a right, or that row security hides rows from it.
func isNoGrant(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == noGrant
}
