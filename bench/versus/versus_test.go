package versus

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
)

var (
	quick  = flag.Bool("quick", false, "one round of a tenth of the requests: to try things out, not to quote")
	grow   = flag.Bool("growth", false, "also compare a database of a million users with one of ten thousand")
	docs   = flag.String("docs", "", "the folder that gets performance-data.json, performance-table.md and img/; without, the table is only printed")
	nRound = flag.Int("rounds", 5, "how often everything is measured")
)

// The subjects that are compared.
const (
	ours, ourArgon2id, ourScrypt = "Xenon", "Xenon, argon2id", "Xenon, scrypt"
	theLibrary, theirScrypt      = "Better Auth", "Better Auth, scrypt"
	ourFunction, ourEmulator     = "Xenon, function", "Xenon, Lambda emulator"
	thePgbench                   = "pgbench"
	bareArgon2id, bareScrypt     = "bare argon2id", "bare scrypt"
	theSignature                 = "bare RSA signature"
)

// How often, by crowd. A run takes one to four seconds, so that the ticks of /proc count.
var (
	fast     = [3]int{3000, 12000, 12000}
	signing  = [3]int{400, 1000, 1000}
	slow     = [3]int{300, 800, 800}
	argon2s  = [3]int{40, 96, 128}
	scrypts  = [3]int{20, 48, 64}
	onlyOne  = [3]int{300, 0, 0}
	starts   = [3]int{3, 0, 0}
	pgbenchs = [3]int{6000, 32000, 32000}
)

// BenchmarkVersus measures everything once, whatever -benchtime says, and writes what came out; `make bench` runs it.
func BenchmarkVersus(b *testing.B) {
	began := time.Now()
	b.ReportMetric(0, "ns/op")
	tell := func(text string) { fmt.Fprintf(os.Stderr, "%5.0f s  %s\n", time.Since(began).Seconds(), text) }
	n, divisor := *nRound, 1
	if *quick {
		n, divisor = 1, 10
	}
	tell("building, and filling three databases")
	program, bootstrap := build(b, "cmd/xenon"), build(b, "functions/session")
	w := newWorld(b, program)
	w.emulator = startEmulator(b, bootstrap, w.argon2id)
	r := newReport(b, w, n, *quick)
	var fetched atomic.Int64
	cells, err := rounds(b.Context(), w.groups(b, program, bootstrap, &fetched), n, divisor, w.postgres, tell)
	if err != nil {
		b.Fatal(err)
	}
	r.cells, r.fetches = cells, fetched.Load()
	if err := r.peaks(w); err != nil {
		b.Fatal(err)
	}
	if *grow {
		if r.growth, err = growth(b, program, n, divisor, tell); err != nil {
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
	tell("written to " + *docs)
}

// groups are all ways, those of one thing next to each other.
func (w *world) groups(b *testing.B, program, bootstrap string, fetched *atomic.Int64) [][]way {
	b.Helper()
	x, s, l := w.argon2id, w.scrypt, w.library
	null := server{name: "null handler", address: w.null}
	return [][]way{
		{
			first(ourFunction, func(ctx context.Context) (time.Duration, error) { return firstOfFunction(ctx, bootstrap, x) }),
			first(ours, func(ctx context.Context) (time.Duration, error) {
				address := freeAddress(b)
				return firstOfServer(ctx, xenonCommand(program, x.database, x.dir, address, config.Argon2id), address)
			}),
			first(theLibrary, func(ctx context.Context) (time.Duration, error) {
				address := freeAddress(b)
				return firstOfServer(ctx, libraryCommand(l.database, address), address)
			}),
		},
		{null.over("nothing", fast, someone(1, func(int) call { return newCall("GET", "/", "localhost", "{", "") }))},
		{
			x.over("get-session", fast, someone(active, getSession(x))), l.over("get-session", slow, someone(active, getSession(l))),
			w.pgbench(b, pgbenchs),
			w.emulator.over("get-session", onlyOne, someone(active, w.emulator.getSession)),
		},
		{
			x.over(newPeople, signing, someone(people, getSession(x))),
			l.over(newPeople, signing, someone(people, getSession(l))),
		},
		{
			x.over("token", fast, someone(active, getToken(x))), l.over("token", slow, someone(active, getToken(l))),
			alone("token", theSignature, 500, bareSignature(b)),
		},
		{x.over("jwks", fast, someone(1, getJWKS(x))), l.over("jwks", slow, someone(1, getJWKS(l)))},
		{
			x.as(ourArgon2id, "sign-in", argon2s, someone(active, signIn(x))), alone("sign-in", bareArgon2id, argon2s[0], bareHash(config.Argon2id)),
			s.as(ourScrypt, "sign-in", scrypts, someone(active, signIn(s))), alone("sign-in", bareScrypt, scrypts[0], bareHash(config.Scrypt)),
			l.as(theirScrypt, "sign-in", scrypts, someone(active, signIn(l))),
		},
		{
			x.as(ourArgon2id, "sign-up", argon2s, signUp(x)), s.as(ourScrypt, "sign-up", scrypts, signUp(s)),
			l.as(theirScrypt, "sign-up", scrypts, signUp(l)),
		},
		{x.over("profile GET", fast, someone(active, getProfile(x, w.jwts)))},
		{x.over("profile PUT", fast, someone(active, putProfile(x, w.jwts)))},
		{alone("verify a JWT", ours, 2000, w.verify(b, fetched))},
	}
}

// newPeople is get-session by somebody else every time, so that no token can be handed out again.
const newPeople = "get-session, 10,000 people"

// first is a way to start a process and have its first answer.
func first(subject string, work func(context.Context) (time.Duration, error)) way {
	return way{"start to first answer", subject, starts, 0, func(ctx context.Context, _, count int) (run, error) {
		var r run
		for range count {
			took, err := work(ctx)
			if err != nil {
				return run{}, err
			}
			r.took, r.whole = append(r.took, took), r.whole+took
		}
		return r, nil
	}}
}
