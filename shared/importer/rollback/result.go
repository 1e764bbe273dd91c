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
	Force bool // also remove users that changed in the target after the import
	// Cascade, with Force, also removes users to whom rows of other tables refer, if the foreign keys allow it: rows that
	// ON DELETE CASCADE deletes and rows that SET NULL or SET DEFAULT changes are saved in the quarantine first.
	Cascade bool
	DryRun  bool // only count the rows; change nothing
}

// maxListedKeptUsers is the maximum number of kept users that a result lists.
const maxListedKeptUsers = 1000

// Result describes what a rollback did. The Result of a dry run describes what a real rollback would do.
type Result struct {
	Removed  map[string]int64 `json:"removed"`  // numbers of removed target rows, by table
	Sessions int64            `json:"sessions"` // sessions that were deleted with their users
	// Cascaded has the numbers of rows of other tables that were deleted with their users, and Changed those of rows whose
	// reference was set to NULL or its default, by table. Without Options.Cascade both are empty.
	Cascaded map[string]int64 `json:"cascaded,omitempty"`
	Changed  map[string]int64 `json:"changed,omitempty"`
	// KeptUsers are the ids of at most 1,000 users that the rollback kept: they changed in the target, rows of other
	// tables refer to them, or the target rejects their deletion.
	KeptUsers []string `json:"touched"`
	// KeptReasons maps ids of kept users to the tables that refer to them, "schema.table: number of rows, …", or to an
	// error of the target. It does not have the users that changed.
	KeptReasons map[string]string `json:"because,omitempty"`
	Holding     map[string]int64  `json:"holding,omitempty"` // rows of other tables that refer to kept users, by table
	Held        int64             `json:"held,omitempty"`    // users kept for such rows or for an error of the target
	Left        int64             `json:"left"`              // users that the rollback kept
	Restored    int64             `json:"restored"`          // target users who got a released email back
	Done        bool              `json:"done"`              // false: the deadline was reached, so call Run again
}

func newResult() Result {
	return Result{
		Removed: map[string]int64{"user": 0, "account": 0, "user_profile": 0}, KeptUsers: []string{},
		Cascaded: map[string]int64{}, Changed: map[string]int64{}, Holding: map[string]int64{},
		KeptReasons: map[string]string{},
	}
}

// WhyKept returns a text that says why the rollback kept users.
func (r Result) WhyKept() string {
	switch r.Held {
	case 0:
		return "they changed in the target since the import"
	case r.Left:
		return "rows of other tables refer to them, or the target does not allow their deletion"
	}
	return fmt.Sprintf("%s changed in the target since the import; rows of other tables refer to the others, "+
		"or the target does not allow their deletion", run.WithThousandsCommas(r.Left-r.Held))
}

// Decode reads the JSON of a rollback that is stored with the run. It returns nil for nil.
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

// progress is a rollback as it is stored with the run: its result so far, and where it continues.
type progress struct {
	Result
	Next    int  `json:"next"` // the number of the first batch that is not done
	Force   bool `json:"force"`
	Cascade bool `json:"cascade"`
}

func newProgress(o Options) progress {
	return progress{Result: newResult(), Force: o.Force, Cascade: o.Cascade}
}

func decodeProgress(undone []byte) (progress, error) {
	s := progress{Result: newResult()}
	if err := json.Unmarshal(undone, &s); err != nil {
		return s, fmt.Errorf("read the rollback: %w", err)
	}
	return s, nil
}

// plus returns the progress with the result of a batch added.
func (s progress) plus(r Result) progress {
	sum := progress{Result: newResult(), Next: s.Next, Force: s.Force, Cascade: s.Cascade}
	for _, part := range []Result{s.Result, r} {
		addCounts(sum.Removed, part.Removed)
		addCounts(sum.Cascaded, part.Cascaded)
		addCounts(sum.Changed, part.Changed)
		addCounts(sum.Holding, part.Holding)
		sum.Sessions += part.Sessions
		sum.Left += part.Left
		sum.Restored += part.Restored
		sum.Held += part.Held
		sum.KeptUsers = append(sum.KeptUsers, part.KeptUsers...)
		maps.Copy(sum.KeptReasons, part.KeptReasons)
	}
	sum.KeptUsers = sum.KeptUsers[:min(len(sum.KeptUsers), maxListedKeptUsers)]
	if len(sum.KeptReasons) > maxListedKeptUsers {
		maps.DeleteFunc(sum.KeptReasons, func(id, _ string) bool { return !slices.Contains(sum.KeptUsers, id) })
	}
	return sum
}

func addCounts(to, from map[string]int64) {
	for key, n := range from {
		to[key] += n
	}
}
