package store

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// scanRow is row.Scan for rows of texts, UUIDs, times and booleans. pgx makes a plan for each value of a row; scanRow
// reads these types itself, in the form in which Postgres sends them for a prepared statement. It leaves all other
// rows, and the errors, to row.Scan.
func scanRow(row pgx.CollectableRow, into ...any) error {
	columns, values := row.FieldDescriptions(), row.RawValues()
	if len(values) != len(into) {
		return row.Scan(into...)
	}
	for i, value := range values {
		if !scanValue(&columns[i], value, into[i]) {
			return row.Scan(into...)
		}
	}
	return nil
}

// scanValue reads a value. It returns false, and changes nothing, if it does not know the types or the form.
func scanValue(column *pgconn.FieldDescription, value []byte, into any) bool {
	switch into := into.(type) {
	case *string:
		return scanAs(column, value, into, parseText)
	case **string:
		return scanNullable(column, value, into, parseText)
	case *Time:
		return scanAs(column, value, into, parseTime)
	case **Time:
		return scanNullable(column, value, into, parseTime)
	case *bool:
		return scanAs(column, value, into, parseBool)
	case **bool:
		return scanNullable(column, value, into, parseBool)
	}
	return false
}

type valueParser[T any] func(column *pgconn.FieldDescription, value []byte) (T, bool)

func scanAs[T any](column *pgconn.FieldDescription, value []byte, into *T, parse valueParser[T]) bool {
	if value == nil { // NULL
		return false
	}
	parsed, ok := parse(column, value)
	if ok {
		*into = parsed
	}
	return ok
}

func scanNullable[T any](column *pgconn.FieldDescription, value []byte, into **T, parse valueParser[T]) bool {
	if value == nil { // NULL
		*into = nil
		return true
	}
	parsed, ok := parse(column, value)
	if ok {
		*into = &parsed
	}
	return ok
}

// parseText reads a text, whose binary form is the text, or a UUID in lower case.
func parseText(column *pgconn.FieldDescription, value []byte) (string, bool) {
	switch column.DataTypeOID {
	case pgtype.TextOID, pgtype.VarcharOID:
		return string(value), true
	case pgtype.UUIDOID:
		if column.Format != pgx.BinaryFormatCode || len(value) != 16 {
			return "", false
		}
		text := make([]byte, 0, 36)
		for i, part := range [...][]byte{value[:4], value[4:6], value[6:8], value[8:10], value[10:]} {
			if i > 0 {
				text = append(text, '-')
			}
			text = hex.AppendEncode(text, part)
		}
		return string(text), true
	}
	return "", false
}

// parseTime reads a finite time. Its binary form is the number of microseconds since 2000-01-01
// (src/include/datatype/timestamp.h of Postgres).
func parseTime(column *pgconn.FieldDescription, value []byte) (Time, bool) {
	isTime := column.DataTypeOID == pgtype.TimestamptzOID || column.DataTypeOID == pgtype.TimestampOID
	if !isTime || column.Format != pgx.BinaryFormatCode || len(value) != 8 {
		return Time{}, false
	}
	const epoch = 946_684_800                           // 2000-01-01 in seconds since 1970
	sinceEpoch := int64(binary.BigEndian.Uint64(value)) //nolint:gosec // G115: the bytes are a signed number
	if sinceEpoch == math.MaxInt64 || sinceEpoch == math.MinInt64 {
		return Time{}, false // infinity or -infinity
	}
	const perSecond = 1_000_000
	return Time{time.Unix(epoch+sinceEpoch/perSecond, sinceEpoch%perSecond*1000).UTC()}, true
}

func parseBool(column *pgconn.FieldDescription, value []byte) (b, ok bool) {
	if column.DataTypeOID != pgtype.BoolOID || column.Format != pgx.BinaryFormatCode || len(value) != 1 {
		return false, false
	}
	return value[0] == 1, true
}
