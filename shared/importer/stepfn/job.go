package stepfn

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// Request is what a person types to start the state machine. What is left out has its default.
type Request struct {
	mapping.Options
	DryRun   bool `json:"dryRun"`   // only say what would happen
	Rollback bool `json:"rollback"` // undo the run instead of going on with it
	Force    bool `json:"force"`    // a rollback removes users, too, who changed in the target since
	Cascade  bool `json:"cascade"`  // a forced rollback removes rows of other tables, too, that refer to the users
	Quick    bool `json:"quick"`    // a later pass skips batches in which no row has a newer time
	// Concurrency is how many functions work at the same time, 1 to 40; 0 is 8. Each has one connection to either
	// database.
	Concurrency int `json:"concurrency"`
}

// Modes of a Job.
const (
	ModeImport   = "import"
	ModeDryRun   = "dryRun"
	ModeRollback = "rollback"
)

// Job is a Request with every default filled in. The state machine carries it from state to state.
type Job struct {
	Mode        string          `json:"mode"`
	Run         string          `json:"run"`
	Options     mapping.Options `json:"options"`
	DryRun      bool            `json:"dryRun"`
	Force       bool            `json:"force"`
	Cascade     bool            `json:"cascade"`
	Quick       bool            `json:"quick"`
	Concurrency int             `json:"concurrency"`
	Holder      string          `json:"holder"` // who holds the run as long as the execution lasts, redriven or not
}

// Execution is what Step Functions says of the running execution in its context object.
type Execution struct {
	ID           string `json:"Id"`
	Name         string `json:"Name"`
	RedriveCount int    `json:"RedriveCount"` // how often a person redrove it
}

const (
	defaultConcurrency = 8
	maxConcurrency     = 40 // of an inline Map, says Step Functions
	maxShards          = 64 // for every size of the source, so that the list of shards stays small
	shardsPerFunction  = 4  // so that the last shard to end is a small part of the work
	maxRequest         = 32 << 10
	// Above so many batches the shards are executions of their own, each with its own history of 25,000 events.
	distributedAbove = 400
)

// readRequest reads a request; execution is the one that it starts.
func readRequest(text json.RawMessage, execution Execution) (Job, error) {
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
	if err := r.check(); err != nil {
		return Job{}, fmt.Errorf("%w: %w", run.ErrRefused, err)
	}
	j := Job{
		Mode: ModeImport, Run: r.Run, Options: r.Options, DryRun: r.DryRun, Force: r.Force, Cascade: r.Cascade,
		Quick: r.Quick, Concurrency: r.Concurrency, Holder: "the execution " + execution.Name,
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
	if len(text) > maxRequest {
		return r, fmt.Errorf("the input has %d bytes, at most %d are taken", len(text), maxRequest)
	}
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		return r, fmt.Errorf("the input is not an object; {} is all defaults")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, fmt.Errorf("the input is not understood: %w", err)
	}
	return r, nil
}

func (r Request) check() error {
	switch {
	case r.Concurrency < 1 || r.Concurrency > maxConcurrency:
		return fmt.Errorf("concurrency is %d, not 1 to %d", r.Concurrency, maxConcurrency)
	case r.Force && !r.Rollback:
		return fmt.Errorf("force is for a rollback")
	case r.Cascade && !r.Force:
		return fmt.Errorf("cascade is for a rollback with force")
	case r.Quick && r.Rollback:
		return fmt.Errorf("quick is not for a rollback")
	}
	return nil
}

// split divides the batches among so many functions at a time.
func split(batches, concurrency int) []run.Shard {
	n := max(1, min(batches, concurrency*shardsPerFunction, maxShards))
	shards := make([]run.Shard, n)
	for i := range shards {
		shards[i] = run.Shard{Index: i, Count: n}
	}
	return shards
}
