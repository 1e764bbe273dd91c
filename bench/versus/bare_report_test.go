package versus

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
)

// bareRow compares a value of Xenon with that of the bare server or the bare function.
type bareRow struct {
	What  string  `json:"what"`
	Xenon float64 `json:"xenon"`
	Bare  float64 `json:"bare"`
	Ratio spread  `json:"ratio"`
}

func newBareRow(what string, xenon, bare float64) bareRow {
	return bareRow{what, xenon, bare, spreadOfOneValue(xenon / bare)}
}

// bareRows returns the comparisons with the bare server and the bare function: first the timed, then the counted ones.
func (r *report) bareRows() (all []bareRow) {
	add := func(what, request, xenon, bare string, conns int, value measure) {
		x, y := findMeasuredWorkload(r.cells, request, xenon, conns), findMeasuredWorkload(r.cells, request, bare, conns)
		if x != nil && y != nil {
			all = append(all, bareRow{
				what, spreadOf(x.values(value)).Median, spreadOf(y.values(value)).Median, ratiosOf(x, y, value),
			})
		}
	}
	for _, request := range requestsOfBareServer {
		add(request+", 64 connections: requests/s", request, xenonSubject, bareServerSubject, 64, requestRate)
		add(request+", 64 connections: processor time, µs", request, xenonSubject, bareServerSubject, 64, serverTime)
	}
	add("jwks, function: requests/s", "jwks", emulatorSubject, bareFunctionSubject, 1, requestRate)
	add("jwks, function: processor time, µs", "jwks", emulatorSubject, bareFunctionSubject, 1, serverTime)
	add("jwks, function: start to first answer, ms", jwksStartRequest, functionSubject, bareFunctionSubject, 1,
		medianLatency)
	x, ok := r.memory[functionName("jwks", emulatorSubject)]
	y, bareOK := r.memory[bareFunctionSubject]
	if ok && bareOK {
		all = append(all, newBareRow("jwks, function: peak memory, MiB", x, y))
	}
	return append(all, r.bareCounts...)
}

func (r *report) writeBareRows(b *strings.Builder) {
	rows := r.bareRows()
	if len(rows) == 0 {
		return
	}
	b.WriteString("\n## Beside a bare server and a bare function\n\nProcessor time is that of the server or the " +
		"function. Allocations are counted as below, but with rate limits off, and those of a server from the HTTP " +
		"request to its answer, without net/http's server. The file is stripped and not compressed.\n\n" +
		"| | Xenon | bare | ratio |\n|---|--:|--:|--:|\n")
	for _, row := range rows {
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", row.What, formatNumber(row.Xenon), formatNumber(row.Bare), row.Ratio)
	}
}

// countBare counts the allocations of Xenon, the bare server and the bare function in this process, and the sizes of
// the functions' files.
func (w *benchmarkSetup) countBare(b *testing.B) (all []bareRow) {
	b.Helper()
	functions := newInProcessFunctions(b, w.argon2id, "off")
	jwts := make([]string, activeCount)
	for i := range jwts {
		jwts[i] = jwtOfUser(b, functions.server, i+1)
	}
	for _, request := range requestsOfBareServer {
		if isRequestSelected(request) {
			all = append(all, functions.countBesideBareServer(b, request, jwts)...)
		}
	}
	if isRequestSelected("jwks") {
		all = append(all, w.countBesideBareFunction(b, functions)...)
	}
	return all
}

// countBesideBareServer counts the allocations of a request to Xenon's handler and to that of the bare server.
func (w *inProcessFunctions) countBesideBareServer(tb testing.TB, request string, jwts []string) []bareRow {
	tb.Helper()
	bare := bareServerLike(tb, w.server, jwts)
	bareHandler, err := bare.Handler(tb.Context(), 1)
	if err != nil {
		tb.Fatal(err)
	}
	defer bare.Close()
	calls := bareCalls(w.server, jwts)[pathsOfBareServer[request]]
	x := countHandlerAllocations(tb, w.newHandler(tb, nil), calls)
	y := countHandlerAllocations(tb, bareHandler, calls)
	return []bareRow{
		newBareRow(request+": allocations", x.count, y.count), newBareRow(request+": bytes allocated", x.bytes, y.bytes),
	}
}

// countHandlerAllocations counts the allocations of a call of h, warm.
func countHandlerAllocations(tb testing.TB, h http.Handler, calls func(i int) httpCall) allocations {
	tb.Helper()
	const warm, n = 2 * activeCount, 4 * activeCount
	requests := make([]*http.Request, warm+n)
	for i := range requests {
		var err error
		if requests[i], err = http.ReadRequest(bufio.NewReader(bytes.NewReader(calls(i%activeCount + 1).send))); err != nil {
			tb.Fatal(err)
		}
	}
	do := func(i int) error {
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, requests[i])
		if answer.Code != http.StatusOK || !calls(i%activeCount+1).isAnsweredBy(answer.Body.Bytes()) {
			return fmt.Errorf("the response to %s is %d %.200q", requests[i].URL, answer.Code, answer.Body)
		}
		return nil
	}
	for i := range warm {
		if err := do(i); err != nil {
			tb.Fatal(err)
		}
	}
	counted, err := countAllocations(n, func(i int) error { return do(warm + i) })
	if err != nil {
		tb.Fatal(err)
	}
	return counted
}

// countBesideBareFunction counts the allocations of an event to functions/jwks and to the bare function, and the sizes
// of their files.
func (w *benchmarkSetup) countBesideBareFunction(b *testing.B, functions *inProcessFunctions) []bareRow {
	b.Helper()
	f := w.startBareFunction(b)
	event, err := w.events.eventFor(getJWKSCalls(functions.server)(1))
	if err != nil {
		b.Fatal(err)
	}
	handle := f.handler(b).Invoke
	bare, err := countAllocations(activeCount, func(int) error {
		_, err := handle(b.Context(), event)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	x, err := functions.countCosts(b, w.events,
		requestKind{"jwks", false, callsOfActiveUsers(1, getJWKSCalls(functions.server))})
	if err != nil {
		b.Fatal(err)
	}
	return []bareRow{
		newBareRow("jwks, function: allocations", x.Allocations, bare.count),
		newBareRow("jwks, function: bytes allocated", x.Allocated, bare.bytes),
		newBareRow("jwks, function: size of the file, MB", fileMegabytes(b, w.buildFunctionBootstrap(b, "jwks")),
			fileMegabytes(b, f.bootstrap)),
	}
}

func fileMegabytes(tb testing.TB, name string) float64 {
	tb.Helper()
	info, err := os.Stat(name)
	if err != nil {
		tb.Fatal(err)
	}
	return float64(info.Size()) / 1e6
}

// TestAllocationsBesideTheBareServerAreCounted checks that both handlers answer, and that each row has both counts.
func TestAllocationsBesideTheBareServerAreCounted(t *testing.T) {
	t.Parallel()
	functions := newInProcessFunctions(t, server{
		database: newDatabaseWithUsers(t, activeCount, config.Argon2id), format: config.Argon2id,
	}, "off")
	rows := functions.countBesideBareServer(t, "get-session", []string{jwtOfUser(t, functions.server, 1)})
	for i, what := range []string{"get-session: allocations", "get-session: bytes allocated"} {
		if row := rows[i]; row.What != what || row.Xenon < 1 || row.Bare < 1 {
			t.Errorf("row %d: got %+v, want %q with at least 1 of Xenon and of the bare server", i, row, what)
		}
	}
}
