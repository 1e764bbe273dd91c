//go:build moto

package bench

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/conformance/lambda/sandbox"
	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

var updateCold = flag.Bool("update", false, "write the section on cold starts in docs/lambda.md")

// partsOfColdStart are the parts of the time from the start of a process to its first response, in the order in which
// they happen.
var partsOfColdStart = []struct{ name, what string }{
	{"runtime", "exec, Go's runtime, init functions of packages"},
	{"config", "settings, handlers, first request for an event"},
	{"secrets", "one BatchGetSecretValue for both secrets"},
	{"connect", "TCP and start-up of a Postgres session, without TLS"},
	{"query", "the one statement"},
	{"rest", "event, cookie, first use of the keys, JWT, JSON"},
}

// BenchmarkColdStart measures the first get-session of a signed-in user in a new process of functions/session under
// AWS's emulator. It leaves out the time that the emulator itself needs. The function has no code for this: the times
// come from its network traffic and from the init trace of the Go runtime.
func BenchmarkColdStart(b *testing.B) {
	database := newTimingProxy(b, dbtest.New(b))
	d := sandbox.Deploy(b, database.proxyURL())
	d.RotateKeys(d.Start("rotate", sandbox.Build(b, "functions/rotate")))
	cookie := signUpUser(b, d)
	cloud := newTimingProxy(b, d.Cloud["AWS_ENDPOINT_URL"])
	d.Cloud["AWS_ENDPOINT_URL"] = cloud.proxyURL()
	session := sandbox.Build(b, "functions/session")
	runs := map[string][]time.Duration{}
	for b.Loop() {
		database.reset()
		cloud.reset()
		measureColdStart(b, d, session, cookie, database, cloud, runs)
	}
	reportTimes(b, runs)
}

// signUpUser signs up a user with functions/signup, and returns the session cookie.
func signUpUser(b *testing.B, d *sandbox.Deployment) (cookie string) {
	b.Helper()
	s := d.Start("signup", sandbox.Build(b, "functions/signup"))
	answer := s.InvokeHTTP(sandbox.NewEvent("POST", "/api/auth/sign-up/email", "", "198.51.100.1",
		`{"name":"Ada","email":"ada@example.com","password":"`+signInPassword+`"}`))
	if answer.StatusCode != 200 || len(answer.Cookies) == 0 {
		b.Fatalf("sign-up: got %d %s, want 200 and a cookie", answer.StatusCode, answer.Body)
	}
	cookie, _, _ = strings.Cut(answer.Cookies[0], ";")
	return cookie
}

// measureColdStart starts functions/session, sends it the event of get-session twice, and adds the times of each part
// of the first request, and of the whole second request, to runs.
func measureColdStart(
	b *testing.B,
	d *sandbox.Deployment,
	program, cookie string,
	database, cloud *timingProxy,
	runs map[string][]time.Duration,
) {
	b.Helper()
	trace := newInitTrace(b)
	o := d.Functions["session"].Options(program, d.Cloud, map[string]string{"GODEBUG": "inittrace=1"})
	o.Stderr = trace.file
	s := sandbox.Start(b, o)
	s.AddSecrets(d.Hidden...)
	event := sandbox.NewEvent("GET", "/api/auth/get-session", "", "198.51.100.1", "", cookie)
	if got := s.InvokeHTTP(event); !strings.Contains(got.Body, "ada@example.com") || got.Headers["Set-Auth-Jwt"] == "" {
		b.Fatalf("get-session: got %d %s, want the user's email and Set-Auth-Jwt", got.StatusCode, got.Body)
	}
	began, initialised := s.StartTimes()[0], trace.lastInitTime(b)
	connect, statements, query := database.splitTimes(b)
	if statements != 1 {
		b.Fatalf("round trips of get-session: got %d, want 1", statements)
	}
	took := map[string]time.Duration{
		"runtime": initialised.Sub(began), "config": s.FirstRequest().Sub(initialised),
		"secrets": cloud.totalTime(), "connect": connect, "query": query,
		"total": s.InitTime() + s.FirstAnswer().Sub(s.FirstEvent()),
	}
	took["rest"] = s.FirstAnswer().Sub(s.FirstEvent()) - took["secrets"] - connect - query
	for name, t := range took {
		runs[name] = append(runs[name], t)
	}
	warm := sandbox.WallClockNow()
	s.InvokeHTTP(event)
	runs["warm"] = append(runs["warm"], sandbox.WallClockNow().Sub(warm))
}

// medianMilliseconds returns the median in milliseconds, and sorts all.
func medianMilliseconds(all []time.Duration) float64 {
	slices.Sort(all)
	return float64(all[len(all)/2].Microseconds()) / 1000
}

func reportTimes(b *testing.B, runs map[string][]time.Duration) {
	b.Helper()
	total := medianMilliseconds(runs["total"])
	var text strings.Builder
	text.WriteString("| part | what | ms | share |\n|---|---|---|---|\n")
	for _, p := range partsOfColdStart {
		ms := medianMilliseconds(runs[p.name])
		b.ReportMetric(ms, p.name+"-ms")
		fmt.Fprintf(&text, "| %s | %s | %.1f | %.0f %% |\n", p.name, p.what, ms, 100*ms/total)
	}
	n := len(runs["total"])
	fmt.Fprintf(&text, "| **all** | process start to response, without the emulator's own time | **%.1f** | |\n\n", total)
	fmt.Fprintf(&text, "Medians of %d runs, so the sum of the parts may differ from the total.\n", n)
	fmt.Fprintf(&text, "The slowest run took %.1f ms, and a warm request, emulator included, %.1f ms.\n",
		float64(runs["total"][n-1].Microseconds())/1000, medianMilliseconds(runs["warm"]))
	b.ReportMetric(total, "total-ms")
	b.ReportMetric(0, "ns/op") // ns/op would include the start and stop of the emulator
	if *updateCold && n >= 5 {
		sandbox.WritePartOfPage(b, "cold", text.String())
	}
}

// initTrace reads the lines that the Go runtime prints with GODEBUG=inittrace=1. It reads them from a pipe, so that it
// knows when each line was written.
type initTrace struct {
	file string
	mu   sync.Mutex
	when time.Time
}

func newInitTrace(b *testing.B) *initTrace {
	b.Helper()
	tr := &initTrace{file: filepath.Join(b.TempDir(), "stderr")}
	if err := syscall.Mkfifo(tr.file, 0o600); err != nil {
		b.Fatal(err)
	}
	pipe, err := os.OpenFile(tr.file, os.O_RDWR, 0) // also for writing, so that opening does not wait for a writer
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { pipe.Close() })
	go func() {
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "init ") {
				tr.mu.Lock()
				tr.when = sandbox.WallClockNow()
				tr.mu.Unlock()
			}
		}
	}()
	return tr
}

// lastInitTime returns the time at which the last package was initialised.
func (tr *initTrace) lastInitTime(b *testing.B) time.Time {
	b.Helper()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if tr.when.IsZero() {
		b.Fatal("the Go runtime printed no line that begins with \"init\", want the lines of GODEBUG=inittrace=1")
	}
	return tr.when
}
