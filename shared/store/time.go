package store

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// Time is a date as it goes over the wire: UTC, whole milliseconds, always three digits and a Z, as JavaScript prints it.
type Time struct{ time.Time }

const wireLayout = "2006-01-02T15:04:05.000Z"

// nanoseconds is how much further than the milliseconds package time writes before it cuts them off.
const nanoseconds = 6

// MarshalJSON writes the date in the wire's form.
func (t Time) MarshalJSON() ([]byte, error) {
	return t.UTC().AppendFormat(make([]byte, 0, len(wireLayout)+2+nanoseconds), `"`+wireLayout+`"`), nil
}

// utc puts the times among the arguments of a statement into UTC. For a column without a time zone pgx sends what the
// clock of the time's own zone shows.
func utc(args []any) []any {
	for i, arg := range args {
		if t, ok := arg.(time.Time); ok && t.Location() != time.UTC {
			args[i] = t.UTC()
		}
	}
	return args
}

// ScanTimestamp reads a column without a time zone, which holds UTC.
func (t *Time) ScanTimestamp(v pgtype.Timestamp) error {
	return t.ScanTimestamptz(pgtype.Timestamptz(v))
}

// ScanTimestamptz reads a column; without it pgx would wrap the field anew for every row.
func (t *Time) ScanTimestamptz(v pgtype.Timestamptz) error {
	if !v.Valid || v.InfinityModifier != pgtype.Finite {
		return fmt.Errorf("cannot read %+v as a moment", v)
	}
	t.Time = v.Time
	return nil
}
