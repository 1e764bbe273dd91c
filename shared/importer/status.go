package importer

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Status reads where a run stands. ErrNoRun when there is none.
func (m *Import) Status(ctx context.Context, run string) (st Status, err error) {
	err = m.ask(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		st, err = status(ctx, dst, run)
		return err
	})
	return st, err
}

func status(ctx context.Context, dst *pgx.Conn, name string) (Status, error) {
	st := Status{Counts: Counts{}, Reasons: Reasons{}, Parked: []Parked{}}
	id, _, _, _, err := stored(ctx, dst, name)
	if err != nil {
		return st, err
	}
	var finished *time.Time
	err = dst.QueryRow(ctx, `select name, state, pass, started_at, finished_at, (select count(*) from supabase_import.batch b where b.run = r.id),
  (select count(*) from supabase_import.batch b where b.run = r.id and b.pass >= r.pass) from supabase_import.run r where id = $1`, id).
		Scan(&st.Run, &st.State, &st.Pass, &st.StartedAt, &finished, &st.Batches, &st.Done)
	if err != nil {
		return st, fmt.Errorf("read the run: %w", err)
	}
	if finished != nil {
		st.FinishedAt = *finished
	}
	rows, err := dst.Query(ctx, "select number, parked from supabase_import.batch where run = $1 and parked is not null order by number limit 20", id)
	if err != nil {
		return st, fmt.Errorf("read parked batches: %w", err)
	}
	if st.Parked, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Parked]); err != nil {
		return st, fmt.Errorf("read parked batches: %w", err)
	}
	rows, err = dst.Query(ctx, "select source::text, outcome::text, count(*) from supabase_import.ledger where run = $1 group by 1, 2", id)
	if err != nil {
		return st, fmt.Errorf("count the ledger: %w", err)
	}
	var src, what string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&src, &what, &n}, func() error {
		if st.Counts[Source(src)] == nil {
			st.Counts[Source(src)] = map[Outcome]int64{}
		}
		st.Counts[Source(src)][Outcome(what)] = n
		return nil
	})
	if err != nil {
		return st, fmt.Errorf("count the ledger: %w", err)
	}
	rows, err = dst.Query(ctx, "select source::text || case when field <> '' then '.' || field else '' end, reason, count(*) from supabase_import.quarantine where run = $1 and resolved is null group by 1, 2", id)
	if err != nil {
		return st, fmt.Errorf("count the quarantine: %w", err)
	}
	_, err = pgx.ForEachRow(rows, []any{&src, &what, &n}, func() error { st.Reasons[src+" "+what] = n; return nil })
	if err != nil {
		return st, fmt.Errorf("count the quarantine: %w", err)
	}
	return st, nil
}
