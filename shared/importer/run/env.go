// Package run stores the state of an import: runs, passes, batches, the lease, rejections, the ledger and the
// quarantine. All SQL on the schema supabase_import is here. It also plans a run, and connects to both databases.
package run

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/importer/atrest"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// Env holds the data that every step of an import needs: the two databases, the holder of the lease, the clock and the
// progress function.
type Env struct {
	From, To string // database URLs; never printed
	// File describes the file whose rows the source has, if package dump has loaded it from a file; else nil.
	File   *SourceFile
	Schema string // schema of Xenon's tables in the target; "" means public
	// Holder names the holder of the lease in messages of other processes: "xenon migrate on host, pid 42", or the name of
	// an execution.
	Holder string
	// Shared lets several processes with the same Holder work on a run at the same time, as the functions of one execution
	// do.
	Shared bool
	// Secret returns the secrets of the deployment, BETTER_AUTH_SECRETS and BETTER_AUTH_SECRET, or zero Keys if none is
	// configured. Only a run that copies TOTP factors or sessions calls it. nil is like a function that returns zero Keys.
	Secret func(context.Context) (cipher.Keys, error)
	// EncryptionKeys are the keys of the database encryption of the source, which few projects use.
	EncryptionKeys atrest.Keys
	// PublicKeys returns the public keys of the project as a JWKS, or nil. Only a run that imports sessions calls it. nil
	// is like a function that returns nil.
	PublicKeys func(context.Context) ([]byte, error)
	// ProfileFields are the fields of the profile of a new run; nil means those of the shipped declaration.
	ProfileFields []mapping.ProfileField
	// ProfilesOff says that the deployment has no profile API. A new run then imports no profiles.
	ProfilesOff bool
	Progress    func(Event)      // called for every Event, by one goroutine at a time; nil reports nothing
	Now         func() time.Time // the clock of this process; the databases use their own clocks
	// Timeout is the time limit of one statement; 0 means five minutes. A connection attempt has the same limit, but at
	// most 30 seconds.
	Timeout time.Duration
	// RetryDelay is about the time that Retry waits before the second attempt; 0 means 200 ms. Each further wait is twice
	// as long, up to fifty times RetryDelay.
	RetryDelay time.Duration

	lease       *lease
	connections idleConnections
	sessionKey  []byte     // the key of the digests, after loadSessionKey
	reporting   sync.Mutex // locked while Progress runs
}

// Event is a report of progress. The import reports one for each batch that a copy, verification or rollback finishes
// or parks, and one each time that Retry waits for a database. The latter has only Action and Waiting.
type Event struct {
	Run         string        `json:"run"`
	Action      string        `json:"action"`           // "copy", "verify", "rollback", "wait", or one of package tables
	Table       string        `json:"table,omitempty"`  // of an action of package tables: the table or another object
	DryRun      bool          `json:"dryRun,omitempty"` // true for a dry run of a rollback
	Pass        int           `json:"pass"`
	Batch       int           `json:"batch"`     // number of the batch, from 0
	Batches     int           `json:"batches"`   // number of batches of the run
	Done        int           `json:"done"`      // batches done or parked so far, by all processes
	Rows        int64         `json:"rows"`      // source rows of this batch
	Copied      int64         `json:"copied"`    // target rows written or, in a rollback, removed
	Unchanged   int64         `json:"unchanged"` // copied before and still equal to the source
	Identical   int64         `json:"identical"` // written by another program and equal to the source
	Folded      int64         `json:"folded"`    // email and phone identities, which are part of the user
	Quarantined int64         `json:"quarantined"`
	Different   int64         `json:"different"` // verify: rows that differ
	Took        time.Duration `json:"took"`
	Parked      string        `json:"parked,omitempty"`  // why the batch was parked
	Waiting     string        `json:"waiting,omitempty"` // the error of the database and the delay; no personal data
}

// Report calls Progress with an event.
func (e *Env) Report(event Event) {
	if e.Progress != nil {
		e.reporting.Lock()
		defer e.reporting.Unlock()
		e.Progress(event)
	}
}

func (e *Env) timeout() time.Duration {
	if e.Timeout > 0 {
		return e.Timeout
	}
	return 5 * time.Minute
}

func (e *Env) retryDelay() time.Duration {
	if e.RetryDelay > 0 {
		return e.RetryDelay
	}
	return 200 * time.Millisecond
}

// WithTarget calls f with a connection to the target. If the connection breaks, it calls f again with a new connection.
func (e *Env) WithTarget(ctx context.Context, f func(ctx context.Context, dst *pgx.Conn) error) error {
	return e.Retry(ctx, func() error {
		dst, err := e.Target(ctx, "")
		if err != nil {
			return err
		}
		return e.useOnce(func() error { return f(ctx, dst) }, nil, dst)
	})
}

// WithBoth calls f with a connection to each database. If one of them breaks, it calls f again with two new
// connections.
func (e *Env) WithBoth(ctx context.Context, f func(ctx context.Context, src, dst *pgx.Conn) error) error {
	return e.Retry(ctx, func() error {
		src, err := e.Source(ctx)
		if err != nil {
			return err
		}
		dst, err := e.Target(ctx, "")
		if err != nil {
			Close(src)
			return err
		}
		return e.useOnce(func() error { return f(ctx, src, dst) }, src, dst)
	})
}

// useOnce calls f, which uses the connections, and then releases them, or closes them if f fails or panics. src can be
// nil.
func (e *Env) useOnce(f func() error, src, dst *pgx.Conn) error {
	succeeded := false
	defer func() {
		if !succeeded {
			Close(src)
			Close(dst)
		}
	}()
	if err := f(); err != nil {
		return err
	}
	succeeded = true
	if src != nil {
		e.release("source", src)
	}
	e.release("target", dst)
	return nil
}
