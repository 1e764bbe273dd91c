package store

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// Time is a time whose JSON is the one that JavaScript's toISOString writes: in UTC, with milliseconds and a Z.
type Time struct{ time.Time }

const timeLayout = "2006-01-02T15:04:05.000Z"

// removedFractionDigits is the number of bytes that package time needs in the buffer besides timeLayout: it first
// formats nine digits of the second, and then removes those after the milliseconds.
const removedFractionDigits = 6

// MarshalJSON returns t in UTC, in the form of timeLayout.
func (t Time) MarshalJSON() ([]byte, error) {
	return t.appendJSON(make([]byte, 0, len(timeLayout)+2+removedFractionDigits)), nil
}

// appendJSON appends the JSON of t.
func (t Time) appendJSON(b []byte) []byte { return t.UTC().AppendFormat(b, `"`+timeLayout+`"`) }

// convertTimesToUTC converts the times among the arguments of a statement to UTC. Otherwise pgx would send the local
// time of a value for a column without time zone.
func convertTimesToUTC(args []any) []any {
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

// ScanTimestamptz reads a column with time zone, in UTC. Without this method pgx would read the field through a wrapper, which
// it creates for every row.
func (t *Time) ScanTimestamptz(v pgtype.Timestamptz) error {
	if !v.Valid || v.InfinityModifier != pgtype.Finite {
		return fmt.Errorf("cannot read %+v as a time", v)
	}
	t.Time = v.Time.UTC()
	return nil
}
