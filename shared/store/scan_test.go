package store

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// valuesToScan has expressions of the types that the columns of Xenon's tables have, and of other types. Each is read
// into the variables that new returns.
var valuesToScan = []struct {
	new    func() []any
	values []string
}{
	{func() []any { return []any{new(string), new(*string)} }, []string{
		`'Zoë "☃"'::text`, `''::text`, `'x'::varchar(3)`, `NULL::text`, `'x'::name`, `'{"a":1}'::jsonb`, `7::integer`,
		`'0B0E7A52-6f0d-4a43-9d52-3d9f0a4b6a11'::uuid`, `NULL::uuid`, `true`,
	}},
	{func() []any { return []any{new(bool), new(*bool)} }, []string{`true`, `false`, `NULL::boolean`, `'t'::text`}},
	{func() []any { return []any{new(Time), new(*Time)} }, []string{
		`'2026-03-01T12:04:05.006789+02'::timestamptz`, `'1969-12-31T23:59:59.999999Z'::timestamptz`,
		`'0044-03-15T12:00:00Z BC'::timestamptz`, `'infinity'::timestamptz`, `'-infinity'::timestamptz`,
		`NULL::timestamptz`, `'2026-03-01T12:04:05.006789'::timestamp`, `'infinity'::timestamp`, `7::bigint`,
	}},
}

// scanRow reads what pgx reads, and fails where pgx fails, in the binary and in the text form.
func TestScanRowReadsWhatPgxReads(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeDescribeExec, pgx.QueryExecModeSimpleProtocol} {
		for _, test := range valuesToScan {
			for _, value := range test.values {
				got, want := test.new(), test.new()
				gotErrors := scanIntoEach(t, url, mode, value, got, scanRow)
				wantErrors := scanIntoEach(t, url, mode, value, want, pgx.CollectableRow.Scan)
				if diff := cmp.Diff(wantErrors, gotErrors) + cmp.Diff(want, got); diff != "" {
					t.Errorf("%s in mode %v, pgx → scanRow: %s", value, mode, diff)
				}
			}
		}
	}
}

// rowWithoutScan is a row that pgx cannot read.
type rowWithoutScan struct{ pgx.CollectableRow }

func (rowWithoutScan) Scan(...any) error { return errors.New("scanRow has left the row to pgx") }

// A row of a session has only types that scanRow reads itself.
func TestScanRowReadsSessionsItself(t *testing.T) {
	t.Parallel()
	err := dbtest.WithConnection(t, dbtest.New(t), func(ctx context.Context, conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `SELECT gen_random_uuid(), 'text', NULL::text, true, NULL::boolean, now(),
			NULL::timestamptz, now()::timestamp`, pgx.QueryExecModeDescribeExec)
		if err != nil {
			return err
		}
		_, err = pgx.CollectOneRow(rows, func(row pgx.CollectableRow) (any, error) {
			return nil, scanRow(rowWithoutScan{row}, new(string), new(string), new(*string), new(bool), new(*bool), new(Time),
				new(*Time), new(Time))
		})
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// scanIntoEach reads a value into each variable, in one row with another value. It returns which of them fail.
func scanIntoEach(
	t *testing.T, url string, mode pgx.QueryExecMode, value string, variables []any,
	scan func(row pgx.CollectableRow, into ...any) error,
) (failed []bool) {
	t.Helper()
	err := dbtest.WithConnection(t, url, func(ctx context.Context, conn *pgx.Conn) error {
		for _, variable := range variables {
			rows, err := conn.Query(ctx, `SELECT `+value+`, 'other'`, mode)
			if err != nil {
				return err
			}
			other, calls := "", 0
			_, err = pgx.CollectOneRow(rows, func(row pgx.CollectableRow) (any, error) {
				calls++
				return nil, scan(row, variable, &other)
			})
			if calls != 1 || err == nil && other != "other" {
				return fmt.Errorf("%s: read %d rows with the second value %q: %w", value, calls, other, err)
			}
			failed = append(failed, err != nil)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return failed
}
