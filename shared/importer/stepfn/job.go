package stepfn

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// Request is the input with which an operator starts the state machine. A missing field has its default.
type Request struct {
	mapping.Options
	DryRun   bool `json:"dryRun"`   // only return the plan, or what a rollback would do
	Rollback bool `json:"rollback"` // roll the run back instead of continuing it
	Force    bool `json:"force"`    // a rollback also removes users that changed in the target
	Cascade  bool `json:"cascade"`  // a rollback with Force also removes users to whom rows of other tables refer
	Quick    bool `json:"quick"`    // a later pass skips copied batches without a changed row: see run.Begin
	// Follow is the number of polls for changes after the pass, one a minute, before the verification: at most maxPolls.
	Follow int `json:"follow"`
	// Concurrency is the number of functions that work at the same time, 1 to 40; 0 means 8. Each uses one connection to
	// the source and one to the target, and for a short time a second one to the target.
	Concurrency int `json:"concurrency"`
}

// Modes of a Job.
const (
	ModeImport   = "import"
	ModeDryRun   = "dryRun"
	ModeRollback = "rollback"
)

// Job is a Request that was checked, with the defaults of Run and Concurrency. The state machine passes it to all later
// actions. The actions themselves set the defaults of Options.
type Job struct {
	Mode        string          `json:"mode"`
	Run         string          `json:"run"`
	Options     mapping.Options `json:"options"`
	DryRun      bool            `json:"dryRun"`
	Force       bool            `json:"force"`
	Cascade     bool            `json:"cascade"`
	Quick       bool            `json:"quick"`
	Follow      int             `json:"follow"`
	Concurrency int             `json:"concurrency"`
	Holder      string          `json:"holder"` // the holder of the lease; a redrive of the execution has the same holder
}

// Execution describes the running execution, as the context object of Step Functions has it.
type Execution struct {
	ID           string `json:"Id"`
	Name         string `json:"Name"`
	RedriveCount int    `json:"RedriveCount"` // the number of redrives
}

const (
	defaultConcurrency = 8
	maxConcurrency     = 40 // the limit of Step Functions for an inline Map
	maxShards          = 64 // limits the size of the list of shards
	shardsPerFunction  = 4  // more than one, so that the functions finish at about the same time
	maxRequestBytes    = 32 << 10
	// maxPolls limits the history of an execution: a poll with its wait has about ten events, of 25,000.
	maxPolls = 1000
	// maxBatchesInOneExecution is the largest number of batches that one execution handles alone. If a run has more
	// batches, each shard is a child execution, which has its own limit of 25,000 events.
	maxBatchesInOneExecution = 400
)

// readRequest reads and checks a Request. execution is the execution that was started with it. fields are the fields of
// the profile; none means those of the shipped declaration.
func readRequest(text json.RawMessage, execution Execution, fields ...mapping.ProfileField) (Job, error) {
	r, err := decodeRequest(text)
	if err != nil {
		return Job{}, fmt.Errorf("%w: %w", run.ErrRefused, err)
	}
	if r.Run == "" {
		r.Run = mapping.DefaultRun
	}
	if r.Concurrency == 0 {
		r.Concurrency = defaultConcurrency
	}
	r.ProfileFields = fields // only to check the names of fields; the plan takes them from the settings
	if err := r.check(); err != nil {
		return Job{}, fmt.Errorf("%w: %w", run.ErrRefused, err)
	}
	r.ProfileFields = nil
	j := Job{
		Mode: ModeImport, Run: r.Run, Options: r.Options, DryRun: r.DryRun, Force: r.Force, Cascade: r.Cascade,
		Quick: r.Quick, Follow: r.Follow, Concurrency: r.Concurrency, Holder: "the execution " + execution.Name,
	}
	switch {
	case r.Rollback:
		j.Mode = ModeRollback
	case r.DryRun:
		j.Mode = ModeDryRun
	}
	return j, nil
}

func decodeRequest(text json.RawMessage) (r Request, err error) {
	if len(text) > maxRequestBytes {
		return r, fmt.Errorf("the input has %d bytes, the limit is %d", len(text), maxRequestBytes)
	}
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		return r, fmt.Errorf("the input is not an object; use {} for the defaults")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, fmt.Errorf("the input is invalid: %w", err)
	}
	if r.ProfileFields != nil {
		return r, fmt.Errorf("the input has profileFields, but the setting PROFILE_FIELDS declares the fields of the profile")
	}
	return r, nil
}

func (r Request) check() error {
	switch {
	case r.Concurrency < 1 || r.Concurrency > maxConcurrency:
		return fmt.Errorf("concurrency is %d, not 1 to %d", r.Concurrency, maxConcurrency)
	case r.Force && !r.Rollback:
		return fmt.Errorf("force requires rollback")
	case r.Cascade && !r.Force:
		return fmt.Errorf("cascade requires rollback and force")
	case r.Quick && r.Rollback:
		return fmt.Errorf("quick cannot be used with rollback")
	case r.Follow < 0 || r.Follow > maxPolls:
		return fmt.Errorf("follow is %d, not 0 to %d", r.Follow, maxPolls)
	case r.Follow > 0 && (r.Rollback || r.Quick):
		return fmt.Errorf("follow cannot be used with rollback or quick")
	case r.Quick && r.Sessions:
		return fmt.Errorf("quick cannot be used with sessions, because no time of the source says that a session has ended")
	}
	return nil
}

// splitIntoShards returns the shards of a run with this number of batches. concurrency is the number of functions that
// work at the same time.
func splitIntoShards(batches, concurrency int) []run.Shard {
	n := max(1, min(batches, concurrency*shardsPerFunction, maxShards))
	shards := make([]run.Shard, n)
	for i := range shards {
		shards[i] = run.Shard{Index: i, Count: n}
	}
	return shards
}
