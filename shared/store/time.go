package store

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// Time is a date as JavaScript's toISOString writes it: UTC, with three digits of milliseconds and a Z.
type Time struct{ time.Time }

const timeLayout = "2006-01-02T15:04:05.000Z"

// extraDigits is the number of digits after the milliseconds that package time formats and then removes.
const extraDigits = 6

// MarshalJSON writes t with timeLayout.
func (t Time) MarshalJSON() ([]byte, error) {
	return t.UTC().AppendFormat(make([]byte, 0, len(timeLayout)+2+extraDigits), `"`+timeLayout+`"`), nil
}

// inUTC converts the times among the arguments of a statement to UTC. For a column without time zone pgx sends the
// local time in the location of the value.
func inUTC(args []any) []any {
	for i, arg := range args {
		if t, ok := arg.(time.Time); ok && t.Location() != time.UTC {
			args[i] = t.UTC()
		}
	}
	return args
}

// ScanTimestamp reads a column without time zone, which holds UTC.
func (t *Time) ScanTimestamp(v pgtype.Timestamp) error {
	return t.ScanTimestamptz(pgtype.Timestamptz(v))
}

// ScanTimestamptz reads a column with time zone. Without this method pgx would wrap the field again for every row.
func (t *Time) ScanTimestamptz(v pgtype.Timestamptz) error {
	if !v.Valid || v.InfinityModifier != pgtype.Finite {
		return fmt.Errorf("cannot read %+v as a time", v)
	}
	t.Time = v.Time
	return nil
}
