package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// program is the package with the mutants and the test binaries that contain it.
type program struct {
	dir      string // of the package
	mutants  []*mutant
	binaries []*testBinary
	original map[string][]byte // the sources by file name
	switched map[string][]byte // the sources in which the mutants can be switched on
}

// testBinary is the test binary of one package.
type testBinary struct {
	dir  string // of the package, where its tests run
	path string
}

// newProgram rewrites the files of the package and builds the test binaries. Then it restores the files, because some
// tests read them.
func newProgram(ctx context.Context, dir, work string, mutants []*mutant, testDirs []string) (*program, error) {
	p := &program{dir: dir, mutants: mutants, original: map[string][]byte{}}
	for _, m := range mutants {
		if p.original[m.file] == nil {
			src, err := os.ReadFile(filepath.Join(dir, m.file)) //nolint:gosec // a file of the package
			if err != nil {
				return nil, err
			}
			p.original[m.file] = src
		}
	}
	for i, d := range testDirs {
		p.binaries = append(p.binaries, &testBinary{dir: d, path: filepath.Join(work, fmt.Sprintf("%d.test", i))})
	}
	defer p.writeFiles(p.original)
	for {
		marked, err := p.trySwitches(ctx)
		if err != nil {
			return nil, err
		}
		if marked == 0 {
			return p, p.build(ctx)
		}
	}
}

// trySwitches writes the package with switches and compiles it. It marks the mutants in lines that do not compile, and
// returns how many it marked.
func (p *program) trySwitches(ctx context.Context) (int, error) {
	p.switched = map[string][]byte{}
	for name, src := range p.original {
		ids, joins := map[place]int{}, map[place]bool{}
		for _, m := range p.mutants {
			if m.file == name && !m.needsRebuild && m.isViable() {
				ids[m.place], joins[m.place] = m.id, m.joinsStrings
			}
		}
		text, err := rewrite(src, ids, joins)
		if err != nil {
			return 0, err
		}
		p.switched[name] = text
	}
	p.writeFiles(p.switched)
	output, err := p.compile(ctx)
	if err == nil {
		return 0, nil
	}
	marked := 0
	for _, at := range compileErrorPattern.FindAllStringSubmatch(output, -1) {
		line, _ := strconv.Atoi(at[2])
		marked += p.markLine(at[1], line)
	}
	if marked == 0 {
		return 0, fmt.Errorf("%s does not compile with switches: %s", p.dir, output)
	}
	return marked, nil
}

// markLine marks the mutants of the expressions on a line that does not compile, and returns how many it marked. The
// first time it marks the + and +=, which may join strings. If the line still does not compile, it marks all its
// mutants for a rebuild: the line may be a constant expression, which cannot call a function.
func (p *program) markLine(file string, line int) (marked int) {
	var found []*mutant
	for _, m := range p.mutants {
		if m.file == file && m.first <= line && line <= m.last && !m.needsRebuild && m.isViable() {
			found = append(found, m)
		}
	}
	for _, m := range found {
		if (m.from == "+" || m.from == "+=") && !m.joinsStrings {
			m.joinsStrings = true
			marked++
		}
	}
	if marked > 0 {
		return marked
	}
	for _, m := range found {
		m.joinsStrings, m.needsRebuild = false, true
	}
	return len(found)
}

// isViable reports whether the mutant can compile. In place of the + of two strings, only the = for a += compiles.
func (m *mutant) isViable() bool { return !m.joinsStrings || m.to == "=" }

var compileErrorPattern = regexp.MustCompile(`(?m)^\S*?([^/\s]+\.go):(\d+):`)

// compile compiles the package and writes no file. With -e, the compiler prints all errors instead of the first ten.
func (p *program) compile(ctx context.Context) (string, error) {
	output, err := goCommand(ctx, "build", "-gcflags=-e", "-o", os.DevNull, "./"+p.dir)
	return string(output), err
}

func (p *program) build(ctx context.Context) error {
	for _, b := range p.binaries {
		if output, err := goCommand(ctx, "test", "-c", "-vet=off", "-ldflags=-w", "-o", b.path, "./"+b.dir); err != nil {
			return fmt.Errorf("build the tests of %s: %w: %s", b.dir, err, output)
		}
	}
	return nil
}

var errNotViable = errors.New("the mutant does not compile")

// rebuild builds the test binaries with one mutant that cannot be switched on.
func (p *program) rebuild(ctx context.Context, m *mutant) error {
	defer p.writeFiles(p.original)
	p.writeFiles(map[string][]byte{m.file: applyMutant(p.original[m.file], m)})
	if _, err := p.compile(ctx); err != nil {
		return errNotViable
	}
	return p.build(ctx)
}

func (p *program) writeFiles(files map[string][]byte) {
	for name, src := range files {
		if err := os.WriteFile(filepath.Join(p.dir, name), src, 0o600); err != nil {
			panic(err) // a file that was just read
		}
	}
}

func goCommand(ctx context.Context, args ...string) ([]byte, error) {
	return exec.CommandContext(ctx, "go", args...).CombinedOutput() //nolint:gosec // no argument comes from a client
}
