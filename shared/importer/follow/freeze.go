package follow

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/tables"
	"github.com/xenon-auth/xenon/shared/importer/verify"
)

// Freeze is the result of CheckFreeze.
type Freeze struct {
	// IsFrozen is true if the last poll found nothing but sign-ins, no transaction with other changes is open, and source
	// and target are equal.
	IsFrozen bool          `json:"frozen"`
	Polls    []Poll        `json:"polls"`
	Open     []run.Writer  `json:"openTransactions"` // they were open when the check began and have not ended
	Verified verify.Result `json:"verification"`     // zero if the polls found changes
	// Finish and Tables are the tables without a primary key that were copied, and the moved tables that were verified,
	// with Options.Tables.
	Finish  *tables.Changes    `json:"finish,omitempty"`
	Tables  []tables.TableSums `json:"tables,omitempty"`
	Seconds float64            `json:"seconds"`
}

// WhyNot returns the reason why the source is not frozen, as a part of a sentence.
func (f Freeze) WhyNot() string {
	switch {
	case f.IsFrozen:
		return ""
	case len(f.Open) > 0:
		return "a transaction that has written to " + f.Open[0].Table + " is open at the source: " + f.Open[0].Name
	case len(f.Polls) > 0 && len(f.Polls[len(f.Polls)-1].Failed) > 0:
		return "changes could not be copied: " + f.Polls[len(f.Polls)-1].Failed[0]
	case f.Verified.At.IsZero() && len(f.Polls) > 0 && !f.Polls[len(f.Polls)-1].areTablesIdle():
		return "rows of moved tables still change at the source"
	case f.Verified.At.IsZero():
		return "users still change at the source"
	case f.Finish != nil && len(f.Finish.Failed) > 0:
		return "a table could not be copied: " + f.Finish.Failed[0]
	}
	for _, t := range f.Tables {
		if !t.Equal {
			return "source and target differ in " + t.Name
		}
	}
	return f.Verified.WhyNotEqual()
}

const (
	maxFreezePolls     = 3
	defaultWriterLimit = 30 * time.Second
	writerPause        = 100 * time.Millisecond // between two looks for open transactions
)

// CheckFreeze checks that nothing but sign-ins changes at the source any more and that the target has everything. The
// caller has closed the source for other changes before. It waits for transactions that were open then, polls until a
// poll finds no change, three times at most, and verifies the batches that were copied since they were last verified.
// With Options.Tables it also copies the tables without a primary key that changed, and verifies the changed tables.
func CheckFreeze(ctx context.Context, env *run.Env, o Options) (Freeze, error) {
	o.WriterLimit = cmp.Or(o.WriterLimit, defaultWriterLimit)
	f := newFollower(env, o)
	defer env.ReleaseLease(ctx)
	began := env.Now()
	result := Freeze{Polls: []Poll{}, Open: []run.Writer{}}
	err := f.checkFreeze(ctx, &result)
	result.Seconds = env.Now().Sub(began).Seconds()
	return result, err
}

func (f *follower) checkFreeze(ctx context.Context, result *Freeze) (err error) {
	first, err := f.poll(ctx, true) // the bulk of the changes, before the wait for transactions
	if err != nil {
		return err
	}
	f.report(&first)
	result.Polls = append(result.Polls, first)
	if result.Open, err = f.waitForWriters(ctx); err != nil || len(result.Open) > 0 {
		return err
	}
	for len(result.Polls) <= maxFreezePolls {
		poll, err := f.poll(ctx, true)
		if err != nil {
			return err
		}
		f.report(&poll)
		result.Polls = append(result.Polls, poll)
		if poll.isIdle() {
			return f.verifyFreeze(ctx, result)
		}
	}
	return nil
}

// verifyFreeze finishes the moved tables, and compares what was copied since the last verification.
func (f *follower) verifyFreeze(ctx context.Context, result *Freeze) (err error) {
	if f.tables != nil {
		finish, err := f.tables.Finish(ctx)
		if err != nil {
			return err
		}
		result.Finish = &finish
		if result.Tables, err = f.tables.VerifyChanged(ctx); err != nil {
			return err
		}
	}
	if result.Verified, err = verify.Changed(ctx, f.env, f.name, f.options.Workers); err != nil {
		return err
	}
	isOther := func(t tables.TableSums) bool { return !t.Equal }
	result.IsFrozen = (result.Verified.Equal || result.Verified.HasOnlySignIns()) &&
		!slices.ContainsFunc(result.Tables, isOther) && (result.Finish == nil || len(result.Finish.Failed) == 0)
	return nil
}

// waitForWriters waits until the transactions that are open now and have written have ended, and returns those that
// have not.
func (f *follower) waitForWriters(ctx context.Context) ([]run.Writer, error) {
	pass, err := f.join(ctx)
	if err != nil {
		return nil, err
	}
	var others []string
	if f.tables != nil {
		others = f.tables.Names()
	}
	left, err := pass.ReadWriters(ctx, f.env, others)
	for until := f.env.Now().Add(f.options.WriterLimit); err == nil && len(left) > 0 && f.env.Now().Before(until); {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(writerPause):
		}
		var open []run.Writer
		open, err = pass.ReadWriters(ctx, f.env, others)
		left = slices.DeleteFunc(left, func(w run.Writer) bool {
			isSame := func(o run.Writer) bool { return o.Transaction == w.Transaction }
			return !slices.ContainsFunc(open, isSame)
		})
	}
	return left, err
}
