package copy

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// ChangeCounts are the results of Changes.
type ChangeCounts struct {
	Written int64 // rows of the target that were written or removed
	Changed int64 // users who changed in more than the columns of bookkeeping
	// Sessions are the sessions in the source of the users who were looked at. They are copied each time.
	Sessions int64
	// Failed has a text for each batch that could not be copied, for instance because a statement timed out. No text has
	// personal data.
	Failed []string
}

// Changes copies users again that changed after the end of a pass, and removes those that were deleted in the source.
// It does not begin a pass: the caller has the lease of a complete run. workers is the number of batches at a time.
func Changes(
	ctx context.Context, env *run.Env, p *run.Pass, all []run.Change, workers int,
) (c ChangeCounts, err error) {
	p.HasForeignAccounts = true // there can be new ones since the pass began
	users, batches := map[int][]string{}, make([]run.Batch, len(all))
	for i, change := range all {
		batches[i], users[change.Batch.Number] = change.Batch, change.Users
	}
	var mu sync.Mutex
	copyOne := func(ctx context.Context, w *run.Worker, b run.Batch) error {
		counts, sessions, err := (&worker{Worker: w, countsChanges: true}).copyChanged(ctx, b, users[b.Number])
		mu.Lock()
		defer mu.Unlock()
		if err != nil && run.CauseOf(err) == run.BadRow && ctx.Err() == nil {
			c.Failed = append(c.Failed, fmt.Sprintf("batch %d: %s", b.Number, run.WithoutDetail(err)))
			return nil
		}
		c.Written, c.Changed, c.Sessions = c.Written+counts.written, c.Changed+counts.changed, c.Sessions+sessions
		return err
	}
	if workers <= 0 {
		workers = defaultWorkers
	}
	err = run.ForEachBatch(ctx, env, p, batches, workers, setUpSQL(p), copyOne)
	return c, err
}

// copyChanged copies the users of a batch whose fingerprints changed, and with sessions those of all ids. ids are the
// users to look at, nil for all. If the connection breaks after a commit that did not wait for the disk, it copies
// again: see copyAndMarkDone.
func (w *worker) copyChanged(
	ctx context.Context, b run.Batch, ids []string,
) (counts rowCounts, sessions int64, err error) {
	for range run.Tries {
		w.commitConn = nil
		again, err := w.copyListed(ctx, b, ids)
		counts = counts.plus(again)
		if err == nil && w.Pass.Options.Sessions {
			listed := b
			listed.IDs = ids
			sessions, err = w.copySessions(ctx, listed)
		}
		if err != nil || w.commitConn == nil {
			return counts, sessions, err
		}
		isKept := false
		err = w.Retry(ctx, func(ctx context.Context) error {
			if isKept = w.commitConn == w.Dst; !isKept {
				return nil
			}
			return w.Pass.MarkChanged(ctx, w.Env, w.Dst, b)
		})
		if err != nil || isKept {
			return counts, sessions, err
		}
	}
	return counts, sessions, run.Unavailable(errConnectionBreaks)
}

// copyListed copies those of the users whose fingerprints changed.
func (w *worker) copyListed(ctx context.Context, b run.Batch, ids []string) (counts rowCounts, err error) {
	s := b.Scope
	s.IDs = ids
	err = w.Retry(ctx, func(ctx context.Context) (err error) {
		s.IDs, _, err = w.listChangedUsers(ctx, mapping.Scope{Low: b.Low, High: b.High, IDs: ids})
		return err
	})
	if err != nil || len(s.IDs) == 0 {
		return counts, err
	}
	return w.copyScope(ctx, b, s)
}

// bookkeeping is an SQL array of the columns that sign-ins, token refreshes and requests for a second factor write in
// the source.
const bookkeeping = `'{last_sign_in_at,updated_at,confirmed_at,last_challenged_at,last_used_at,sign_count}'::text[]`

// countChangedUsersSQL returns SQL that counts the staged users with a change that is more than bookkeeping: a new or
// deleted row, or a row that differs from that of the ledger, the target or the quarantine in another column.
func countChangedUsersSQL(p *run.Pass, s mapping.Scope) string {
	changed, rows := "", p.TargetRows()
	for _, t := range append([]mapping.TargetRow{rows[0], rows[2]}, rows[4:]...) { // user, identity, second factor
		changed += changedRowsSQL(p, s, t) + "\nUNION ALL\n"
	}
	return fmt.Sprintf(`SELECT count(DISTINCT user_id) FROM (
%sSELECT s.user_id
FROM stage_profile s
LEFT JOIN %s ON l.key = s.key
WHERE s.raw IS DISTINCT FROM l.raw
UNION ALL
SELECT s.user_id
FROM stage_other s
LEFT JOIN %s ON l.key = s.key
WHERE s.raw IS DISTINCT FROM l.raw AND (l.raw IS NULL OR s.raw IS NULL OR NOT %s)
) c`,
		changed,
		run.Entries(p.ID, s, "l", mapping.Profile), run.Entries(p.ID, s, "l", mapping.Factor, mapping.Passkey),
		isInQuarantine(p.ID, "s.source::supabase_import.source"))
}

// changedRowsSQL returns SQL for the users of the staged rows of a kind that changed in more than bookkeeping.
func changedRowsSQL(p *run.Pass, s mapping.Scope, t mapping.TargetRow) string {
	return fmt.Sprintf(`SELECT s.user_id
FROM %[1]s s
LEFT JOIN %[2]s ON l.key = s.key
LEFT JOIN (SELECT * FROM %[3]s AND %[4]s) e ON %[5]s = s.key
WHERE s.raw IS DISTINCT FROM l.raw
  AND (l.raw IS NULL OR s.raw IS NULL OR s.action IN ('new', 'remove', 'taken')
    OR s.action = 'update' AND %[6]s IS DISTINCT FROM %[7]s
    OR CASE WHEN s.reason IS NULL
      THEN s.residue::jsonb - %[8]s IS DISTINCT FROM l.residue::jsonb - %[8]s
      ELSE NOT %[9]s END)`,
		t.Stage, run.Entries(p.ID, s, "l", t.Kind), t.From, s.Contains(t.Owner), t.Key,
		rowWithoutTimes("s", t.Columns), rowWithoutTimes("e", t.Columns), bookkeeping,
		isInQuarantine(p.ID, "'"+string(t.Kind)+"'"))
}

// rowWithoutTimes returns an SQL expression for the columns of a row as text, without the times of sign-ins. A user or
// an identity without a time of creation has the earliest other time, so that column is left out, too.
func rowWithoutTimes(alias string, columns []string) string {
	var list []string
	for _, c := range columns {
		if c != `"createdAt"` && c != `"updatedAt"` && c != `"lastSignInAt"` {
			list = append(list, mapping.WithTimeZone(alias+"."+c)+"::text")
		}
	}
	return "row(" + strings.Join(list, ", ") + ")"
}

// isInQuarantine returns an SQL condition: the quarantine has the staged row s for the same reason, and the two rows
// differ in nothing but bookkeeping. kind is an SQL expression.
func isInQuarantine(id int, kind string) string {
	return fmt.Sprintf(`EXISTS (
      SELECT FROM supabase_import.quarantine q
      WHERE q.run = %d AND q.user_id = s.user_id AND q.source = %s AND q.key = s.key AND q.field = ''
        AND q.reason = s.reason AND q.original - %[3]s = s.original - %[3]s)`, id, kind, bookkeeping)
}
