package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Request is what a person types to start the state machine. What is left out has its default.
type Request struct {
	Options
	DryRun   bool `json:"dryRun"`   // only say what would happen
	Rollback bool `json:"rollback"` // undo the run instead of going on with it
	Force    bool `json:"force"`    // a rollback takes users along that somebody has changed since
	Cascade  bool `json:"cascade"`  // a forced rollback takes rows of other tables along that refer to the users
	Quick    bool `json:"quick"`    // a later pass skips batches in which no row has a newer time
	// Concurrency is how many functions work at the same time, 1 to 40; 0 is 8. Each has one connection to either database.
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
	Mode        string  `json:"mode"`
	Run         string  `json:"run"`
	Options     Options `json:"options"`
	DryRun      bool    `json:"dryRun"`
	Force       bool    `json:"force"`
	Cascade     bool    `json:"cascade"`
	Quick       bool    `json:"quick"`
	Concurrency int     `json:"concurrency"`
	Holder      string  `json:"holder"` // who holds the run as long as the execution lasts, redriven or not
}

// Execution is what Step Functions says of the running execution in its context object.
type Execution struct {
	ID           string `json:"Id"`
	Name         string `json:"Name"`
	RedriveCount int    `json:"RedriveCount"` // how often somebody redrove it
}

// Lane is a share of the batches: those whose number is Lane modulo Lanes.
type Lane struct {
	Lane  int `json:"lane"`
	Lanes int `json:"lanes"`
}

const (
	defaultRun         = "supabase"
	defaultConcurrency = 8
	maxConcurrency     = 40 // of an inline Map, says Step Functions
	maxLanes           = 64 // whatever the size of the source, so that the list of lanes stays small
	lanesPerFunction   = 4  // so that nobody waits long for the last one
	maxRequest         = 32 << 10
	// Above so many batches the lanes are executions of their own, each with its own history of 25,000 events.
	distributedAbove = 400
)

// read understands a request; execution says who asks.
func read(request json.RawMessage, execution Execution) (Job, error) {
	if len(request) > maxRequest {
		return Job{}, fmt.Errorf("%w: the input has %d bytes, at most %d are taken", ErrRefused, len(request), maxRequest)
	}
	var r Request
	d := json.NewDecoder(bytes.NewReader(request))
	d.DisallowUnknownFields()
	if !bytes.HasPrefix(bytes.TrimSpace(request), []byte("{")) {
		return Job{}, fmt.Errorf("%w: the input is not an object; {} is all defaults", ErrRefused)
	}
	if err := d.Decode(&r); err != nil {
		return Job{}, fmt.Errorf("%w: the input is not understood: %w", ErrRefused, err)
	}
	if r.Run == "" {
		r.Run = defaultRun
	}
	if r.Concurrency == 0 {
		r.Concurrency = defaultConcurrency
	}
	switch {
	case r.Concurrency < 1 || r.Concurrency > maxConcurrency:
		return Job{}, fmt.Errorf("%w: concurrency is %d, not 1 to %d", ErrRefused, r.Concurrency, maxConcurrency)
	case r.Force && !r.Rollback:
		return Job{}, fmt.Errorf("%w: force is for a rollback", ErrRefused)
	case r.Cascade && !r.Force:
		return Job{}, fmt.Errorf("%w: cascade is for a rollback with force", ErrRefused)
	case r.Quick && r.Rollback:
		return Job{}, fmt.Errorf("%w: quick is not for a rollback", ErrRefused)
	}
	j := Job{
		Mode: ModeImport, Run: r.Run, Options: r.Options, DryRun: r.DryRun, Force: r.Force, Cascade: r.Cascade, Quick: r.Quick,
		Concurrency: r.Concurrency, Holder: "the execution " + execution.Name,
	}
	switch {
	case r.Rollback:
		j.Mode = ModeRollback
	case r.DryRun:
		j.Mode = ModeDryRun
	}
	return j, nil
}

// split divides batches among so many functions at a time.
func split(batches, concurrency int) []Lane {
	n := max(1, min(batches, concurrency*lanesPerFunction, maxLanes))
	lanes := make([]Lane, n)
	for i := range lanes {
		lanes[i] = Lane{Lane: i, Lanes: n}
	}
	return lanes
}
