// Command mutants runs tests with each mutant of a package. A mutant is the package with one operator changed, such as
// < to <=; a test should fail. All mutants are compiled into the test binaries, and an environment variable switches
// one on, so that a mutant costs only the time of the tests that reach its operator. gremlins lists the mutants.
//
//	mutants LIST PACKAGE TEST_PACKAGE ...
//
// LIST is the JSON that gremlins unleash --dry-run writes for PACKAGE, a directory below the current one. The tests of
// the test packages run; PACKAGE is usually one of them. The command rewrites files of PACKAGE: run it in a copy
// (scripts/mutants).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

type options struct {
	workers   int
	files     *regexp.Regexp
	tests     string
	skip      *regexp.Regexp // nil skips no test
	limit     time.Duration
	efficacy  float64
	list, dir string
	testDirs  []string
	verbose   bool // print the killed mutants, too
	explained []explanation
}

func main() {
	var o options
	flag.IntVar(&o.workers, "workers", 2, "how many mutants run at a time")
	files := flag.String("files", "", "try only the mutants whose file:line:column matches this regular expression")
	flag.StringVar(&o.tests, "run", ".", "run only the tests whose name matches this regular expression")
	skip := flag.String("skip", "", "leave out the tests whose name matches this regular expression")
	flag.DurationVar(&o.limit, "limit", 0, "for each mutant, leave out the slowest tests, so that the rest take this time")
	flag.Float64Var(&o.efficacy, "efficacy", 95, "fail if the tests kill less than this percentage of the covered mutants")
	explained := flag.String("explained", "", "a Markdown file with explanations of mutants that no test kills "+
		"(docs/mutants.md); the command fails if it does not explain such a mutant")
	flag.BoolVar(&o.verbose, "v", false, "print killed mutants too, with the test that killed them")
	flag.Parse()
	if flag.NArg() < 3 {
		fmt.Fprintln(os.Stderr, "usage: mutants [options] LIST PACKAGE TEST_PACKAGE ...")
		os.Exit(2)
	}
	o.files = regexp.MustCompile(*files)
	if *skip != "" {
		o.skip = regexp.MustCompile(*skip)
	}
	o.list, o.dir, o.testDirs = flag.Arg(0), flag.Arg(1), flag.Args()[2:]
	if *explained != "" {
		var err error
		if o.explained, err = readExplanations(*explained); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := o.runAll(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:gocritic // cancel, which is deferred, need not run before an exit
	}
}

// runAll tries all mutants and prints the counts. It returns an error if the tests kill too few mutants, or if a mutant
// that no test kills has no explanation.
func (o *options) runAll(ctx context.Context) error {
	start := time.Now()
	work, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work) //nolint:errcheck // a temporary directory
	mutants, err := readList(o.list, o.dir)
	if err != nil {
		return err
	}
	p, err := newProgram(ctx, o.dir, work, mutants, o.testDirs)
	if err != nil {
		return err
	}
	tests, err := o.measureTests(ctx, p, work)
	if err != nil {
		return err
	}
	fmt.Printf("%d tests ran without a mutant in %.0f s\n", len(tests), time.Since(start).Seconds())
	counts, unexplained := o.tryAll(ctx, p, tests)
	if ctx.Err() != nil {
		return errors.New("the run was interrupted before all mutants were tried")
	}
	dead, ran := counts[killed]+counts[timedOut], counts[killed]+counts[timedOut]+counts[lived]
	percent := 100 * float64(dead) / float64(max(ran, 1))
	fmt.Printf("%s: %d mutants ran, %d killed (%.1f %%, %d of them timed out), %d lived; %d not covered, "+
		"%d do not compile; %.0f s\n", o.dir, ran, dead, percent, counts[timedOut], counts[lived], counts[notCovered],
		counts[notViable], time.Since(start).Seconds())
	var tooFew, notExplained error
	if ran > 0 && percent < o.efficacy {
		tooFew = fmt.Errorf("%s: the tests kill less than %.0f %% of the mutants; add tests", o.dir, o.efficacy)
	}
	if len(unexplained) > 0 {
		notExplained = fmt.Errorf("%s: no test kills these mutants, and docs/mutants.md does not explain them:\n%s", o.dir,
			strings.Join(unexplained, "\n"))
	}
	return errors.Join(tooFew, notExplained)
}

// measureTests runs each of the selected tests without a mutant, and returns the tests that pass.
func (o *options) measureTests(ctx context.Context, p *program, work string) ([]*test, error) {
	var all []*test
	for _, b := range p.binaries {
		tests, err := b.listTests(ctx, o.tests)
		if err != nil {
			return nil, err
		}
		for _, t := range tests {
			if o.skip == nil || !o.skip.MatchString(t.name) {
				all = append(all, t)
			}
		}
	}
	passed := make([]bool, len(all))
	inParallel(o.workers, len(all), func(i int) { passed[i] = all[i].measureDuration(ctx, work) })
	var tests []*test
	for i, t := range all {
		if passed[i] {
			tests = append(tests, t)
		} else {
			fmt.Printf("%s fails without a mutant and is left out\n", t.name)
		}
	}
	return tests, ctx.Err()
}

// tryAll tries all mutants. It returns how many have each outcome, and lists the mutants that no test kills and that
// have no explanation.
func (o *options) tryAll(ctx context.Context, p *program, tests []*test) (map[outcome]int, []string) {
	counts := map[outcome]int{}
	var unexplained []string
	var lock sync.Mutex
	report := func(m *mutant, result outcome, by string) {
		lock.Lock()
		defer lock.Unlock()
		counts[result]++
		if o.verbose || result == lived || result == notCovered || result == timedOut {
			fmt.Println(result, m, by)
		}
		if (result == lived || result == notCovered) && !m.isExplained(o.dir, o.explained) {
			unexplained = append(unexplained, fmt.Sprintf("%s %s, %s", result, m, m.function))
		}
	}
	var switched, rebuilt []*mutant
	for _, m := range p.mutants {
		switch {
		case !o.files.MatchString(m.String()):
		case !m.isViable():
			report(m, notViable, "")
		case m.needsRebuild:
			rebuilt = append(rebuilt, m)
		default:
			switched = append(switched, m)
		}
	}
	inParallel(o.workers, len(switched), func(i int) {
		if ctx.Err() == nil {
			result, by := o.tryMutant(ctx, switched[i], tests, o.workers)
			report(switched[i], result, by)
		}
	})
	for _, m := range rebuilt {
		err := p.rebuild(ctx, m)
		switch {
		case ctx.Err() != nil:
			return counts, unexplained
		case errors.Is(err, errNotViable):
			report(m, notViable, "")
		case err != nil:
			report(m, killed, err.Error())
		default:
			result, by := o.tryMutant(ctx, m, tests, 1)
			report(m, result, by)
		}
	}
	return counts, unexplained
}

// inParallel calls do(0), do(1), … do(n-1). At most `workers` of these calls run at a time.
func inParallel(workers, n int, do func(i int)) {
	next := make(chan int)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
}
