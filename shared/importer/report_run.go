package importer

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Report puts together what is known of the run. It needs no lease: it can be read while others work. What a run that was
// rolled back had verified is not in it.
func (m *Import) Report(ctx context.Context, run string) (Report, error) {
	r := Report{Made: m.Now().UTC()}
	err := m.ask(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		id, _, _, plan, err := stored(ctx, dst, run)
		if err != nil {
			return err
		}
		r.Plan = plan
		if r.Status, err = status(ctx, dst, run); err != nil {
			return err
		}
		if r.Batches, err = batchLines(ctx, dst, id); err != nil {
			return fmt.Errorf("read the batches: %w", err)
		}
		r.Undone, err = undoneOf(ctx, dst, id)
		return err
	})
	if err != nil || r.Status.State == "rolled back" {
		return r, err
	}
	v, err := m.Verdict(ctx, run)
	if err == nil && !v.At.IsZero() {
		r.Verification = &v
	}
	return r, err
}

// batchLines reads the batches with the sum of all their tables in the target, as the run's last verification has it.
func batchLines(ctx context.Context, dst *pgx.Conn, id int) ([]BatchLine, error) {
	rows, err := dst.Query(ctx, `select b.number, b.pass, b.rows, b.quarantined, coalesce(c.sum, ''),
  case when c.sum is null then '' when b.different = 0 and c.equal then 'equal' else 'different' end
from supabase_import.run r join supabase_import.batch b on b.run = r.id
left join lateral (select sum((value->>'targetSum')::numeric)::text as sum, bool_and(value->>'targetSum' = value->>'sourceSum' and value->>'targetRows' = value->>'sourceRows') as equal
  from jsonb_each(b.checksums)) c on r.verification > 0 and b.verification = r.verification
where r.id = $1 order by b.number`, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[BatchLine])
}

func undoneOf(ctx context.Context, dst *pgx.Conn, id int) (*Undone, error) {
	var text *string
	if err := dst.QueryRow(ctx, "select undone::text from supabase_import.run where id = $1", id).Scan(&text); err != nil {
		return nil, fmt.Errorf("read the rollback: %w", err)
	}
	if text == nil {
		return nil, nil
	}
	var u Undone
	if err := json.Unmarshal([]byte(*text), &u); err != nil {
		return nil, fmt.Errorf("read the rollback: %w", err)
	}
	return &u, nil
}
