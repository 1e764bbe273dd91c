package versus

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/freeport"
	"github.com/xenon-auth/xenon/shared/config"
)

var (
	quick = flag.Bool("quick", false, "one round of a tenth of the requests: to try things out, not to quote")
	grow  = flag.Bool("growth", false, "also compare a database of a million users with one of ten thousand")
	docs  = flag.String("docs", "",
		"the folder that gets performance-data.json, performance-table.md and img/; without, the table is only printed")
	roundCount   = flag.Int("rounds", 5, "how often everything is measured")
	onlyRequests = flag.String("only", "", "measure only the requests whose whole name matches this `regexp`")
	onlySubjects = flag.String("subjects", "",
		"measure only the subjects whose whole name matches this `regexp`, and do not count what a request costs")
)

// isRequestSelected and isSubjectSelected report whether the flags -only and -subjects select a request and a subject.
func isRequestSelected(request string) bool { return matchesWhole(*onlyRequests, request) }
func isSubjectSelected(subject string) bool { return matchesWhole(*onlySubjects, subject) }

// isSelected reports whether the flags select the workload of a request and a subject.
func isSelected(request, subject string) bool {
	return isRequestSelected(request) && isSubjectSelected(subject)
}

// selectedWorkloads returns the workloads that the flags select.
func selectedWorkloads(groups [][]workload) [][]workload {
	for i, group := range groups {
		groups[i] = slices.DeleteFunc(group, func(w workload) bool { return !isSelected(w.request, w.subject) })
	}
	return groups
}

// isPartOfRun reports whether the flags select only a part of the measurements.
func isPartOfRun() bool { return *onlyRequests+*onlySubjects != "" }

// matchesWhole reports whether pattern is empty or matches the whole name.
func matchesWhole(pattern, name string) bool {
	return pattern == "" || regexp.MustCompile("^(?:"+pattern+")$").MatchString(name)
}

// The subjects of the workloads: what sends the response or does the work.
const (
	xenonSubject, xenonArgon2idSubject, xenonScryptSubject = "Xenon", "Xenon, argon2id", "Xenon, scrypt"
	betterAuthSubject, betterAuthScryptSubject             = "Better Auth", "Better Auth, scrypt"
	functionSubject                                        = "Xenon, function"
	pgbenchSubject                                         = "pgbench"
	bareArgon2idSubject, bareScryptSubject                 = "bare argon2id", "bare scrypt"
	bareSignatureSubject                                   = "bare RSA signature"
)

// The numbers of calls in one run, one for each number of connections. A run takes one to four seconds, because a
// shorter run would be measured imprecisely: /proc counts processor time in ticks of 10 ms.
var (
	fastCalls    = [3]int{3000, 12000, 12000}
	signingCalls = [3]int{400, 700, 700} // few enough that all rounds together do not need more users than there are
	slowCalls    = [3]int{300, 800, 800}
	argon2Calls  = [3]int{40, 96, 128}
	scryptCalls  = [3]int{20, 48, 64}
	startCalls   = [3]int{3, 0, 0}
	pgbenchCalls = [3]int{6000, 32000, 32000}
)

// emulatorCallCount is the number of calls in one run through the emulator, with one connection, for requests that do
// not hash a password.
const emulatorCallCount = 1500

// BenchmarkVersus measures all workloads once, whatever b.N is, and writes the results. `make bench` runs it with
// -benchtime 1x.
func BenchmarkVersus(b *testing.B) {
	began := time.Now()
	b.ReportMetric(0, "ns/op")
	logProgress := func(text string) { fmt.Fprintf(os.Stderr, "%5.0f s  %s\n", time.Since(began).Seconds(), text) }
	n, divisor := *roundCount, 1
	if *quick {
		n, divisor = 1, 10
	}
	if isPartOfRun() && *docs != "" {
		b.Fatal("-docs needs all measurements, without -only and -subjects")
	}
	logProgress("building, and filling three databases")
	program := buildRelease(b, "cmd/xenon")
	w := newBenchmarkSetup(b, program)
	r := newReport(b, w, n, *quick)
	var fetched atomic.Int64
	groups := selectedWorkloads(w.workloadGroups(b, program, &fetched))
	cells, err := measureRounds(b.Context(), groups, n, divisor, w.postgres, logProgress)
	if err != nil {
		b.Fatal(err)
	}
	r.cells, r.fetches = cells, fetched.Load()
	if err := r.readPeakMemory(w); err != nil {
		b.Fatal(err)
	}
	r.count(b, w, logProgress)
	if *grow {
		if r.growth, err = measureGrowth(b, program, n, divisor, logProgress); err != nil {
			b.Fatal(err)
		}
	}
	r.minutes = time.Since(began).Minutes()
	fmt.Fprintf(os.Stderr, "\n%s\n", r.markdown())
	if *docs == "" {
		return
	}
	if err := r.write(*docs); err != nil {
		b.Fatal(err)
	}
	logProgress("written to " + *docs)
}

// count counts what requests and starts cost, unless the flags select only a part.
func (r *report) count(b *testing.B, w *benchmarkSetup, logProgress func(string)) {
	b.Helper()
	if *onlySubjects == "" {
		logProgress("counting what a request costs")
		r.parts, r.bareCounts = w.countCosts(b), w.countBare(b)
	}
	if !isPartOfRun() {
		var err error
		if r.inits, err = w.measureInits(b.Context(), w.buildFunctionBootstrap(b, "session")); err != nil {
			b.Fatal(err)
		}
	}
}

// workloadGroups returns all workloads, grouped by what they do.
func (w *benchmarkSetup) workloadGroups(b *testing.B, program string, fetched *atomic.Int64) [][]workload {
	b.Helper()
	x, s, l := w.argon2id, w.scrypt, w.betterAuth
	null := server{name: "null handler", address: w.null}
	return [][]workload{
		{
			w.functionStartWorkload(b, startRequest, "session", getSessionCalls(x)(1)),
			processStartWorkload(startRequest, xenonSubject, func(ctx context.Context) (time.Duration, error) {
				address := freeport.Address(b)
				return timeServerStart(ctx, xenonCommand(program, x.database, x.dir, address, config.Argon2id), address)
			}),
			processStartWorkload(startRequest, betterAuthSubject, func(ctx context.Context) (time.Duration, error) {
				address := freeport.Address(b)
				return timeServerStart(ctx, betterAuthCommand(l.database, address), address)
			}),
		},
		{
			w.functionStartWorkload(b, jwksStartRequest, "jwks", getJWKSCalls(x)(1)),
			processStartWorkload(jwksStartRequest, bareFunctionSubject, func(ctx context.Context) (time.Duration, error) {
				f := w.startBareFunction(b)
				return w.timeFunctionStart(ctx, f.bootstrap, f.environment, getJWKSCalls(x)(1), nil)
			}),
		},
		{
			null.httpWorkload(
				"nothing",
				fastCalls,
				callsOfActiveUsers(1, func(int) httpCall { return newCall("GET", "/", "localhost", "{", "") }),
			),
		},
		{
			x.httpWorkload("get-session", fastCalls, callsOfActiveUsers(activeCount, getSessionCalls(x))),
			w.bare.httpWorkload("get-session", fastCalls, callsOfActiveUsers(activeCount, getSessionCalls(w.bare))),
			l.httpWorkload("get-session", slowCalls,
				callsOfActiveUsers(activeCount, getSessionCalls(l))),
			w.pgbenchWorkload(b, pgbenchCalls),
			w.emulatorWorkload(
				b,
				"session",
				emulatorSubject,
				"get-session",
				x,
				emulatorCallCount,
				callsOfActiveUsers(activeCount, w.events.callsWithEvents(getSessionCalls(x))),
			),
		},
		{
			x.httpWorkload(getSessionOfManyUsers, signingCalls, callsOfInactiveUsers(getSessionCalls(x))),
			l.httpWorkload(getSessionOfManyUsers, signingCalls, callsOfInactiveUsers(getSessionCalls(l))),
		},
		{
			x.httpWorkload(
				"token",
				fastCalls,
				callsOfActiveUsers(activeCount, getTokenCalls(x)),
			),
			w.bare.httpWorkload("token", fastCalls, callsOfActiveUsers(activeCount, getTokenCalls(w.bare))),
			l.httpWorkload("token", slowCalls, callsOfActiveUsers(activeCount, getTokenCalls(l))),
			inProcessWorkload("token", bareSignatureSubject, [3]int{500, 0, 1000}, signatureFunction(b)),
			w.emulatorWorkload(
				b,
				"token",
				emulatorSubject,
				"token",
				x,
				emulatorCallCount,
				callsOfActiveUsers(activeCount, w.events.callsWithEvents(getTokenCalls(x))),
			),
		},
		{
			x.httpWorkload("jwks", fastCalls, callsOfActiveUsers(1, getJWKSCalls(x))),
			w.bare.httpWorkload("jwks", fastCalls, callsOfActiveUsers(1, getJWKSCalls(w.bare))),
			l.httpWorkload("jwks", slowCalls, callsOfActiveUsers(1, getJWKSCalls(l))),
			w.emulatorWorkload(
				b,
				"jwks",
				emulatorSubject,
				"jwks",
				x,
				emulatorCallCount,
				callsOfActiveUsers(1, w.events.callsWithEvents(getJWKSCalls(x))),
			),
			w.bareFunctionWorkload(b),
		},
		{
			x.httpWorkloadAs(
				xenonArgon2idSubject,
				"sign-in",
				argon2Calls,
				callsOfActiveUsers(activeCount, signInCalls(x)),
			),
			inProcessWorkload("sign-in", bareArgon2idSubject, argon2Calls,
				hashFunction(config.Argon2id)),
			s.httpWorkloadAs(
				xenonScryptSubject,
				"sign-in",
				scryptCalls,
				callsOfActiveUsers(activeCount, signInCalls(s)),
			),
			inProcessWorkload("sign-in", bareScryptSubject, scryptCalls,
				hashFunction(config.Scrypt)),
			l.httpWorkloadAs(betterAuthScryptSubject, "sign-in", scryptCalls, callsOfActiveUsers(activeCount, signInCalls(l))),
			w.emulatorWorkload(
				b,
				"signin",
				emulatorArgon2idSubject,
				"sign-in",
				x,
				argon2Calls[0],
				callsOfActiveUsers(activeCount, w.events.callsWithEvents(signInCalls(x))),
			),
			w.emulatorWorkload(
				b,
				"signin",
				emulatorScryptSubject,
				"sign-in",
				s,
				scryptCalls[0],
				callsOfActiveUsers(activeCount, w.events.callsWithEvents(signInCalls(s))),
			),
		},
		{
			x.httpWorkloadAs(xenonArgon2idSubject, "sign-up", argon2Calls, signUpCalls(x)),
			s.httpWorkloadAs(xenonScryptSubject, "sign-up", scryptCalls, signUpCalls(s)),
			l.httpWorkloadAs(betterAuthScryptSubject, "sign-up", scryptCalls, signUpCalls(l)),
			w.emulatorWorkload(
				b,
				"signup",
				emulatorArgon2idSubject,
				"sign-up",
				x,
				argon2Calls[0],
				w.events.callsWithEvents(signUpCalls(x)),
			),
			w.emulatorWorkload(
				b,
				"signup",
				emulatorScryptSubject,
				"sign-up",
				s,
				scryptCalls[0],
				w.events.callsWithEvents(signUpCalls(s)),
			),
		},
		{
			x.httpWorkload("profile GET", fastCalls, callsOfActiveUsers(activeCount, getProfileCalls(x, w.jwts))),
			w.bare.httpWorkload("profile GET", fastCalls,
				callsOfActiveUsers(activeCount, getProfileCalls(w.bare, w.jwts))),
			w.emulatorWorkload(b, "profile", emulatorSubject, "profile GET", x, emulatorCallCount,
				callsOfActiveUsers(activeCount, w.events.callsWithEvents(getProfileCalls(x, w.jwts)))),
		},
		{
			x.httpWorkload("profile PUT", fastCalls, callsOfActiveUsers(activeCount, putProfileCalls(x, w.jwts))),
			w.emulatorWorkload(b, "profile", emulatorSubject, "profile PUT", x, emulatorCallCount,
				callsOfActiveUsers(activeCount, w.events.callsWithEvents(putProfileCalls(x, w.jwts)))),
		},
		w.verifyWorkloads(b, fetched),
	}
}

// getSessionOfManyUsers is the name of the workloads in which each call of get-session is by a different user, so that
// no JWT is reused.
const getSessionOfManyUsers = "get-session, 10,000 people"

// The names of the workloads that start a process. The bare function answers jwks only, which needs no database.
const (
	startRequest     = "start to first answer"
	jwksStartRequest = "start to first answer of jwks"
)

// functionStartWorkload returns a workload that starts a function with the call as its first event.
func (w *benchmarkSetup) functionStartWorkload(b *testing.B, request, folder string, c httpCall) workload {
	b.Helper()
	return processStartWorkload(request, functionSubject, func(ctx context.Context) (time.Duration, error) {
		return w.timeFunctionStart(ctx, w.buildFunctionBootstrap(b, folder), w.argon2id.functionEnvironment(), c, nil)
	})
}

// processStartWorkload returns a workload that starts a process and waits for its first response.
func processStartWorkload(request, subject string, work func(context.Context) (time.Duration, error)) workload {
	return workload{
		request: request, subject: subject, counts: startCalls,
		run: func(ctx context.Context, _, count int) (loadResult, error) {
			var r loadResult
			for range count {
				took, err := work(ctx)
				if err != nil {
					return loadResult{}, err
				}
				r.took, r.whole = append(r.took, took), r.whole+took
			}
			return r, nil
		},
	}
}
