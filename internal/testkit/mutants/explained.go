package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// explanation is the first two cells of a row in the table of surviving mutants in docs/mutants.md.
type explanation struct {
	path, function string      // of the operator
	changes        [][2]string // code with the operator, and the same code with the mutant
}

var (
	explanationPlace  = regexp.MustCompile("^\\| `([^`]+\\.go)`, `([^`]+)` \\|(.*)$")
	explanationChange = regexp.MustCompile("`([^`]+)` to `([^`]+)`")
)

// readExplanations reads the table from a Markdown file.
func readExplanations(path string) ([]explanation, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the path is an argument of the command
	if err != nil {
		return nil, err
	}
	var all []explanation
	for line := range strings.Lines(strings.ReplaceAll(string(text), `\|\|`, "||")) {
		cells := explanationPlace.FindStringSubmatch(strings.TrimSpace(line))
		if cells == nil {
			continue
		}
		e := explanation{path: cells[1], function: cells[2]}
		mutants, _, _ := strings.Cut(cells[3], " | ")
		for _, change := range explanationChange.FindAllStringSubmatch(mutants, -1) {
			e.changes = append(e.changes, [2]string{change[1], change[2]})
		}
		if len(e.changes) == 0 {
			return nil, fmt.Errorf("%s: a row of %s names no change; write one such as `<` to `<=`", path, e.function)
		}
		all = append(all, e)
	}
	return all, nil
}

// isExplained reports whether one of the explanations names the mutant, which is in package dir.
func (m *mutant) isExplained(dir string, explanations []explanation) bool {
	for _, e := range explanations {
		if e.path != dir+"/"+m.file || e.function != m.function {
			continue
		}
		for _, change := range e.changes {
			before, after := change[0], change[1]
			if strings.Contains(m.source, before) && strings.Replace(before, m.from, m.to, 1) == after && before != after {
				return true
			}
		}
	}
	return false
}
