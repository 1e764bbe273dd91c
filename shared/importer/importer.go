// Package importer copies the users of a Supabase project into Xenon's tables, and can verify, resume and undo it. This
// package is the entry point; docs/importer.md says which package below it does what.
//
// A run is planned once (Plan writes nothing), then copied in batches: ranges of user ids. The source is only ever
// read.
package importer

import (
	"context"
	"io"

	"github.com/xenon-auth/xenon/shared/importer/copy"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/rollback"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/verify"
)

// Errors that a caller tells apart. Each is wrapped with what happened.
var (
	// ErrRefused says that the run may not start or go on as asked; the text says what a person has to decide or correct.
	ErrRefused = run.ErrRefused
	// ErrHeld says that another process works on the same run; the text says which one and until when.
	ErrHeld = run.ErrHeld
	// ErrUnavailable says that a database did not answer for longer than the retries last. Running again goes on.
	ErrUnavailable = run.ErrUnavailable
	// ErrNoRun says that the target knows no run of this name.
	ErrNoRun = run.ErrNoRun
)

// ErrorText is an error without what Postgres quotes from a row, for places that keep it.
func ErrorText(err error) string { return run.ErrorText(err) }

// CheckURL says why a database URL cannot be used for an import; nil when it can. Its text holds no password.
func CheckURL(url string) error { return run.CheckURL(url) }

// What an import takes and gives.
type (
	// Options are the choices of a run.
	Options = mapping.Options
	// Event tells of progress.
	Event = run.Event
	// Plan is what a run would do.
	Plan = run.Plan
	// Status is where a run stands.
	Status = run.Status
	// VerifyResult compares the source with the target.
	VerifyResult = verify.Result
	// RollbackOptions are the choices of a rollback.
	RollbackOptions = rollback.Options
	// RollbackResult is what a rollback did.
	RollbackResult = rollback.Result
)

// Import works on one pair of databases. Its fields are those of run.Env.
type Import run.Env

// Env is what the packages below work with.
func (m *Import) Env() *run.Env { return (*run.Env)(m) }

// Plan says what a run with these options would do. It writes nothing anywhere.
func (m *Import) Plan(ctx context.Context, o Options) (Plan, error) {
	return run.MakePlan(ctx, m.Env(), o)
}

// Begin opens a pass: it plans a run that is new, goes on with one that was interrupted, and starts the next pass of
// one that is complete. It takes the lease. quick limits a later pass to batches in which a row has a time after the
// watermark.
func (m *Import) Begin(ctx context.Context, o Options, quick bool) (Status, error) {
	return run.Begin(ctx, m.Env(), o, quick)
}

// Run begins a pass, copies every open batch, so many at a time (0 is 2), and closes the pass.
func (m *Import) Run(ctx context.Context, o Options, quick bool, concurrency int) (Status, error) {
	return copy.Run(ctx, m.Env(), o, quick, concurrency)
}

// Status reads where a run stands. ErrNoRun when there is none.
func (m *Import) Status(ctx context.Context, name string) (Status, error) {
	return run.ReadStatus(ctx, m.Env(), name)
}

// Verify compares everything copied with the source, so many batches at a time (0 is 2), and stores the result with the
// run. It changes no row of either side.
func (m *Import) Verify(ctx context.Context, name string, concurrency int) (VerifyResult, error) {
	return verify.Run(ctx, m.Env(), name, concurrency)
}

// Rollback removes what the run copied and nothing has changed since: see rollback.Run.
func (m *Import) Rollback(ctx context.Context, name string, o RollbackOptions) (RollbackResult, error) {
	return rollback.Run(ctx, m.Env(), name, o)
}

// ReturnToSource writes SQL that carries passwords and emails changed in the target back into Supabase: see
// rollback.ReturnToSource.
func (m *Import) ReturnToSource(ctx context.Context, name string, w io.Writer) (covered, not int, err error) {
	return rollback.ReturnToSource(ctx, m.Env(), name, w)
}

// Finalize ends a run for good: see rollback.Finalize.
func (m *Import) Finalize(ctx context.Context, name string) error {
	return rollback.Finalize(ctx, m.Env(), name)
}
