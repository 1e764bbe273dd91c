package verify

import (
	"context"
	"math/big"
	"slices"

	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/sessions"
)

// sessionTable is the name of the sessions of Supabase in a result. A row is a session with its digests.
const sessionTable = "supabaseSession"

// compareSessions compares the sessions of a batch and adds them to the result: first their sums, and if these differ,
// each session. Sessions change all the time in a source that is in use. So those that changed there since the run read
// them are counted, and are no differences.
func compareSessions(ctx context.Context, w *run.Worker, b run.Batch, result *run.BatchResult) error {
	var c sessionComparison
	var sums sessions.Sums
	err := w.Retry(ctx, func(ctx context.Context) (err error) {
		c = sessionComparison{limit: maxListedDifferencesInBatch - len(result.Listed)}
		if sums, err = sessions.CompareSums(ctx, w, b); err != nil {
			return err
		}
		if sums.AreEqual() {
			return w.Pass.SaveChangedSessions(ctx, w.Dst, b, 0)
		}
		if err := sessions.Compare(ctx, w, b, c.add); err != nil {
			return err
		}
		return w.Pass.SaveChangedSessions(ctx, w.Dst, b, c.changed)
	})
	if err != nil {
		return err
	}
	if sums.AreEqual() {
		n, sum := sums.Rows()
		result.Sums[sessionTable] = run.Checksum{SourceRows: n, SourceSum: sum, TargetRows: n, TargetSum: sum}
		return nil
	}
	result.Sums[sessionTable] = run.Checksum{
		SourceRows: c.wanted.rows, SourceSum: c.wanted.sum.String(),
		TargetRows: c.stored.rows, TargetSum: c.stored.sum.String(),
	}
	result.Different += c.different
	result.Listed = append(result.Listed, c.listed...)
	return nil
}

type sessionComparison struct {
	wanted, stored     sessionSum
	changed, different int64
	listed             []run.Difference
	limit              int // maximum number of listed differences
}

type sessionSum struct {
	rows int64
	sum  big.Int
}

func (s *sessionSum) add(hash *int64) {
	if hash != nil {
		s.rows++
		s.sum.Add(&s.sum, big.NewInt(*hash))
	}
}

// add adds a session to the comparison.
func (c *sessionComparison) add(s sessions.Compared) error {
	if s.HasSourceChanged {
		c.changed++
		return nil
	}
	c.wanted.add(s.Wanted)
	c.stored.add(s.Stored)
	if areEqual(s.Wanted, s.Stored) {
		return nil
	}
	c.different++
	if len(c.listed) >= c.limit {
		return nil
	}
	d := run.Difference{Table: sessionTable, ID: s.ID, Kind: "different", Columns: []string{}}
	switch {
	case s.Stored == nil:
		d.Kind = "missing"
	case s.Wanted == nil:
		d.Kind = "extra"
	case len(s.Columns) > 0:
		d.Columns = slices.Clone(s.Columns)
	default:
		d.Columns = []string{"digest"}
	}
	if s.Written != nil && !areEqual(s.Written, s.Stored) || s.Written == nil && s.Wanted == nil {
		d.Why = whyTargetChanged
	}
	c.listed = append(c.listed, d)
	return nil
}

func areEqual(a, b *int64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }
