package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

func postgresError(code string) error { return fmt.Errorf("copy: %w", &pgconn.PgError{Code: code}) }

func TestCauseOfDecidesWhetherARetryCanSucceed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want Cause
	}{
		"a refusal":               {Refuse([]string{"no"}), Fatal},
		"lease lost":              {errLeaseLost(), Fatal},
		"no run":                  {fmt.Errorf("find: %w", ErrNoRun), Fatal},
		"all retries failed":      {fmt.Errorf("read: %w", Unavailable(io.EOF)), Fatal},
		"canceled by the caller":  {fmt.Errorf("read: %w", context.Canceled), Fatal},
		"a connection that broke": {io.ErrUnexpectedEOF, Transient},
		"no answer in time":       {context.DeadlineExceeded, Transient},
		"a full disk":             {postgresError("53100"), Fatal},
		"read-only server":        {postgresError("25006"), Fatal},
		"missing privilege":       {postgresError("42501"), Fatal},
		"no table":                {postgresError("42P01"), Fatal},
		"no schema":               {postgresError("3F000"), Fatal},
		"a server that stops":     {postgresError("57P01"), Transient},
		"too many connections":    {postgresError("53300"), Transient},
		"a deadlock":              {postgresError("40P01"), Transient},
		"a statement timeout":     {postgresError("57014"), BadRow},
		"too long value":          {postgresError("22001"), BadRow},
		"a constraint":            {postgresError("23505"), BadRow},
		"a row that is too wide":  {postgresError("54000"), BadRow},
		"an error of a trigger":   {postgresError("P0001"), BadRow},
		"a wrong password":        {postgresError("28P01"), Fatal},
		"a syntax error":          {postgresError("42601"), Fatal},
		"a code of one letter":    {postgresError("2"), Fatal},
	} {
		if got := CauseOf(c.err); got != c.want {
			t.Errorf("%s: CauseOf(%v) = %d, want %d (Fatal %d, Transient %d, BadRow %d)",
				name, c.err, got, c.want, Fatal, Transient, BadRow)
		}
	}
}

func TestWithAdviceExplainsPermanentErrors(t *testing.T) {
	t.Parallel()
	const row = `new row violates row-level security policy for table "users"`
	for name, c := range map[string]struct {
		err  error
		want string // "": the error is returned unchanged
	}{
		"a refusal":               {Refuse([]string{"no"}), ""},
		"a connection that broke": {io.ErrUnexpectedEOF, ""},
		"a syntax error":          {postgresError("42601"), ""},
		"a wrong password":        {postgresError("28P01"), "the user or the password"},
		"a full disk":             {postgresError("53100"), "free space there"},
		"read-only server":        {postgresError("25006"), "is read-only"},
		"row security":            {&pgconn.PgError{Code: "42501", Message: row}, "row security hides rows"},
		"another code, same text": {&pgconn.PgError{Code: "42601", Message: row}, ""},
		"missing privilege":       {postgresError("42501"), "lacks a privilege"},
	} {
		got := withAdvice(c.err)
		if c.want == "" {
			if !errors.Is(got, c.err) || got.Error() != c.err.Error() {
				t.Errorf("%s: got %v, want the error unchanged", name, got)
			}
			continue
		}
		if !errors.Is(got, ErrRefused) || !strings.Contains(got.Error(), c.want) {
			t.Errorf("%s: got %v, want a refusal with %q", name, got, c.want)
		}
	}
}

func TestErrorTextContainsNoRowValues(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"22P02": "ERROR: a value is not allowed (SQLSTATE 22P02)",
		"23505": "ERROR: a value is not allowed (SQLSTATE 23505)",
		"42601": "ERROR: secret (SQLSTATE 42601)",
	} {
		if got := ErrorText(&pgconn.PgError{Severity: "ERROR", Code: code, Message: "secret"}); got != want {
			t.Errorf("ErrorText of SQLSTATE %s with the message \"secret\": got %q, want %q", code, got, want)
		}
	}
	if got := ErrorText(io.EOF); got != "EOF" {
		t.Errorf("ErrorText(io.EOF) = %q, want \"EOF\"", got)
	}
}

func TestWithoutDetailNamesTheCodeAndTheConstraint(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"EOF":                       io.EOF,
		"SQLSTATE 57014 too slow":   &pgconn.PgError{Code: "57014", Message: "too slow", ConstraintName: "c"},
		"SQLSTATE 23514 time_check": &pgconn.PgError{Code: "23514", Message: "secret", ConstraintName: "time_check"},
	} {
		if got := WithoutDetail(err); got != want {
			t.Errorf("WithoutDetail(%v) = %q, want %q", err, got, want)
		}
	}
}

func TestStateAndTableNamesTheTableIfThereIsOne(t *testing.T) {
	t.Parallel()
	e := &pgconn.PgError{Code: "23503"}
	if got := StateAndTable(e); got != "SQLSTATE 23503" {
		t.Errorf("an error without a table: got %q, want the SQLSTATE alone", got)
	}
	e.SchemaName, e.TableName = "shop", "orders"
	if got := StateAndTable(e); got != "SQLSTATE 23503 from shop.orders" {
		t.Errorf("an error with a table: got %q, want the SQLSTATE and the table", got)
	}
}

func TestWrapReturnsNilForNil(t *testing.T) {
	t.Parallel()
	if err := Wrap("read", nil); err != nil {
		t.Errorf("Wrap of nil: got %v, want nil", err)
	}
	if err := Wrap("read", io.EOF); !errors.Is(err, io.EOF) || err.Error() != "read: EOF" {
		t.Errorf("Wrap of io.EOF: got %v, want \"read: EOF\" that wraps io.EOF", err)
	}
}

func TestIsPermissionDeniedIsTrueForItsSQLSTATEAlone(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{"42501": true, "42601": false} {
		if got := isPermissionDenied(postgresError(code)); got != want {
			t.Errorf("isPermissionDenied for SQLSTATE %s: got %t, want %t", code, got, want)
		}
	}
	if isPermissionDenied(io.EOF) {
		t.Error("isPermissionDenied(io.EOF) = true, want false")
	}
}
