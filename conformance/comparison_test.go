package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/migrations"
)

// recording has Better Auth's responses of a scenario. It is the content of recorded/<stem>.json.
type recording struct {
	BetterAuth string     `json:"betterAuth"`
	Exchanges  []exchange `json:"exchanges"`
}

// exchange is one step with its response.
type exchange struct {
	Do   string          `json:"do"`
	Note string          `json:"note,omitempty"`
	Sent json.RawMessage `json:"sent,omitempty"` // the body of the request
	// Answer is the response of the server on which the scenario was played. In a recording it is Better Auth's response.
	Answer     *answer `json:"library"`
	Divergence string  `json:"divergence,omitempty"`
	Xenon      *answer `json:"xenon,omitempty"` // in a recording: Xenon's response, if it is a listed divergence
}

// recordingPath returns the path of the recording of a scenario.
func recordingPath(s scenario) string { return filepath.Join("recorded", s.stem+".json") }

// playScenario plays a scenario and returns its exchanges in comparable form. It reports divergences that a response
// should show but does not. It stops at the first step that cannot be done, and reports the error.
func playScenario(t *testing.T, s scenario, p *player) (all []exchange) {
	t.Helper()
	for i, step := range s.Steps {
		a, err := p.doStep(step)
		if err != nil {
			t.Errorf("%s: %v", s.describeStep(i), err)
			return all
		}
		for _, fault := range p.names.faults {
			t.Errorf("%s: %s", s.describeStep(i), fault)
		}
		if a == nil {
			continue
		}
		e := exchange{
			Do:         p.names.replaceInText(p.fillPlaceholders(step.Do)),
			Note:       step.Note,
			Answer:     a,
			Divergence: step.Divergence,
		}
		if step.Query != "" {
			e.Do = "query " + p.names.replaceInText(p.fillPlaceholders(step.Query))
		}
		if text, hasBody := p.requestBody(step); hasBody && len(text) < 4096 {
			if e.Sent, err = p.names.replaceInJSON([]byte(text)); err != nil {
				e.Sent = encodeJSON(p.names.replaceInText(text))
			}
		}
		all = append(all, e)
	}
	return all
}

// describeStep describes a step for error messages.
func (s scenario) describeStep(i int) string {
	step := s.Steps[i]
	return fmt.Sprintf("scenarios/%s.json, step %d, %s (%s)", s.stem, i+1, step.Do+step.Query+step.SQL, step.Note)
}

// resultCounts counts the results of a run.
type resultCounts struct {
	mu                  sync.Mutex
	identical, compared int
	diverged            []string
}

// compareWithRecordings plays the scenarios of a profile against Xenon and compares the responses with Better Auth's
// recorded ones. The recordings have to be of the pinned Better Auth and of the same requests.
func (n *resultCounts) compareWithRecordings(t *testing.T, name string, profile map[string]string) {
	t.Helper()
	xenon := startXenonWithProfile(t, profile)
	for _, s := range readScenarios(t, name) {
		t.Run(s.stem, func(t *testing.T) {
			t.Parallel()
			r := readRecording(t, s)
			if r.BetterAuth != migrations.BetterAuthVersion {
				t.Errorf("the recording: got Better Auth %s, want the pinned version %s; run make record",
					r.BetterAuth, migrations.BetterAuthVersion)
			}
			got := playScenario(t, s, newPlayer(t, xenon, s))
			for i := range min(len(got), len(r.Exchanges)) {
				if diff := cmp.Diff(r.Exchanges[i].request(), got[i].request()); diff != "" {
					t.Errorf("%s, step %d: the recording is of another request; run make record (-recorded +sent):\n%s",
						s.stem, i+1, diff)
				}
			}
			n.checkResponses(t, s, r.Exchanges, got, r.Exchanges)
		})
	}
}

// digitsPattern matches the numbers of tokens in a URL, which depend on the tokens that a server has given before.
var digitsPattern = regexp.MustCompile(`\d+`)

// request identifies the request of the exchange. It leaves out the body, whose codes and tokens each run makes anew.
func (e exchange) request() string {
	return strings.Join([]string{digitsPattern.ReplaceAllString(e.Do, "#"), e.Note, e.Divergence}, "\n")
}

// checkResponses fails the test for each difference that compareAll finds.
func (n *resultCounts) checkResponses(t *testing.T, s scenario, betterAuth, xenon, recorded []exchange) {
	t.Helper()
	for _, fault := range n.compareAll(s, betterAuth, xenon, recorded) {
		t.Error(fault)
	}
}

// compareAll compares Xenon's responses with Better Auth's. It returns the differences that are not listed, and the
// listed divergences that no longer differ or differ from their recording.
func (n *resultCounts) compareAll(s scenario, betterAuth, xenon, recorded []exchange) (faults []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(xenon) != len(betterAuth) || len(recorded) != len(betterAuth) {
		return []string{fmt.Sprintf("%s: %d responses from Xenon, %d from Better Auth, %d recorded",
			s.stem, len(xenon), len(betterAuth), len(recorded))}
	}
	for i, want := range betterAuth {
		fault := differenceFromBetterAuth(want, xenon[i].Answer, recorded[i].Xenon)
		if fault != "" {
			faults = append(faults, fmt.Sprintf("%s, step %d: %s (%s): %s", s.stem, i+1, want.Do, want.Note, fault))
		}
		switch request := !strings.HasPrefix(want.Do, "query "); {
		case want.Divergence != "":
			n.diverged = append(n.diverged, want.Divergence)
		case request && fault == "":
			n.identical++
			fallthrough
		case request:
			n.compared++
		}
	}
	return faults
}

// differenceFromBetterAuth says what is wrong with Xenon's response: a difference from Better Auth's response that is
// not listed, a listed one that no longer exists, or one that is not as recorded. It returns "" if nothing is wrong.
func differenceFromBetterAuth(want exchange, xenon, recorded *answer) string {
	diff := cmp.Diff(want.Answer.text(), xenon.text())
	switch {
	case want.Divergence == "" && diff != "":
		return "differs from Better Auth (-Better Auth +Xenon):\n" + diff
	case want.Divergence != "" && diff == "":
		return "is listed as the divergence " + want.Divergence + ", but Xenon's response equals Better Auth's"
	case want.Divergence != "":
		if diff := cmp.Diff(recorded.text(), xenon.text()); diff != "" {
			return "differs from the recording of " + want.Divergence + " (-recorded +Xenon):\n" + diff
		}
	}
	return ""
}

// String returns the result of the run in one line.
func (n *resultCounts) String() string {
	kinds := slices.Compact(slices.Sorted(slices.Values(n.diverged)))
	return fmt.Sprintf("%d of %d exchanges identical, %d listed divergences (%s)",
		n.identical, n.compared, len(n.diverged), strings.Join(kinds, " "))
}

func readRecording(t *testing.T, s scenario) (r recording) {
	t.Helper()
	readJSON(t, recordingPath(s), &r)
	return r
}

// divergenceRowPattern matches the row of a divergence in docs/divergences.md.
var divergenceRowPattern = regexp.MustCompile(`(?m)^\| (D\d{2,3}) \|`)

// divergenceNumberPattern matches the number of a divergence in a text.
var divergenceNumberPattern = regexp.MustCompile(`\bD\d{2,3}\b`)

// removedDivergences are the divergences that player and nameTable remove from Xenon's responses before the comparison.
// So scenarios test them without naming them.
var removedDivergences = []string{"D02", "D12", "D17", "D65", "D77"}

// untestedParagraphPattern matches a paragraph of docs/divergences.md that lists divergences without a scenario.
var untestedParagraphPattern = regexp.MustCompile(`(?ms)^The scenarios in .*? do not test these[^:]*: .*?(?:\n\n|\z)`)

// docs/divergences.md lists every divergence that a scenario names. Each divergence of the page is either tested by a
// scenario or in a paragraph that says that no scenario tests it.
func TestR02_DivergencesAreListed(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/divergences.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, m := range divergenceRowPattern.FindAllSubmatch(text, -1) {
		listed = append(listed, string(m[1]))
	}
	tested := slices.Clone(removedDivergences)
	for _, s := range readAllScenarios(t) {
		for i, step := range s.Steps {
			if step.Divergence != "" && !slices.Contains(listed, step.Divergence) {
				t.Errorf("%s names the divergence %s, want one that docs/divergences.md lists", s.describeStep(i), step.Divergence)
			}
			tested = append(tested, step.Divergence)
		}
	}
	paragraphs := bytes.Join(untestedParagraphPattern.FindAll(text, -1), nil)
	untested := divergenceNumberPattern.FindAllString(string(paragraphs), -1)
	for _, d := range listed {
		isTested, isInParagraph := slices.Contains(tested, d), slices.Contains(untested, d)
		if isTested == isInParagraph {
			t.Errorf("%s in docs/divergences.md: a scenario tests it: %v, a paragraph says that no scenario tests it: %v; "+
				"want exactly one of the two", d, isTested, isInParagraph)
		}
	}
}

// Every file in recorded/ belongs to a scenario, except schema.json.
func TestEveryRecordingHasAScenario(t *testing.T) {
	t.Parallel()
	known := map[string]bool{schemaRecording: true}
	for _, s := range readAllScenarios(t) {
		known[recordingPath(s)] = true
	}
	files, err := filepath.Glob("recorded/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !known[file] {
			t.Errorf("%s: no scenario has the name of this recording; delete the file or rename it", file)
		}
	}
}
