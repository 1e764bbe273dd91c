package dbtest

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestCountingDialerCountsRoundTrips(t *testing.T) {
	t.Parallel()
	config, err := pgx.ParseConfig(New(t))
	if err != nil {
		t.Fatal(err)
	}
	var wire CountingDialer
	config.DialFunc = wire.Dial
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if got, want := wire.DialCount(), 1; got != want {
		t.Errorf("dialed connections: got %d, want %d", got, want)
	}
	if got, want := wire.RoundTrips(), 3; got != want { // the startup message and two messages of SCRAM
		t.Errorf("round trips to connect: got %d, want %d", got, want)
	}

	exec := func(sql string, args ...any) func() error {
		return func() error {
			_, err := conn.Exec(t.Context(), sql, args...)
			return err
		}
	}
	for _, test := range []struct {
		name string
		do   func() error
		want int
	}{
		{"simple statement", exec("SELECT 1"), 1},
		{"first use: prepare, then execute", exec("SELECT $1::int", 1), 2},
		{"second use", exec("SELECT $1::int", 1), 1},
		{"unnamed", exec("SELECT $1::int + 1", pgx.QueryExecModeExec, 1), 1},
		{"answer of many packets", exec("SELECT repeat('x', 1000) FROM generate_series(1, 10000)"), 1},
		{"transaction", func() error {
			return pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), "SELECT 1")
				return err
			})
		}, 3},
		{"pipeline", func() error {
			p := conn.PgConn().StartPipeline(t.Context())
			for range 3 {
				p.SendQueryParams("SELECT 1", nil, nil, nil, nil)
			}
			if err := p.Sync(); err != nil {
				return err
			}
			return p.Close()
		}, 1},
	} {
		before := wire.RoundTrips()
		if err := test.do(); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if got := wire.RoundTrips() - before; got != test.want {
			t.Errorf("round trips of %s: got %d, want %d", test.name, got, test.want)
		}
	}
}
