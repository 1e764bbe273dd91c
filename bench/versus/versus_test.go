package versus

import (
	"context"
	"flag"
	"fmt"
	"os"
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
	roundCount = flag.Int("rounds", 5, "how often everything is measured")
)

// The subjects of the workloads: what sends the response or does the work.
const (
	ours, ourArgon2id, ourScrypt = "Xenon", "Xenon, argon2id", "Xenon, scrypt"
	betterAuth, betterAuthScrypt = "Better Auth", "Better Auth, scrypt"
	ourFunction                  = "Xenon, function"
	thePgbench                   = "pgbench"
	bareArgon2id, bareScrypt     = "bare argon2id", "bare scrypt"
	theSignature                 = "bare RSA signature"
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

// emulatorCalls is the number of calls in one run through the emulator, with one connection, for requests that do not
// hash a password.
const emulatorCalls = 1500

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
	logProgress("building, and filling three databases")
	program := build(b, "cmd/xenon")
	w := newSetup(b, program)
	r := newReport(b, w, n, *quick)
	var fetched atomic.Int64
	cells, err := measureRounds(b.Context(), w.workloadGroups(b, program, &fetched), n, divisor, w.postgres, logProgress)
	if err != nil {
		b.Fatal(err)
	}
	r.cells, r.fetches = cells, fetched.Load()
	if err := r.readPeakMemory(w); err != nil {
		b.Fatal(err)
	}
	logProgress("counting what a request costs")
	r.parts = w.countCosts(b)
	if r.inits, err = w.measureInits(b.Context(), w.bootstrap(b, "session")); err != nil {
		b.Fatal(err)
	}
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

// workloadGroups returns all workloads, grouped by what they do.
func (w *benchmarkSetup) workloadGroups(b *testing.B, program string, fetched *atomic.Int64) [][]workload {
	b.Helper()
	x, s, l := w.argon2id, w.scrypt, w.betterAuth
	null := server{name: "null handler", address: w.null}
	return [][]workload{
		{
			startWorkload(ourFunction, func(ctx context.Context) (time.Duration, error) {
				return w.timeFunctionStart(ctx, w.bootstrap(b, "session"), nil)
			}),
			startWorkload(ours, func(ctx context.Context) (time.Duration, error) {
				address := freeport.Address(b)
				return timeServerStart(ctx, xenonCommand(program, x.database, x.dir, address, config.Argon2id), address)
			}),
			startWorkload(betterAuth, func(ctx context.Context) (time.Duration, error) {
				address := freeport.Address(b)
				return timeServerStart(ctx, betterAuthCommand(l.database, address), address)
			}),
		},
		{
			null.overHTTP(
				"nothing",
				fastCalls,
				callsOfActiveUsers(1, func(int) httpCall { return newCall("GET", "/", "localhost", "{", "") }),
			),
		},
		{
			x.overHTTP("get-session", fastCalls, callsOfActiveUsers(activeCount, getSession(x))),
			l.overHTTP("get-session", slowCalls,
				callsOfActiveUsers(activeCount, getSession(l))),
			w.pgbench(b, pgbenchCalls),
			w.throughEmulator(
				b,
				"session",
				ourEmulator,
				"get-session",
				x,
				emulatorCalls,
				callsOfActiveUsers(activeCount, w.events.throughEvents(getSession(x))),
			),
		},
		{
			x.overHTTP(manyUsers, signingCalls, callsOfInactiveUsers(getSession(x))),
			l.overHTTP(manyUsers, signingCalls, callsOfInactiveUsers(getSession(l))),
		},
		{
			x.overHTTP(
				"token",
				fastCalls,
				callsOfActiveUsers(activeCount, getToken(x)),
			),
			l.overHTTP("token", slowCalls, callsOfActiveUsers(activeCount, getToken(l))),
			inProcessWorkload("token", theSignature, [3]int{500, 0, 1000}, bareSignature(b)),
			w.throughEmulator(
				b,
				"token",
				ourEmulator,
				"token",
				x,
				emulatorCalls,
				callsOfActiveUsers(activeCount, w.events.throughEvents(getToken(x))),
			),
		},
		{
			x.overHTTP("jwks", fastCalls, callsOfActiveUsers(1, getJWKS(x))),
			l.overHTTP("jwks", slowCalls, callsOfActiveUsers(1, getJWKS(l))),
			w.throughEmulator(
				b,
				"jwks",
				ourEmulator,
				"jwks",
				x,
				emulatorCalls,
				callsOfActiveUsers(1, w.events.throughEvents(getJWKS(x))),
			),
		},
		{
			x.workloadOf(
				ourArgon2id,
				"sign-in",
				argon2Calls,
				callsOfActiveUsers(activeCount, signIn(x)),
			),
			inProcessWorkload("sign-in", bareArgon2id, argon2Calls,
				hashOnly(config.Argon2id)),
			s.workloadOf(
				ourScrypt,
				"sign-in",
				scryptCalls,
				callsOfActiveUsers(activeCount, signIn(s)),
			),
			inProcessWorkload("sign-in", bareScrypt, scryptCalls,
				hashOnly(config.Scrypt)),
			l.workloadOf(betterAuthScrypt, "sign-in", scryptCalls, callsOfActiveUsers(activeCount, signIn(l))),
			w.throughEmulator(
				b,
				"signin",
				emulatedArgon2id,
				"sign-in",
				x,
				argon2Calls[0],
				callsOfActiveUsers(activeCount, w.events.throughEvents(signIn(x))),
			),
			w.throughEmulator(
				b,
				"signin",
				emulatedScrypt,
				"sign-in",
				s,
				scryptCalls[0],
				callsOfActiveUsers(activeCount, w.events.throughEvents(signIn(s))),
			),
		},
		{
			x.workloadOf(ourArgon2id, "sign-up", argon2Calls, signUp(x)),
			s.workloadOf(ourScrypt, "sign-up", scryptCalls, signUp(s)),
			l.workloadOf(betterAuthScrypt, "sign-up", scryptCalls, signUp(l)),
			w.throughEmulator(b, "signup", emulatedArgon2id, "sign-up", x, argon2Calls[0], w.events.throughEvents(signUp(x))),
			w.throughEmulator(b, "signup", emulatedScrypt, "sign-up", s, scryptCalls[0], w.events.throughEvents(signUp(s))),
		},
		{
			x.overHTTP("profile GET", fastCalls, callsOfActiveUsers(activeCount, getProfile(x, w.jwts))),
			w.throughEmulator(b, "profile", ourEmulator, "profile GET", x, emulatorCalls,
				callsOfActiveUsers(activeCount, w.events.throughEvents(getProfile(x, w.jwts)))),
		},
		{
			x.overHTTP("profile PUT", fastCalls, callsOfActiveUsers(activeCount, putProfile(x, w.jwts))),
			w.throughEmulator(b, "profile", ourEmulator, "profile PUT", x, emulatorCalls,
				callsOfActiveUsers(activeCount, w.events.throughEvents(putProfile(x, w.jwts)))),
		},
		w.verify(b, fetched),
	}
}

// manyUsers is the name of the workloads in which each call of get-session is by a different user, so that no JWT is
// reused.
const manyUsers = "get-session, 10,000 people"

// startWorkload returns a workload that starts a process and waits for its first response.
func startWorkload(subject string, work func(context.Context) (time.Duration, error)) workload {
	return workload{
		request: "start to first answer", subject: subject, counts: startCalls,
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
