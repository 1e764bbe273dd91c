package versus

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/migrations"
)

// report has all results of a run.
type report struct {
	machine machineDescription
	quick   bool
	rounds  int
	minutes float64
	cells   []*measuredWorkload
	memory  map[string]float64 // MiB by subject
	fetches int64              // the number of requests of the verifier for the JWKS
	growth  []growthRow
	parts   []requestCost
	inits   initSums

	bareCounts []bareRow      // of countBare
	sizes      map[string]int // MB of a function's memory, by folder
}

// machineDescription describes the machine of the run, and the versions of the software.
type machineDescription struct {
	Date       string `json:"date"`
	Processor  string `json:"processor"`
	Processors int    `json:"processors"`
	Memory     string `json:"memory"`
	System     string `json:"system"`
	Go         string `json:"go"`
	Node       string `json:"node"`
	Postgres   string `json:"postgres"`
	BetterAuth string `json:"betterAuth"`
	Pgbench    string `json:"pgbench"`
	Pool       int    `json:"connectionsOfThePool"`
}

func newReport(b *testing.B, w *benchmarkSetup, n int, quick bool) *report {
	b.Helper()
	conn := connect(b, w.argon2id.database)
	defer conn.Close(b.Context())
	system, _, _ := strings.Cut(outputOfCommand("uname", "-sr"), "-") // without the build of the kernel
	kB, _ := strconv.Atoi(strings.TrimSuffix(valueInFile("/proc/meminfo", "MemTotal"), " kB"))
	m := machineDescription{
		Date: time.Now().UTC().Format(time.DateOnly),
		Processor: valueInFile("/proc/cpuinfo",
			"model name"),
		Processors: runtime.NumCPU(),
		Memory: fmt.Sprintf(
			"%d GiB",
			(kB+1<<19)>>20,
		),
		System:     system,
		Go:         runtime.Version(),
		Node:       outputOfCommand("node", "--version"),
		BetterAuth: migrations.BetterAuthVersion,
		Pgbench:    outputOfCommand("pgbench", "--version"),
		Pool:       poolSize,
	}
	if err := conn.QueryRow(b.Context(), "SHOW server_version").Scan(&m.Postgres); err != nil {
		b.Fatal(err)
	}
	return &report{machine: m, quick: quick, rounds: n, sizes: w.sizes}
}

func outputOfCommand(program string, arguments ...string) string {
	text, err := exec.Command(program, arguments...).Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}

func valueInFile(file, name string) string {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// readPeakMemory reads the peak memory of each measured process, after all runs.
func (r *report) readPeakMemory(w *benchmarkSetup) (err error) {
	r.memory = map[string]float64{}
	pids := map[string]int{
		xenonArgon2idSubject: w.argon2id.pid,
		xenonScryptSubject:   w.scrypt.pid,
		bareServerSubject:    w.bare.pid,
	}
	if w.betterAuth.pid != 0 {
		pids[betterAuthSubject] = w.betterAuth.pid
	}
	for name, f := range w.functions {
		pids[name] = f.pid
	}
	for subject, pid := range pids {
		if r.memory[subject], err = peakMemory(pid); err != nil {
			return err
		}
	}
	return nil
}

// resultRow has the results of a measured workload as in performance-data.json.
type resultRow struct {
	Request     string `json:"request"`
	Subject     string `json:"subject"`
	Connections int    `json:"connections"`
	Count       int    `json:"count"`
	PerSecond   spread `json:"perSecond"`
	P50         spread `json:"p50Ms"`
	P95         spread `json:"p95Ms"`
	P99         spread `json:"p99Ms"`
	Server      spread `json:"serverMicroseconds"`
	Postgres    spread `json:"postgresMicroseconds"`
	Generator   spread `json:"generatorMicroseconds"`
	Full        int    `json:"refusedAsFull"` // calls rejected with 503 in all rounds
}

func (c *measuredWorkload) row() resultRow {
	spreadOfEach := func(value func(measurement) float64) spread { return spreadOf(c.values(value)) }
	return resultRow{
		c.request, c.subject, c.conns, c.count,
		spreadOfEach(func(s measurement) float64 { return s.perSecond }),
		spreadOfEach(func(s measurement) float64 { return s.p50 }),
		spreadOfEach(func(s measurement) float64 { return s.p95 }),
		spreadOfEach(func(s measurement) float64 { return s.p99 }),
		spreadOfEach(func(s measurement) float64 { return s.server }),
		spreadOfEach(func(s measurement) float64 { return s.postgres }),
		spreadOfEach(func(s measurement) float64 { return s.generator }), c.rejectedCalls(),
	}
}

func (c *measuredWorkload) rejectedCalls() (n int) {
	for _, s := range c.samples {
		n += s.full
	}
	return n
}

// write writes the data, the tables and the pictures into a folder.
func (r *report) write(folder string) error {
	rows := make([]resultRow, len(r.cells))
	for i, c := range r.cells {
		rows[i] = c.row()
	}
	data, err := json.MarshalIndent(map[string]any{
		"machine": r.machine, "rounds": r.rounds, "quick": r.quick, "minutes": float64(int(r.minutes*10)) / 10,
		"rows": rows, "peakMemoryMiB": r.memory, "goals": r.goals(), "growth": r.growth,
		"prices": awsPrices, "costs": r.millionRequestsCosts(), "parts": r.parts, "init": r.inits, "bare": r.bareRows(),
	}, "", "\t")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(folder, "img"), 0o755); err != nil {
		return err
	}
	files := map[string]string{"performance-data.json": string(data) + "\n", "performance-table.md": r.markdown()}
	for name, text := range r.pictures() {
		files[filepath.Join("img", name)] = text
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// markdown returns the tables of a run, the goals first.
func (r *report) markdown() string {
	var b strings.Builder
	b.WriteString("# All measurements of the last run\n\nWritten by `make bench`; [performance.md](performance.md) " +
		"explains it. ")
	m := r.machine
	fmt.Fprintf(&b, "%s: %s, %d processors, %s of memory, %s; %s, Node %s, Postgres %s, Better Auth %s. ",
		m.Date, m.Processor, m.Processors, m.Memory, m.System, m.Go, m.Node, m.Postgres, m.BetterAuth)
	fmt.Fprintf(&b, "Medians of %d rounds, in brackets the least and the most; %d connections to Postgres for each "+
		"server.\n", r.rounds, m.Pool)
	if r.quick {
		b.WriteString("\n**A quick run. Its figures are too imprecise to publish.**\n")
	}
	b.WriteString("\n## Goals\n\n| goal | wanted | got | |\n|---|---|---|---|\n")
	for _, g := range r.goals() {
		result := "**missed**"
		if g.Met {
			result = "met"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", g.What, g.Want, g.Got, result)
	}
	r.writeRequests(&b)
	r.writeBareRows(&b)
	if costs := r.millionRequestsCosts(); len(costs) > 0 {
		writeCosts(&b, costs)
	}
	r.writeRequestCosts(&b)
	r.inits.write(&b)
	r.writeMemory(&b)
	r.writeGrowth(&b)
	return b.String()
}

func (r *report) writeRequests(b *strings.Builder) {
	b.WriteString("\n## Requests\n\nLatencies in milliseconds; processor time of one request in microseconds, of the " +
		"server and of Postgres. For requests " +
		"through the Lambda emulator, the latency includes the emulator's own time. The server's processor time is only " +
		"the function's.\n\n| request | by | connections | requests/s | p50 | p95 | p99 | server | Postgres " +
		"|\n|---|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, c := range r.cells {
		x := c.row()
		server := formatNumber(x.Server.Median)
		if c.pid == 0 {
			server = "–"
		}
		rate := x.PerSecond.String()
		if x.Full > 0 {
			rate += fmt.Sprintf(", %d rejected with 503", x.Full)
		}
		fmt.Fprintf(
			b,
			"| %s | %s | %d | %s | %s | %s | %s | %s | %s |\n",
			x.Request,
			x.Subject,
			x.Connections,
			rate,
			formatNumber(
				x.P50.Median,
			),
			formatNumber(x.P95.Median),
			formatNumber(x.P99.Median),
			server,
			formatNumber(x.Postgres.Median),
		)
	}
}

func (r *report) writeMemory(b *strings.Builder) {
	b.WriteString("\n## Memory\n\nThe largest resident size (VmHWM) in all of the above runs. xenon dev and Better Auth " +
		"served every request, with at most 64 connections. A function served only its own requests, one at a time, as in " +
		"Lambda.\n\n| " +
		"process | MiB |\n|---|--:|\n")
	for _, subject := range slices.Sorted(maps.Keys(r.memory)) {
		name := strings.Replace(subject, xenonSubject, "xenon dev", 1)
		fmt.Fprintf(b, "| %s | %s |\n", name, formatNumber(r.memory[subject]))
	}
}

func (r *report) writeGrowth(b *strings.Builder) {
	if len(r.growth) == 0 {
		return
	}
	b.WriteString("\n## Growth\n\nThe median time of a request, one connection, in milliseconds. Each user has rows in " +
		"every table, also in those of the plugins and of the sessions of Supabase. The requests after " +
		"revoke-other-sessions go to a server with rate limits that hashes passwords cheaply, because the time of a real " +
		"hash would hide that of the statements; the time of a callback includes that of Google's answers, from this " +
		"machine. The lists of admin/list-users with the total have no goal: Postgres counts all users who match, because " +
		"the total is exact, as in Better Auth. [Other lists](administrators.md#many-users) take longer, too.\n\n" +
		"| request | 10,000 users | 1,000,000 users | ratio |\n|---|--:|--:|--:|\n")
	for _, g := range r.growth {
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", g.Request, formatNumber(g.Few.Median), formatNumber(g.Many.Median), g.Ratio)
	}
}

// String returns the median and, in brackets, the smallest and the largest value.
func (s spread) String() string {
	if s.Min == s.Max {
		return formatNumber(s.Median)
	}
	return fmt.Sprintf("%s (%s–%s)", formatNumber(s.Median), formatNumber(s.Min), formatNumber(s.Max))
}

// formatNumber formats a number with three significant digits.
func formatNumber(v float64) string {
	switch {
	case v >= 1000:
		text := strconv.Itoa(int(v + 0.5))
		for at := len(text) - 3; at > 0; at -= 3 {
			text = text[:at] + "," + text[at:]
		}
		return text
	case v >= 100 || v == float64(int(v)):
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

func TestNumbersHaveThreeDigits(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{
		12345.6: "12,346", 19_962_250: "19,962,250", 100_000: "100,000", 1000: "1,000",
		999.4: "999", 45.67: "45.7", 1.234: "1.23", 0.0476: "0.048", 0: "0", 30: "30",
	} {
		if got := formatNumber(v); got != want {
			t.Errorf("formatNumber(%v): got %s, want %s", v, got, want)
		}
	}
	if got, want := spreadOf([]float64{3, 1, 2, 10}), (spread{2.5, 1, 10}); got != want {
		t.Errorf("median, least and most of 3, 1, 2 and 10: got %v, want %v", got, want)
	}
	ms := []time.Duration{1e6, 2e6, 3e6, 4e6, 5e6, 6e6, 7e6, 8e6, 9e6, 10e6}
	if got, want := [3]float64{percentile(ms, 0.5), percentile(ms, 0.95), percentile(ms, 0.1)}, [3]float64{
		5, 10,
		1,
	}; got != want {
		t.Errorf("p50, p95 and p10 of 1 to 10 ms: got %v, want %v", got, want)
	}
}
