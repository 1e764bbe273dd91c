package importer

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// changed compares fingerprints, user by user, and lists the users with a difference, as well as those of whom
// something is gone from the source and stays: whether it may go by now is for the target to say. The other users are
// counted.
func (w *worker) changed(ctx context.Context, s scope) ([]string, moved, error) {
	read := func(db *pgx.Conn, sql string) (map[string]string, error) {
		sums := map[string]string{}
		rows, err := db.Query(ctx, sql)
		if err != nil {
			return nil, err
		}
		var id, sum string
		var n int64
		_, err = pgx.ForEachRow(rows, []any{&id, &sum, &n}, func() error {
			sums[id] = fmt.Sprintf("%s/%d", sum, n)
			return nil
		})
		return sums, err
	}
	now, err := read(w.src, "select user_id::text, sum(raw)::text, count(*) from ("+w.run.fingerprints(s)+") f group by user_id")
	if err != nil {
		return nil, moved{}, fmt.Errorf("fingerprints of the source: %w", err)
	}
	then, err := read(w.dst, fmt.Sprintf("select user_id::text, coalesce(sum(raw), 0)::text, count(raw) from supabase_import.ledger l where l.run = %d and l.outcome <> 'deleted' and %s group by user_id having count(raw) > 0",
		w.run.id, s.on("l.user_id")))
	if err != nil {
		return nil, moved{}, fmt.Errorf("fingerprints of the ledger: %w", err)
	}
	changed, err := column1(ctx, w.dst, fmt.Sprintf("select distinct user_id::text from supabase_import.quarantine q where q.run = %d and q.reason = '%s' and q.resolved is null and %s",
		w.run.id, removedAtSource, s.on("q.user_id")))
	if err != nil {
		return nil, moved{}, fmt.Errorf("read who is gone from the source and stays: %w", err)
	}
	again := map[string]bool{}
	for _, id := range changed {
		again[id] = true
	}
	var same moved
	for id, sum := range now {
		if again[id] {
			continue
		}
		if then[id] != sum {
			changed = append(changed, id)
			continue
		}
		_, n, _ := strings.Cut(sum, "/")
		var count int64
		_, _ = fmt.Sscan(n, &count)
		same.rows += count
		same.unchanged += count
	}
	for id := range then {
		if _, ok := now[id]; !ok && !again[id] {
			changed = append(changed, id)
		}
	}
	return changed, same, nil
}
