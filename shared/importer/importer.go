// Package importer copies the users of a Supabase project into Xenon's tables. It can also verify, continue and roll
// back a run. This package is the entry point; docs/importer.md describes the packages below it.
//
// A run is planned when it begins, and then copied in batches, which are ranges of user ids. An import never writes to
// the source.
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

// Errors that a caller can check with errors.Is. Each is wrapped with a description.
var (
	// ErrRefused means that the run cannot start or continue with these options or databases. The text tells the operator
	// what to decide or correct.
	ErrRefused = run.ErrRefused
	// ErrHeld means that another process works on the same run. If this process could not take the lease, the text names
	// the other process and the end of its lease.
	ErrHeld = run.ErrHeld
	// ErrUnavailable means that all attempts to use a database failed. Another call continues the run.
	ErrUnavailable = run.ErrUnavailable
	// ErrNoRun means that the target has no run with this name.
	ErrNoRun = run.ErrNoRun
)

// ErrorText returns the text of an error without the values of rows that Postgres quotes. Use it where the text is
// stored.
func ErrorText(err error) string { return run.ErrorText(err) }

// CheckURL returns the reason why a database URL cannot be used for an import, or nil. The text has no password.
func CheckURL(url string) error { return run.CheckURL(url) }

// Inputs and results of an import.
type (
	// Options are the choices of a run.
	Options = mapping.Options
	// Event reports progress.
	Event = run.Event
	// Plan describes what a run would do.
	Plan = run.Plan
	// SourceFile describes the file that an import reads instead of a database.
	SourceFile = run.SourceFile
	// Status is the current state of a run.
	Status = run.Status
	// VerifyResult is the result of the comparison of source and target.
	VerifyResult = verify.Result
	// RollbackOptions are the choices of a rollback.
	RollbackOptions = rollback.Options
	// RollbackResult describes what a rollback did.
	RollbackResult = rollback.Result
)

// Import imports from one source into one target. Its fields are those of run.Env.
type Import run.Env

// Env returns the import as the type that the packages below use.
func (m *Import) Env() *run.Env { return (*run.Env)(m) }

// Plan returns what a run with these options would do. It writes to neither database.
func (m *Import) Plan(ctx context.Context, o Options) (Plan, error) {
	return run.MakePlan(ctx, m.Env(), o)
}

// Begin takes the lease and opens a pass: it plans a new run, continues an interrupted pass, or starts the next pass of
// a complete run. If quick is true, a later pass skips the batches that are already copied and have no source row
// whose created_at or updated_at is after the watermark of the pass before (its start minus ten minutes).
func (m *Import) Begin(ctx context.Context, o Options, quick bool) (Status, error) {
	return run.Begin(ctx, m.Env(), o, quick)
}

// Run begins a pass, copies all open batches, and closes the pass. concurrency is the number of batches that it copies
// at the same time; 0 means 2.
func (m *Import) Run(ctx context.Context, o Options, quick bool, concurrency int) (Status, error) {
	return copy.Run(ctx, m.Env(), o, quick, concurrency)
}

// StoredPlan returns the plan of a run, or ErrNoRun if the target has no run with this name or rolled it back.
func (m *Import) StoredPlan(ctx context.Context, name string) (Plan, error) {
	return run.ReadPlan(ctx, m.Env(), name)
}

// Status returns the current state of a run, or ErrNoRun.
func (m *Import) Status(ctx context.Context, name string) (Status, error) {
	return run.ReadStatus(ctx, m.Env(), name)
}

// Verify compares all copied rows with the source and stores the result with the run. It changes no row of the source
// or of the copied tables. concurrency is the number of batches that it compares at the same time; 0 means 2.
func (m *Import) Verify(ctx context.Context, name string, concurrency int) (VerifyResult, error) {
	return verify.Run(ctx, m.Env(), name, concurrency)
}

// Rollback removes the rows that the run copied and that are unchanged since: see rollback.Run.
func (m *Import) Rollback(ctx context.Context, name string, o RollbackOptions) (RollbackResult, error) {
	return rollback.Run(ctx, m.Env(), name, o)
}

// ReturnToSource writes SQL that copies passwords and emails that changed in the target back to Supabase: see
// rollback.ReturnToSource.
func (m *Import) ReturnToSource(
	ctx context.Context, name string, w io.Writer,
) (users, unreadablePasswords int, err error) {
	return rollback.ReturnToSource(ctx, m.Env(), name, w)
}

// Finalize ends a run permanently: see rollback.Finalize.
func (m *Import) Finalize(ctx context.Context, name string) error {
	return rollback.Finalize(ctx, m.Env(), name)
}
