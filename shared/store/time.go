package store

import "time"

// Time is a date as it goes over the wire: UTC, whole milliseconds, always three digits and a Z, as JavaScript prints it.
type Time struct{ time.Time }

const wireLayout = "2006-01-02T15:04:05.000Z"

// MarshalJSON writes the date in the wire's form.
func (t Time) MarshalJSON() ([]byte, error) {
	return t.UTC().AppendFormat(make([]byte, 0, len(wireLayout)+2), `"`+wireLayout+`"`), nil
}
