// Package follow copies the changes of the source after the first pass, until it is stopped. So the application can
// write until the cut-over, and stops for seconds only.
//
// A poll reads the rows that were written since the last one (mapping.WrittenSince), and copies their users with
// package copy, as a later pass does. It begins no pass. Every minute a poll also looks for deleted rows, by sums of
// ids. The target stores how far the polls are (run.Position), so that another process continues there. If package tables
// has moved the project's other tables, a poll can copy their changes, too (tables.Follower).
package follow

import (
	"context"
	"errors"
	"time"

	"github.com/xenon-auth/xenon/shared/importer/copy"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// Options are the choices of Run.
type Options struct {
	Mapping   mapping.Options
	Workers   int           // batches at the same time; 0 means 2
	Interval  time.Duration // the shortest time between two polls; 0 means five seconds
	UntilIdle bool          // end after a poll that finds no change but sign-ins
	Tables    bool          // also follow the project's other tables, which package tables has moved
	Report    func(Poll)    // called after each poll
	// WriterLimit is how long CheckFreeze waits for transactions that were open when it began; 0 means 30 seconds.
	WriterLimit time.Duration
}

const (
	defaultInterval = 5 * time.Second
	longestWait     = time.Minute
	deletionsEvery  = time.Minute
	// maxShareOfTime is how much of the time the polls may read the source: one part in maxShareOfTime.
	maxShareOfTime = 20
)

// Poll is the result of a poll.
type Poll struct {
	Number int `json:"poll"`
	// Lag is the age of the target: the time since the beginning of the last poll that copied all changes.
	Lag       time.Duration `json:"-"`
	Rows      int64         `json:"rows"`     // rows that were written since the poll before, or since an open transaction began
	Users     int64         `json:"users"`    // users who have these rows
	Changed   int64         `json:"changed"`  // users who changed in more than times of sign-ins
	Written   int64         `json:"written"`  // rows that the poll wrote to or removed from the target, without sessions
	Sessions  int64         `json:"sessions"` // sessions of the users, if the run imports sessions; all are copied
	Deletions bool          `json:"lookedForDeletions"`
	WholePass bool          `json:"wholePass"` // the poll was a pass over all users
	Failed    []string      `json:"failed"`    // batches that could not be copied; the next poll tries them again
	Error     string        `json:"error,omitempty"`
	// Tables are the changes of the moved tables, after those of the users; nil without Options.Tables.
	Tables *tables.Changes `json:"tables,omitempty"`
	Took   time.Duration   `json:"-"`
	// Freeze estimates how long writes at the source would have to stop now: for a poll, and for the verification of
	// Unverified.
	Freeze     time.Duration         `json:"-"`
	Unverified run.UnverifiedBatches `json:"unverified"`
	// The durations again, in seconds.
	LagSeconds    float64 `json:"lagSeconds"`
	Seconds       float64 `json:"seconds"`
	FreezeSeconds float64 `json:"freezeSeconds"`
}

// isIdle reports whether the poll looked for all changes and found none but sign-ins.
func (p Poll) isIdle() bool {
	return p.isClean() && p.Deletions && !p.WholePass && p.Changed == 0 && p.areTablesIdle()
}

func (p Poll) areTablesIdle() bool { return p.Tables == nil || p.Tables.IsIdle() }

// isClean reports whether the poll copied all changes.
func (p Poll) isClean() bool { return p.Error == "" && len(p.Failed) == 0 }

// Run follows the source until ctx is canceled, and then finishes the current poll. If the run has no position yet, it
// first copies all users in a pass; a pass ends with an error if ctx is canceled. If the run is not complete after a
// pass, Run returns its status and ErrIncomplete.
func Run(ctx context.Context, env *run.Env, o Options) (run.Status, error) {
	f := newFollower(env, o)
	f.finishesPolls = true
	defer env.ReleaseLease(ctx)
	for {
		poll, err := f.poll(ctx, o.UntilIdle)
		switch {
		case errors.Is(err, run.ErrUnavailable) && f.isFollowing():
			env.ReleaseLease(ctx) // nothing renews it after such an error
			poll.Error = run.ErrorText(err)
		case err != nil:
			return f.status, err
		}
		f.report(&poll)
		if o.UntilIdle && poll.isIdle() || !f.waits(ctx) {
			return f.status, nil
		}
	}
}

// ErrIncomplete means that batches of a pass are parked, so that the source cannot be followed. ErrNoPosition means
// that the source needs a pass first, for instance because it was restored.
var (
	ErrIncomplete = errors.New("the pass is not complete")
	ErrNoPosition = errors.New("the source was restored, or an older release copied the users")
)

// Once makes one poll of a complete run. It returns ErrNoPosition instead of beginning a pass, and keeps the lease.
func Once(ctx context.Context, env *run.Env, o Options) (Poll, error) {
	f := newFollower(env, o)
	f.onlyPolls = true
	p, err := f.poll(ctx, true)
	if err == nil {
		f.report(&p)
	}
	return p, err
}

// follower has the state of the polls of a process.
type follower struct {
	env     *run.Env
	options Options
	name    string
	number  int
	tables  *tables.Follower // with Options.Tables, after openTables
	status  run.Status       // after the last pass

	finishesPolls bool // finish a poll although the context is canceled
	onlyPolls     bool // return ErrNoPosition instead of beginning a pass

	cleanSince    time.Time     // beginning of the last poll that copied all changes
	lastDeletions time.Time     // when deletions were last looked for
	reading       time.Duration // how long the last poll read the source
	busiest       time.Duration // how long the longest poll of this process took that was not a pass
}

func newFollower(env *run.Env, o Options) *follower {
	f := &follower{env: env, options: o, name: o.Mapping.Run}
	if f.name == "" {
		f.name = mapping.DefaultRun
	}
	if f.options.Interval <= 0 {
		f.options.Interval = defaultInterval
	}
	return f
}

// poll makes a poll. With deletions it looks for deleted rows even if it did a short time ago.
func (f *follower) poll(ctx context.Context, deletions bool) (Poll, error) {
	f.number++
	p := Poll{Number: f.number, Failed: []string{}}
	began, work := f.env.Now(), ctx
	if f.finishesPolls {
		work = context.WithoutCancel(ctx)
	}
	if err := f.openTables(work); err != nil {
		return p, err
	}
	at, err := run.CurrentPosition(work, f.env)
	if err != nil {
		return p, err
	}
	since, exists, err := run.FindPosition(work, f.env, f.name, f.options.Mapping)
	if err != nil {
		return p, err
	}
	switch {
	case exists && since.IsBefore(at):
		err = f.copyChanges(work, &p, since, at, deletions)
	case f.onlyPolls:
		err = ErrNoPosition
	default:
		p.WholePass, p.Deletions = true, true
		err = f.wholePass(ctx)
	}
	if err == nil && f.tables != nil && p.isClean() {
		err = f.pollTables(work, &p)
	}
	if err != nil {
		return p, err
	}
	f.finish(&p, began)
	return p, nil
}

// openTables reads which tables are moved, the first time.
func (f *follower) openTables(ctx context.Context) (err error) {
	if f.options.Tables && f.tables == nil {
		f.tables, err = tables.NewFollower(ctx, f.env, f.name)
	}
	return err
}

// pollTables copies the changes of the moved tables. The users to whom their rows refer are copied before.
func (f *follower) pollTables(ctx context.Context, p *Poll) error {
	if _, err := f.env.TakeLease(ctx, f.name); err != nil { // a pass has released it
		return err
	}
	began := f.env.Now()
	changes, err := f.tables.Poll(ctx, p.Deletions)
	if err != nil {
		return err
	}
	f.reading += f.env.Now().Sub(began)
	p.Tables, p.Failed = &changes, append(p.Failed, changes.Failed...)
	return f.tables.EstimateFreeze(ctx, &changes)
}

// isFollowing reports whether an earlier poll of this process copied all changes.
func (f *follower) isFollowing() bool { return !f.cleanSince.IsZero() }

// wholePass copies all users that are not copied yet, or that changed. It stores its position itself.
func (f *follower) wholePass(ctx context.Context) (err error) {
	f.status, err = copy.Run(ctx, f.env, f.options.Mapping, false, f.options.Workers)
	if err == nil && f.status.State != run.Complete {
		err = ErrIncomplete
	}
	return err
}

// copyChanges copies the changes between two positions.
func (f *follower) copyChanges(ctx context.Context, p *Poll, since, at run.Position, deletions bool) error {
	pass, err := f.join(ctx)
	if err != nil {
		return err
	}
	isFirst := f.lastDeletions.IsZero()
	p.Deletions = deletions || isFirst || f.env.Now().Sub(f.lastDeletions) >= deletionsEvery
	began := f.env.Now()
	changes, err := pass.ReadChanges(ctx, f.env, since, p.Deletions, f.options.Mapping.AllowDeletions)
	if err != nil {
		return err
	}
	if isFirst || len(changes.Batches) > 0 || len(changes.Deleted) > 0 {
		users, err := pass.RefreshConflicts(ctx, f.env)
		if err != nil {
			return err
		}
		changes.AddUsers(users)
	}
	f.reading = f.env.Now().Sub(began)
	p.Rows, p.Users = changes.Rows, changes.Users
	if err := f.copyBatches(ctx, p, pass, changes.WithDeletions()); err != nil || !p.isClean() {
		return err
	}
	if p.Deletions {
		f.lastDeletions = began
	}
	return pass.SavePosition(ctx, f.env, at)
}

// join takes the lease and reads the pass. The first time it checks that the tables can be followed.
func (f *follower) join(ctx context.Context) (*run.Pass, error) {
	pass, err := run.Join(ctx, f.env, f.name)
	if err == nil && f.lastDeletions.IsZero() {
		err = pass.CheckFollowable(ctx, f.env, f.options.Mapping)
	}
	return pass, err
}

func (f *follower) copyBatches(ctx context.Context, p *Poll, pass *run.Pass, changes []run.Change) error {
	counts, err := copy.Changes(ctx, f.env, pass, changes, f.options.Workers)
	p.Written, p.Changed, p.Sessions = counts.Written, counts.Changed, counts.Sessions
	p.Failed = append(p.Failed, counts.Failed...)
	if err == nil {
		p.Unverified, err = pass.CountUnverified(ctx, f.env)
	}
	return err
}

// finish sets the times of a poll.
func (f *follower) finish(p *Poll, began time.Time) {
	p.Took = f.env.Now().Sub(began)
	if p.isClean() {
		f.cleanSince = began
	}
	if !p.WholePass {
		f.busiest = max(f.busiest, p.Took)
	}
}

// report sets the lag and the time of a freeze, and calls Report.
func (f *follower) report(p *Poll) {
	if !f.cleanSince.IsZero() {
		p.Lag = f.env.Now().Sub(f.cleanSince)
	}
	estimate := p.Unverified.Seconds
	if p.Tables != nil {
		estimate += p.Tables.FreezeSeconds
	}
	p.Freeze = f.busiest + time.Duration(estimate*float64(time.Second))
	p.LagSeconds, p.Seconds, p.FreezeSeconds = p.Lag.Seconds(), p.Took.Seconds(), p.Freeze.Seconds()
	if f.options.Report != nil {
		f.options.Report(*p)
	}
}

// waits waits until the next poll, longer if the polls read the source for long, unless they end soon (UntilIdle). It
// returns false if ctx is canceled.
func (f *follower) waits(ctx context.Context) bool {
	pause := f.options.Interval
	if !f.options.UntilIdle {
		pause = max(pause, min(longestWait, (maxShareOfTime-1)*f.reading))
	}
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
	return ctx.Err() == nil
}
