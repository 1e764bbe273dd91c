package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testFunction = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	namedTest    = regexp.MustCompile("`(Test\\w+)`")
	namedSpec    = regexp.MustCompile("`((?:e2e|website)/[a-z/-]+\\.(?:spec|test)\\.ts)`")
	pageRow      = regexp.MustCompile(`(?m)^\| (R\d{2,3}) \|.*\| (.*) \|$`)
)

// securityRows is the number of rows of docs/security.md. Increase it when you add a row.
const securityRows = 103

// testsOfTheRepository returns the names of all Go tests, with any build tag.
func testsOfTheRepository(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir(repositoryRoot, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // make test builds the site at the same time
			return nil
		}
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == "node_modules" || path != repositoryRoot && strings.HasPrefix(d.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, found := range testFunction.FindAllSubmatch(text, -1) {
			names[string(found[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestSecurityPageNamesExistingTests(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(repositoryRoot, "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range findMistakes(string(page), testsOfTheRepository(t)) {
		t.Error(wrong)
	}
	for name, page := range map[string]string{
		"an unknown test":    strings.ReplaceAll(string(page), "`TestR21_TokensAreRandom`", "`TestR21_Gone`"),
		"a row without test": strings.ReplaceAll(string(page), "`TestR21_TokensAreRandom`", "of course"),
		"a missing row":      strings.Replace(string(page), "| R21 |", "|", 1),
	} {
		if got := findMistakes(page, testsOfTheRepository(t)); len(got) != 1 {
			t.Errorf("the page with %s: got the mistakes %q, want one", name, got)
		}
	}
}

// findMistakes returns the mistakes of the security page.
func findMistakes(page string, tests map[string]bool) (wrong []string) {
	proofs := map[string]string{}
	for _, row := range pageRow.FindAllStringSubmatch(page, -1) {
		proofs[row[1]] = row[2]
	}
	if len(proofs) > securityRows {
		wrong = append(wrong, fmt.Sprintf("%d rows, but securityRows is %d", len(proofs), securityRows))
	}
	for i := range securityRows {
		row := fmt.Sprintf("R%02d", i+1)
		proof, ok := proofs[row]
		named, specs := namedTest.FindAllStringSubmatch(proof, -1), namedSpec.FindAllStringSubmatch(proof, -1)
		for _, spec := range specs {
			text, err := os.ReadFile(filepath.Join(repositoryRoot, spec[1]))
			if err != nil || !strings.Contains(string(text), row) {
				wrong = append(wrong, row+" names "+spec[1]+", in which no test has the code "+row)
			}
		}
		switch {
		case !ok:
			wrong = append(wrong, row+" is missing")
		case len(named)+len(specs) == 0 && !strings.Contains(proof, "not proved"):
			wrong = append(wrong, row+" names no test and does not say that it is not proved")
		}
		for _, name := range named {
			if !tests[name[1]] {
				wrong = append(wrong, row+" names "+name[1]+", which is not a test of this repository")
			}
		}
	}
	return wrong
}
