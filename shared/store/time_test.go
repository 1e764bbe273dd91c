package store

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

func TestTimeIsWrittenLikeToISOString(t *testing.T) {
	t.Parallel()
	for at, want := range map[time.Time]string{
		time.Date(2026, 3, 1, 12, 4, 5, 6_700_000, time.UTC):                   `"2026-03-01T12:04:05.006Z"`,
		time.Date(2026, 3, 1, 0, 30, 0, 999_999_999, time.FixedZone("", 3600)): `"2026-02-28T23:30:00.999Z"`,
		time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC):                       `"9999-12-31T23:59:59.000Z"`,
		time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC):                               `"0001-01-01T00:00:00.000Z"`,
		time.Date(0, 12, 31, 23, 59, 59, 999_000_000, time.UTC):                `"0000-12-31T23:59:59.999Z"`,
		time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC):                          `"10000-01-01T00:00:00.000Z"`,
		time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC):                              `"-0001-01-01T00:00:00.000Z"`,
	} {
		got, err := json.Marshal(Time{at})
		if err != nil || string(got) != want {
			t.Errorf("JSON of %v: got %s, error %v; want %s", at, got, err, want)
		}
	}
}

func FuzzTimeIsWrittenLikePackageTimeDoes(f *testing.F) {
	f.Add(int64(0), int64(0))
	f.Add(int64(-62_135_596_801), int64(999_999_999))
	f.Add(int64(253_402_300_800), int64(1))
	f.Add(int64(1_772_366_645), int64(6_700_000))
	f.Fuzz(func(t *testing.T, seconds, nanoseconds int64) {
		at := time.Unix(seconds, nanoseconds)
		want := at.UTC().Format(`"` + timeLayout + `"`)
		if got := string(Time{at}.appendJSON(nil)); got != want {
			t.Errorf("JSON of the time %d.%09d: %s, want %s", seconds, nanoseconds, got, want)
		}
	})
}

func TestTimeAllocatesOnlyItsText(t *testing.T) {
	at := Time{time.Date(2026, 3, 1, 12, 4, 5, 6_700_000, time.Local)}
	if got := testing.AllocsPerRun(100, func() { _, _ = at.MarshalJSON() }); got > 1 {
		t.Errorf("MarshalJSON: got %v allocations, want 1, for the text", got)
	}
}

func TestTimeIsReadOnlyFromAFiniteTimestamp(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 4, 5, 6_700_000, time.UTC)
	for name, c := range map[string]struct {
		value pgtype.Timestamptz
		reads bool
	}{
		"a time":   {pgtype.Timestamptz{Time: at, Valid: true}, true},
		"NULL":     {pgtype.Timestamptz{}, false},
		"infinity": {pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}, false},
	} {
		var withZone, withoutZone Time
		for _, err := range []error{
			withZone.ScanTimestamptz(c.value), withoutZone.ScanTimestamp(pgtype.Timestamp(c.value)),
		} {
			if (err == nil) != c.reads {
				t.Errorf("scan of %s: got error %v, want an error: %v", name, err, !c.reads)
			}
		}
		if c.reads && (!withZone.Equal(at) || !withoutZone.Equal(at)) {
			t.Errorf("scan of %s with and without time zone: got %v and %v, want %v", name, withZone, withoutZone, at)
		}
	}
}
