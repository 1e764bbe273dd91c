package sessions

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/big"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// Sums compares the sessions of a batch by numbers and sums, without the stage. If they are equal, the source has the
// sessions of the last pass, and the target the rows that these need. If they differ, the sessions have to be compared
// one by one.
type Sums struct {
	source run.SessionSums // what the target should have, by the sessions of the source
	target run.SessionSums // the target and its ledger
	total  int64           // sessions of the source, counted by a query of its own
	stale  int64           // ledger entries that another pass would change
}

// AreEqual reports whether no session differs.
func (s Sums) AreEqual() bool { return s.source == s.target }

// Rows returns the number and the sum of the hashes of the rows that the target has, if the sums are equal.
func (s Sums) Rows() (n int64, sum string) { return s.target.Rows, s.target.RowSum }

// isCurrent reports whether another pass would change nothing.
func (s Sums) isCurrent() bool { return s.AreEqual() && s.stale == 0 }

// CompareSums compares the sessions of a batch by their sums. It writes nothing.
func CompareSums(ctx context.Context, w *run.Worker, b run.Batch) (s Sums, err error) {
	defer closeAfter(w, &err)
	if err := w.Pass.CheckSessionKey(ctx, w.Env, w.Dst); err != nil {
		return s, err
	}
	return compareSums(ctx, w, b)
}

func compareSums(ctx context.Context, w *run.Worker, b run.Batch) (s Sums, err error) {
	state, err := w.Pass.ReadSessionState(ctx, w.Dst, b.Scope)
	if err != nil || state.Sessions == 0 {
		return Sums{target: state.SessionSums, stale: -1}, err
	}
	s.target, s.stale = state.SessionSums, state.Stale
	isExcluded := make(map[[16]byte]bool, len(state.Excluded))
	for _, id := range state.Excluded {
		isExcluded[id] = true
	}
	if err := run.Exec(ctx, w.Src, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); err != nil {
		return s, fmt.Errorf("begin at the source: %w", err)
	}
	if err := w.Src.QueryRow(ctx, b.SessionCount()).Scan(&s.total); err != nil {
		return s, fmt.Errorf("count the sessions: %w", err)
	}
	if s.source, err = sumSource(ctx, w, b, isExcluded); err != nil {
		return s, fmt.Errorf("add up the sessions of the source: %w", err)
	}
	return s, run.Wrap("commit at the source", run.Exec(ctx, w.Src, "COMMIT"))
}

// sumSource adds up the sessions of the source. isExcluded has the ids of those for which the target should not have
// the row of the source.
func sumSource(ctx context.Context, w *run.Worker, b run.Batch, isExcluded map[[16]byte]bool) (run.SessionSums, error) {
	rows, err := w.Src.Query(ctx, w.Pass.Sessions(b.Scope))
	if err != nil {
		return run.SessionSums{}, err
	}
	defer rows.Close()
	var n, wanted int64
	var ids, expected, sum big.Int
	for t := newTokens(w); rows.Next(); n++ {
		s, err := t.read(rows)
		if err != nil {
			return run.SessionSums{}, err
		}
		ids.Add(&ids, big.NewInt(int64(binary.BigEndian.Uint64(s.ID[8:])))) //nolint:gosec // G115: only its bits matter
		expected.Add(&expected, big.NewInt(s.expected))
		if s.isWanted && !isExcluded[s.ID] {
			wanted++
			sum.Add(&sum, big.NewInt(s.wanted))
		}
	}
	return run.SessionSums{
		Sessions: n, IDSum: ids.String(), ExpectedSum: expected.String(), Rows: wanted, RowSum: sum.String(),
	}, rows.Err()
}

func newTokens(w *run.Worker) tokens {
	return tokens{key: w.Env.SessionKey(), encryption: w.Env.EncryptionKeys}
}
