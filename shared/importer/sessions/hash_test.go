package sessions

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// The formulas with which older releases computed the hashes of a staged session in SQL. A ledger that they wrote has
// the same hashes.
const (
	expectedHashSQL = `SELECT ('x' || left(md5(row($1::uuid, $2::text, $3::boolean, $4::boolean, $5::timestamptz,
		$6::timestamptz, $7::timestamptz, $8::bytea[], $9::boolean[])::text), 16))::bit(64)::bigint`
	wantedHashSQL = `SELECT ('x' || left(md5(row($1::uuid, $2::uuid, $3::boolean, $4::timestamptz, $5::timestamptz,
		$6::timestamptz, (
			SELECT array_agg(encode(d.digest, 'hex') || d.aal2::text ORDER BY d.digest)
			FROM unnest($7::bytea[], $8::boolean[]) d (digest, aal2)))::text), 16))::bit(64)::bigint`
)

// hashCase is a session with what the import decides about it.
type hashCase struct {
	session
	reason   *string
	isWanted bool
	found    digests
}

func hashCases() map[string]hashCase {
	at := func(year, micros int) pgtype.Timestamptz {
		return pgtype.Timestamptz{Time: time.Date(year, 2, 3, 4, 5, 6, micros*1000, time.UTC), Valid: true}
	}
	null, infinite := pgtype.Timestamptz{}, pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}
	expired, empty, odd := "session_expired", "", `a "word", a \, (and) a tab`+"\t"
	none := digests{values: [][]byte{}, aal2: []bool{}}
	return map[string]hashCase{
		"no digests": {session{CreatedAt: at(2026, 0), RefreshedAt: null, ExpiresAt: null}, &expired, false, none},
		"empty reason": {
			session{CreatedAt: at(2026, 1), RefreshedAt: at(1, 100), ExpiresAt: at(12026, 0)}, &empty, true, none,
		},
		"odd reason": {session{CreatedAt: at(999, 120000), RefreshedAt: null, ExpiresAt: infinite}, &odd, false, none},
		"one digest": {
			session{AAL2: true, CreatedAt: at(2026, 999999), RefreshedAt: at(2026, 123450), ExpiresAt: null},
			nil, true,
			digests{values: [][]byte{{0, 1, 0xff}}, aal2: []bool{true}},
		},
		"several digests": {
			session{CreatedAt: at(2026, 5), RefreshedAt: at(2026, 50), ExpiresAt: at(2026, 500)},
			nil, true,
			digests{values: [][]byte{{9, 1}, {}, {9}, {0x5c, 0x22}}, aal2: []bool{false, true, true, false}},
		},
	}
}

func TestHashesEqualThoseOfPostgres(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), dbtest.NewEmpty(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "SET timezone = 'UTC'"); err != nil {
		t.Fatal(err)
	}
	for name, c := range hashCases() {
		s := c.session
		s.ID, s.UserID = [16]byte{1, 2, 15: 255}, [16]byte{0xab, 6: 0x40}
		var expected, wanted int64
		err := conn.QueryRow(t.Context(), expectedHashSQL, s.UserID, c.reason, c.isWanted, s.AAL2, s.CreatedAt,
			s.RefreshedAt, s.ExpiresAt, c.found.values, c.found.aal2).Scan(&expected)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		err = conn.QueryRow(t.Context(), wantedHashSQL, s.ID, s.UserID, s.AAL2, s.CreatedAt, s.RefreshedAt, s.ExpiresAt,
			c.found.values, c.found.aal2).Scan(&wanted)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := expectedHash(s, c.reason, c.isWanted, c.found); got != expected {
			t.Errorf("%s: hash of the session: got %d, want %d, as Postgres computes it", name, got, expected)
		}
		if got := wantedHash(s, c.found); got != wanted {
			t.Errorf("%s: hash of the wanted rows: got %d, want %d, as Postgres computes it", name, got, wanted)
		}
	}
}
