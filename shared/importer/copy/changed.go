package copy

import (
	"context"
	"fmt"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// countUnchanged compares the number and the sum of all fingerprints of a scope in the source and in the ledger, which
// both servers compute at the same time. If they are equal, no user has changed, and n is the number of rows. isSame is
// also false if a row is deleted in the source and kept in the target: listChangedUsers lists such users.
func (w *worker) countUnchanged(ctx context.Context, s mapping.Scope) (n int64, isSame bool, err error) {
	var current, recorded map[string]run.Sum
	var kept []string
	err = run.RunBoth(ctx,
		func(ctx context.Context) (err error) {
			current, err = run.QuerySums(ctx, w.Src, "SELECT '', count(*), "+mapping.FingerprintSum+"\nFROM ("+
				w.Pass.Fingerprints(s)+") f")
			return run.Wrap("sum of the fingerprints of the source", err)
		},
		func(ctx context.Context) (err error) {
			if recorded, err = run.QuerySums(ctx, w.Dst, w.Pass.LedgerFingerprintSum(s)); err != nil {
				return fmt.Errorf("sum of the fingerprints of the ledger: %w", err)
			}
			kept, err = run.QueryTexts(ctx, w.Dst, w.Pass.UsersKeptInTarget(s))
			return run.Wrap("list users whose rows are kept but deleted in the source", err)
		})
	return current[""].Rows, err == nil && len(kept) == 0 && current[""] == recorded[""], err
}

// listChangedUsers lists the users whose fingerprints in the source and in the ledger differ. It also lists users with
// a row that is deleted in the source and kept in the target, because the target may allow the deletion now. same
// counts the rows of the users that are not listed.
func (w *worker) listChangedUsers(ctx context.Context, s mapping.Scope) (ids []string, same rowCounts, err error) {
	current, err := run.QuerySums(ctx, w.Src, `SELECT user_id::text, count(*), `+mapping.FingerprintSum+`
FROM (`+w.Pass.Fingerprints(s)+`) f
GROUP BY user_id`)
	if err != nil {
		return nil, same, fmt.Errorf("fingerprints of the source: %w", err)
	}
	recorded, err := run.QuerySums(ctx, w.Dst, w.Pass.LedgerFingerprints(s))
	if err != nil {
		return nil, same, fmt.Errorf("fingerprints of the ledger: %w", err)
	}
	ids, err = run.QueryTexts(ctx, w.Dst, w.Pass.UsersKeptInTarget(s))
	if err != nil {
		return nil, same, fmt.Errorf("list users whose rows are kept but deleted in the source: %w", err)
	}
	isListed := map[string]bool{}
	for _, id := range ids {
		isListed[id] = true
	}
	for id, f := range current {
		switch {
		case isListed[id]:
		case recorded[id] != f:
			ids = append(ids, id)
		default:
			same.rows += f.Rows
			same.unchanged += f.Rows
		}
	}
	for id := range recorded {
		if _, ok := current[id]; !ok && !isListed[id] {
			ids = append(ids, id)
		}
	}
	return ids, same, nil
}
