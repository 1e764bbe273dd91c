package rollback

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// Options are the choices of a rollback.
type Options struct {
	Force bool // remove users, too, who changed in the target since
	// Cascade, with Force, also removes users to whom rows of other tables refer, if the foreign keys allow it: rows that
	// ON DELETE CASCADE deletes and rows that SET NULL or SET DEFAULT changes are kept in the quarantine as they were.
	Cascade bool
	DryRun  bool // only count
}

// named is how many users that stay are named at most.
const named = 1000

// Result is what a rollback did.
type Result struct {
	Removed  map[string]int64 `json:"removed"`  // target rows by table
	Sessions int64            `json:"sessions"` // sessions that were deleted with their users
	// Rows of other tables by table: those deleted with their users, and those whose reference was set to NULL or its
	// default. Without Options.Cascade there are none.
	Cascaded map[string]int64 `json:"cascaded,omitempty"`
	Changed  map[string]int64 `json:"changed,omitempty"`
	// Touched are ids of users who stay, since they changed here or rows of other tables refer to them; at most 1,000.
	Touched []string `json:"touched"`
	// Because says of those in Touched to whom rows of other tables refer: "schema.table: rows, …".
	Because  map[string]string `json:"because,omitempty"`
	Holding  map[string]int64  `json:"holding,omitempty"` // rows of other tables that keep users, by table
	Held     int64             `json:"held,omitempty"`    // users who stay for such rows, or a refusal
	Left     int64             `json:"left"`              // users who stay
	Restored int64             `json:"restored"`          // users of the target who have their email back
	Done     bool              `json:"done"`              // false: the time was up, call again
}

func newResult() Result {
	return Result{
		Removed: map[string]int64{"user": 0, "account": 0, "user_profile": 0}, Touched: []string{},
		Cascaded: map[string]int64{}, Changed: map[string]int64{}, Because: map[string]string{}, Holding: map[string]int64{},
	}
}

// WhyLeft says why a rollback left users.
func (r Result) WhyLeft() string {
	switch r.Held {
	case 0:
		return "they changed here since the import"
	case r.Left:
		return "rows of other tables refer to them, or the target refuses to delete them"
	}
	return fmt.Sprintf("%s changed here since the import; rows of other tables refer to the others, "+
		"or the target refuses to delete them", run.Thousands(r.Left-r.Held))
}

// Decode reads a result as it is stored with the run; nil where there is none.
func Decode(undone []byte) (*Result, error) {
	if undone == nil {
		return nil, nil
	}
	var r Result
	if err := json.Unmarshal(undone, &r); err != nil {
		return nil, fmt.Errorf("read the rollback: %w", err)
	}
	return &r, nil
}

// state is a rollback as it is stored with the run: what it has done, and where it goes on.
type state struct {
	Result
	Next    int  `json:"next"` // the first batch that it has not come to
	Force   bool `json:"force"`
	Cascade bool `json:"cascade"`
}

func newState(o Options) state {
	return state{Result: newResult(), Force: o.Force, Cascade: o.Cascade}
}

func decodeState(undone []byte) (state, error) {
	s := state{Result: newResult()}
	if err := json.Unmarshal(undone, &s); err != nil {
		return s, fmt.Errorf("read the rollback: %w", err)
	}
	return s, nil
}

// plus adds what a batch did.
func (s state) plus(r Result) state {
	sum := state{Result: newResult(), Next: s.Next, Force: s.Force, Cascade: s.Cascade}
	for _, part := range []Result{s.Result, r} {
		add(sum.Removed, part.Removed)
		add(sum.Cascaded, part.Cascaded)
		add(sum.Changed, part.Changed)
		add(sum.Holding, part.Holding)
		sum.Sessions += part.Sessions
		sum.Left += part.Left
		sum.Restored += part.Restored
		sum.Held += part.Held
		sum.Touched = append(sum.Touched, part.Touched...)
		maps.Copy(sum.Because, part.Because)
	}
	sum.Touched = sum.Touched[:min(len(sum.Touched), named)]
	if len(sum.Because) > named {
		maps.DeleteFunc(sum.Because, func(id, _ string) bool { return !slices.Contains(sum.Touched, id) })
	}
	return sum
}

func add(to, from map[string]int64) {
	for key, n := range from {
		to[key] += n
	}
}
