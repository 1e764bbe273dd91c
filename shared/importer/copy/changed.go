package copy

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// fingerprint is the sum of the fingerprints of a user's rows, and their number.
type fingerprint struct {
	sum  string
	rows int64
}

// changed compares fingerprints, user by user, and lists the users with a difference, as well as those of whom
// something is gone from the source and stays in the target: it may be possible to delete it by now. The other users
// are counted.
func (w *worker) changed(ctx context.Context, s mapping.Scope) (ids []string, same rowCounts, err error) {
	now, err := queryFingerprints(ctx, w.Src, `SELECT user_id::text, sum(raw)::text, count(*)
FROM (`+w.Pass.Fingerprints(s)+`) f
GROUP BY user_id`)
	if err != nil {
		return nil, same, fmt.Errorf("fingerprints of the source: %w", err)
	}
	then, err := queryFingerprints(ctx, w.Dst, w.Pass.LedgerFingerprints(s))
	if err != nil {
		return nil, same, fmt.Errorf("fingerprints of the ledger: %w", err)
	}
	ids, err = run.QueryTexts(ctx, w.Dst, w.Pass.UsersKeptInTarget(s))
	if err != nil {
		return nil, same, fmt.Errorf("read who is gone from the source and stays: %w", err)
	}
	isListed := map[string]bool{}
	for _, id := range ids {
		isListed[id] = true
	}
	for id, f := range now {
		switch {
		case isListed[id]:
		case then[id] != f:
			ids = append(ids, id)
		default:
			same.rows += f.rows
			same.unchanged += f.rows
		}
	}
	for id := range then {
		if _, ok := now[id]; !ok && !isListed[id] {
			ids = append(ids, id)
		}
	}
	return ids, same, nil
}

func queryFingerprints(ctx context.Context, db *pgx.Conn, sql string) (map[string]fingerprint, error) {
	rows, err := db.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	all := map[string]fingerprint{}
	var id string
	var f fingerprint
	_, err = pgx.ForEachRow(rows, []any{&id, &f.sum, &f.rows}, func() error { all[id] = f; return nil })
	return all, err
}
