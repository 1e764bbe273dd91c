package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Report is what an administrator keeps of a run. It holds no personal data: ids and counts only.
type Report struct {
	Made         time.Time     `json:"made"`
	Status       Status        `json:"status"`
	Plan         Plan          `json:"plan"`
	Verification *Verification `json:"verification,omitempty"` // nil: not verified
	Undone       *Undone       `json:"undone,omitempty"`
	Batches      []BatchLine   `json:"batches"` // one line a batch, with its checksum
}

// BatchLine is a batch in the report.
type BatchLine struct {
	Batch       int    `json:"batch"`
	Pass        int    `json:"pass"`
	Rows        int64  `json:"rows"`
	Quarantined int64  `json:"quarantined"`
	Sum         string `json:"sum"`      // of the target's rows, all tables, when verified
	Verified    string `json:"verified"` // "equal", "different" or ""
}

// Conclusion is a report in one sentence.
type Conclusion struct {
	Level string // "good", "attention" (a person has to look) or "bad"
	Title string
	Text  string
}

// Conclusion says how the run ended, worst news first.
func (r Report) Conclusion() Conclusion {
	s, v := r.Status, r.Verification
	open := s.Batches - s.Done
	switch {
	case s.State == "rolled back", s.State == "finalized" && r.Undone != nil:
		return r.undone()
	case s.State != "finalized" && (open > 0 || len(s.Parked) > 0 || s.State == "running"):
		return Conclusion{"bad", "Unfinished", fmt.Sprintf("%s of %s batches are done. Run again: it goes on where it stopped.", plain(s.Done), plain(s.Batches))}
	case v == nil:
		return Conclusion{"attention", "Copied, not verified", "Every batch is copied, and nobody has compared the two databases yet."}
	case !v.Equal:
		return Conclusion{"bad", "Different", v.trouble()}
	}
	if n := s.Reasons.Total(); n > 0 {
		return Conclusion{"attention", "Complete and equal, with something left for you", fmt.Sprintf(
			"Everything that was copied equals the source, and every source row is accounted for. %s lie in the quarantine, whole, with their reasons.", things(n, "row or field", "rows and fields"))}
	}
	return Conclusion{"good", "Complete and equal", "Every source row was copied, and everything that was copied equals the source."}
}

func (r Report) undone() Conclusion {
	if u := r.Undone; u != nil && u.Left > 0 {
		return Conclusion{"attention", "Rolled back, with users left", fmt.Sprintf(
			"What the run brought is gone again, but for %s: %s.", things(u.Left, "user", "users"), u.WhyLeft())}
	}
	return Conclusion{"good", "Rolled back", "What the run brought is gone again."}
}

// WhyLeft says why a rollback left users.
func (u Undone) WhyLeft() string {
	switch u.Held {
	case 0:
		return "they changed here since the import"
	case u.Left:
		return "rows of other tables refer to them, or the target refuses to delete them"
	}
	return fmt.Sprintf("%s changed here since the import; rows of other tables refer to the others, or the target refuses to delete them", plain(u.Left-u.Held))
}

// trouble says what keeps a verification from being equal.
func (v Verification) trouble() string {
	broken := 0
	for _, e := range v.Equations {
		if !e.Holds {
			broken++
		}
	}
	switch {
	case v.Different > 0 && broken > 0:
		return fmt.Sprintf("%s between the source and the target, and %s not hold.", things(v.Different, "row differs", "rows differ"), things(int64(broken), "conservation equation does", "conservation equations do"))
	case v.Different > 0:
		return things(v.Different, "row differs", "rows differ") + " between the source and the target. The rows are named below."
	case broken > 0:
		return things(int64(broken), "conservation equation does", "conservation equations do") + " not hold: rows are missing or too many."
	}
	return "Not everything was compared since the last pass. Verify again."
}

// Total is the number of entries.
func (r Reasons) Total() (n int64) {
	for _, of := range r {
		n += of
	}
	return n
}

// canonical is the report as the one text that its digest is of: compact JSON, members in the order of the types above,
// maps in alphabetical order, and no character escaped for the sake of HTML. jq -cj .report writes the same.
func (r Report) canonical() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func things(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return plain(n) + " " + many
}

// plain writes a number with commas between the thousands.
func plain[N int | int64](n N) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
