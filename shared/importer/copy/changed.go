package copy

import (
	"context"
	"fmt"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// changed compares fingerprints, user by user, and lists the users with a difference, as well as those of whom
// something is gone from the source and stays in the target: it may be possible to delete it by now. The other users
// are counted.
func (w *worker) changed(ctx context.Context, s mapping.Scope) (ids []string, same rowCounts, err error) {
	now, err := run.QuerySums(ctx, w.Src, `SELECT user_id::text, count(*), sum(raw)::text
FROM (`+w.Pass.Fingerprints(s)+`) f
GROUP BY user_id`)
	if err != nil {
		return nil, same, fmt.Errorf("fingerprints of the source: %w", err)
	}
	then, err := run.QuerySums(ctx, w.Dst, w.Pass.LedgerFingerprints(s))
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
			same.rows += f.Rows
			same.unchanged += f.Rows
		}
	}
	for id := range then {
		if _, ok := now[id]; !ok && !isListed[id] {
			ids = append(ids, id)
		}
	}
	return ids, same, nil
}
