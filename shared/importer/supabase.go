// Package importer brings the users of a Supabase project into Xenon's tables, and can prove it, resume it and undo it.
//
// A run is planned once (Plan writes nothing), then copied in batches: ranges of user ids. A batch reads a user with all
// identities, factors and the profile in one snapshot of the source, mapped by SQL there (projection.go), streams them by
// COPY into temporary tables of the target, and one transaction there puts them where they belong, together with what the
// ledger says about every source row (apply.go). So a batch is wholly there or not at all, and doing it again changes
// nothing. The source is only ever read.
package importer

import (
	"errors"
	"sync"
	"time"
)

// Errors that a caller tells apart. Each is wrapped with what happened.
var (
	// ErrRefused says that the run may not start or go on as asked; the text says what a person has to decide or mend.
	ErrRefused = errors.New("refused")
	// ErrHeld says that another process is working on the same run; the text says who and until when.
	ErrHeld = errors.New("the run is held")
	// ErrUnavailable says that a database did not answer for longer than the retries last. Running again goes on.
	ErrUnavailable = errors.New("database unavailable")
	// ErrNoRun says that the target knows no run of this name.
	ErrNoRun = errors.New("no such run")
)

// Options are the choices of a run. They are stored with it when it begins and hold until it is finalized.
type Options struct {
	Run       string `json:"run,omitempty"`       // name of the run; "" is "supabase"
	BatchSize int    `json:"batchSize,omitempty"` // users in a batch, 1 to 50,000; 0 is 5,000
	// Unconfirmed says what becomes of the password of a user whose address Supabase never confirmed: "hold" (also "")
	// withholds it, a reset mail proves the address; "allow" imports it.
	Unconfirmed string `json:"unconfirmed,omitempty"`
	// MFA says what becomes of the password of a user with a verified second factor, which cannot be carried over: "hold"
	// withholds it, "allow" lets them in with the password alone. "" refuses to start when there are such users.
	MFA string `json:"mfa,omitempty"`
	// Profiles is the table of learner profiles, schema-qualified and as it is written, without quotes; "" is
	// "public.profiles", "none" is none. A run that has copied no profile yet may change it.
	Profiles string `json:"profiles,omitempty"`
	// Providers adds to or overrides the map from Supabase's provider names to Better Auth's, for instance
	// {"custom:acme": "acme"}. "azure": "oid" reads Microsoft accounts by their object id.
	Providers map[string]string `json:"providers,omitempty"`
	// ProfileValues maps values of a profile field to values that the target allows, for instance
	// {"age_range": {"35_44": "35_plus"}}. Without an entry a value that the target does not allow becomes NULL and is kept
	// in quarantine.
	ProfileValues map[string]map[string]string `json:"profileValues,omitempty"`
	// AllowDeletions lets a later pass run although more than half of the users are gone from the source. A pass always
	// removes users that are gone; without AllowDeletions it refuses to start if they are that many.
	AllowDeletions bool `json:"allowDeletions,omitempty"`
}

// Source names a kind of row in Supabase. Every row of these kinds is in the ledger of a finished pass.
type Source string

// The kinds of source rows.
const (
	User     Source = "user"     // auth.users
	Identity Source = "identity" // auth.identities
	Profile  Source = "profile"  // public.profiles
	Factor   Source = "factor"   // auth.mfa_factors
	Passkey  Source = "passkey"  // auth.webauthn_credentials
)

// Outcome is what became of a source row.
type Outcome string

// The outcomes.
const (
	Copied      Outcome = "copied"      // this run wrote it
	Identical   Outcome = "identical"   // it was there already, written by somebody else, and is the same
	Folded      Outcome = "folded"      // an e-mail or phone identity: its facts are in the user and the residue
	Quarantined Outcome = "quarantined" // kept whole in the quarantine, with the reason
	Kept        Outcome = "kept"        // copied earlier, then changed or removed in the target, or gone from the source while rows of other tables refer to it: left alone
	Deleted     Outcome = "deleted"     // gone from the source since; removed from the target where untouched
)

// Counts are numbers of source rows by kind and outcome.
type Counts map[Source]map[Outcome]int64

// Reasons are numbers of quarantine entries by "table.field reason" or "table reason".
type Reasons map[string]int64

// Plan is what a run would do. It holds no personal data.
type Plan struct {
	Run     string    `json:"run"`
	At      time.Time `json:"at"` // the source's clock
	Options Options   `json:"options"`
	Source  Side      `json:"source"`
	Target  Side      `json:"target"`

	Expected Counts           `json:"expected"` // outcomes, as far as the source alone decides them
	Reasons  Reasons          `json:"reasons"`  // expected quarantine entries
	Hashes   map[string]int64 `json:"hashes"`   // passwords by format
	// Collisions are users that cannot have the address or number they have in Supabase: "email_conflict",
	// "phone_conflict", "account_conflict" within the source, "target_email_taken" and "target_id_taken" against the target.
	Collisions map[string]int64 `json:"collisions"`
	Batches    int              `json:"batches"`
	// ProfileColumns says where the columns of the profile table go.
	ProfileColumns ProfileColumns `json:"profileColumns"`
	// Referring are foreign keys of other tables of the target that lead to users, directly or over further tables.
	Referring  []Referring      `json:"referring"`
	NotCarried map[string]int64 `json:"notCarried"` // sessions, tokens and the like: rows counted, never copied
	NotChecked []string         `json:"notChecked"` // tables that are absent or may not be read, with why
	Warnings   []string         `json:"warnings"`
	Refusals   []string         `json:"refusals"` // why the run may not start; empty when it may
}

// Referring is a foreign key of a table that the import does not write.
type Referring struct {
	Table    string   `json:"table"`
	Columns  []string `json:"columns"`
	To       string   `json:"to"`       // the referenced table
	OnDelete string   `json:"onDelete"` // what happens to the row when the referenced one is deleted: "delete", "change" or "hold"
}

// Side describes one of the two databases.
type Side struct {
	Server  string           `json:"server"`  // server_version
	Rows    map[string]int64 `json:"rows"`    // by table
	Columns string           `json:"columns"` // digest of the catalog of all tables used; a run refuses to go on when it changes
}

// Event tells of progress: one after every batch of whatever is going on, and one for every time that something waits
// for a database, of which only Action and Waiting are set.
type Event struct {
	Run         string        `json:"run"`
	Action      string        `json:"action"`           // "copy", "verify", "rollback" or "wait"
	DryRun      bool          `json:"dryRun,omitempty"` // of a rollback that only counts
	Pass        int           `json:"pass"`
	Batch       int           `json:"batch"`     // number of the batch, from 0
	Batches     int           `json:"batches"`   // of the run
	Done        int           `json:"done"`      // batches done in this pass, by everybody
	Rows        int64         `json:"rows"`      // source rows looked at in this batch
	Copied      int64         `json:"copied"`    // target rows written or, in a rollback, removed
	Unchanged   int64         `json:"unchanged"` // copied before, and still as they should be
	Identical   int64         `json:"identical"` // written by another program, and the same
	Folded      int64         `json:"folded"`    // e-mail and phone identities, which are part of the user
	Quarantined int64         `json:"quarantined"`
	Different   int64         `json:"different"` // verify: rows that differ
	Took        time.Duration `json:"took"`
	Parked      string        `json:"parked,omitempty"`  // why the batch was put aside
	Waiting     string        `json:"waiting,omitempty"` // what is waited for and how long; no personal data
}

// Status is where a run stands.
type Status struct {
	Run        string    `json:"run"`
	State      string    `json:"state"` // "running", "complete", "rolled back" or "finalized"
	Pass       int       `json:"pass"`
	Batches    int       `json:"batches"`
	Done       int       `json:"done"`   // in this pass
	Parked     []Parked  `json:"parked"` // at most 20
	Counts     Counts    `json:"counts"`
	Reasons    Reasons   `json:"reasons"` // unresolved quarantine entries
	StartedAt  time.Time `json:"startedAt"`
	FinishedAt time.Time `json:"finishedAt,omitzero"`
}

// Parked is a batch that was put aside.
type Parked struct {
	Batch int    `json:"batch"`
	Why   string `json:"why"` // no personal data
}

// Verification is the result of comparing what the source says now with what the target has.
type Verification struct {
	At          time.Time           `json:"at"`
	Batches     int                 `json:"batches"`
	Checksums   map[string]Checksum `json:"checksums"`   // by target table: user, credential, account, user_profile
	Equations   []Equation          `json:"equations"`   // the conservation equations
	Differences []Difference        `json:"differences"` // at most 1,000 are named
	Different   int64               `json:"different"`   // all of them
	Remaining   []Remaining         `json:"remaining"`   // at most 1,000 are named
	Remain      int64               `json:"remain"`      // all of them; they are neither a difference nor in a checksum
	Equal       bool                `json:"equal"`       // no difference, every equation holds, no batch parked or open
}

// Checksum is over all rows of a table, computed inside both servers: the count and the sum of the first 64 bits of each
// row's MD5.
type Checksum struct {
	SourceRows int64  `json:"sourceRows"`
	SourceSum  string `json:"sourceSum"`
	TargetRows int64  `json:"targetRows"`
	TargetSum  string `json:"targetSum"`
}

// Equation is a sentence about counts that must hold.
type Equation struct {
	Says  string `json:"says"`
	Left  int64  `json:"left"`
	Right int64  `json:"right"`
	Holds bool   `json:"holds"`
}

// Difference names a row by table and id, and the columns that differ. It holds no values.
type Difference struct {
	Table   string   `json:"table"`
	ID      string   `json:"id"`
	Kind    string   `json:"kind"`    // "different", "missing" in the target, "extra" there
	Why     string   `json:"why"`     // "source changed since", "target changed since", or "" when neither explains it
	Columns []string `json:"columns"` // of kind "different"
}

// Remaining names what is gone from the source and stays in the target, because rows of other tables refer to it.
type Remaining struct {
	Source Source `json:"source"` // a user stays with all accounts and the profile
	ID     string `json:"id"`
	Why    string `json:"why"` // "schema.table: rows, …"
}

// Undone is the result of a rollback.
type Undone struct {
	Removed  map[string]int64 `json:"removed"`  // target rows by table
	Sessions int64            `json:"sessions"` // sessions that went with their users
	// Rows of other tables by table: those that went with their users, and those whose reference was set to NULL or its
	// default. Without RollbackOptions.Cascade there are none.
	Cascaded map[string]int64  `json:"cascaded,omitempty"`
	Changed  map[string]int64  `json:"changed,omitempty"`
	Touched  []string          `json:"touched"`           // ids of users who stay, since they changed here or rows of other tables refer to them; at most 1,000
	Because  map[string]string `json:"because,omitempty"` // of those in Touched to whom rows of other tables refer: "schema.table: rows, …"
	Holding  map[string]int64  `json:"holding,omitempty"` // rows of other tables that keep users from going, by table
	Held     int64             `json:"held,omitempty"`    // how many users stay because rows of other tables refer to them, or the target refuses
	Left     int64             `json:"left"`              // how many users stay
	Restored int64             `json:"restored"`          // users of the target who have the address back that the run took from them
	Done     bool              `json:"done"`              // false: the time was up, call again
}

// RollbackOptions are the choices of a rollback.
type RollbackOptions struct {
	Force bool // remove users, too, who changed in the target since
	// Cascade, with Force, also removes users to whom rows of other tables refer, if the foreign keys allow it: rows
	// that ON DELETE CASCADE takes and rows that SET NULL or SET DEFAULT change are kept in the quarantine as they
	// were.
	Cascade bool
	DryRun  bool // only count
}

// Import works on one pair of databases.
type Import struct {
	From, To string // database URLs; never printed
	Schema   string // of Xenon's tables in the target; "" is public
	// Holder is who holds the run, as another process shall read it: "xenon migrate on host, pid 42" or an execution's name.
	Holder string
	// Shared lets several processes with the same Holder work on a run together, as the functions of one execution do.
	Shared   bool
	Progress func(Event)      // called for every Event, by one goroutine at a time; nil is silence
	Now      func() time.Time // the clock; database times are the databases' own
	// Patience is how long one statement or one connection attempt may take; 0 is five minutes.
	Patience time.Duration

	lease   *lease
	telling sync.Mutex
}
