package bench

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	importCurve = flag.String("import.curve", "10000,100000,1000000,3000000",
		"numbers of users in BenchmarkImportCurve, separated by commas")
	importCurveSessions = flag.Bool("import.curve-sessions", true,
		"BenchmarkImportCurve imports sessions and second factors, too")
)

const curveHead = `
| users | rows | plain COPY, rows/s | import, rows/s | speed of plain COPY | its processor time | of which the plan |` +
	` second run | verification | ÷ import | memory |
|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
`

// BenchmarkImportCurve measures imports of sources of several sizes, with or without sessions and second factors, and
// prints a Markdown table. Each size has a server of its own. All figures of a line are of one run: `xenon migrate
// run`, the same again with nothing changed, `xenon migrate verify`, and one COPY of the same rows for each table.
// Sizes up to 100,000 are measured three times, alternately, and the line has the least of each: other programs on the
// machine only add time. It measures once, whatever b.N is.
func BenchmarkImportCurve(b *testing.B) {
	var table strings.Builder
	table.WriteString(curveHead)
	for size := range strings.SplitSeq(*importCurve, ",") {
		users, err := strconv.Atoi(size)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(size, func(b *testing.B) { table.WriteString(measureSize(b, users)) })
	}
	fmt.Println(table.String()) // the log of a benchmark is cut after ten lines
}

// curveRound has the measurements of one round.
type curveRound struct {
	plan, run, again, verify, plain time.Duration

	runCPU, plainCPU time.Duration // processor time of the server and the client

	memory int // the most of the plan and the two runs, in kB
}

// measureSize returns a line of the table.
func measureSize(b *testing.B, users int) string {
	b.Helper()
	s := newImportServer(b, users)
	if *importCurveSessions {
		s.from = s.createSourceWithSessions(b, "source", users)
		s.rows += users + users/10
	} else {
		s.from = s.createSource(b, "source", users)
	}
	rounds := 1
	if users <= 100_000 {
		rounds = 3
	}
	var all []curveRound
	for range rounds {
		all = append(all, s.measureRound(b))
	}
	least := func(of func(curveRound) time.Duration) float64 {
		best := of(all[0])
		for _, r := range all {
			best = min(best, of(r))
		}
		return best.Seconds()
	}
	plain := least(func(r curveRound) time.Duration { return r.plain })
	run := least(func(r curveRound) time.Duration { return r.run })
	verify := least(func(r curveRound) time.Duration { return r.verify })
	memory := 0
	for _, r := range all {
		memory = max(memory, r.memory)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(plain/run, "ours/plain")
	times := least(func(r curveRound) time.Duration { return r.runCPU }) /
		least(func(r curveRound) time.Duration { return r.plainCPU })
	return fmt.Sprintf("| %d | %d | %.0f | %.0f | %.2f | %.2f times | %.1f s | %.1f s | %.1f s | %.2f | %.1f MB |\n",
		users, s.rows, float64(s.rows)/plain, float64(s.rows)/run, plain/run, times,
		least(func(r curveRound) time.Duration { return r.plan }),
		least(func(r curveRound) time.Duration { return r.again }), verify, verify/run, float64(memory)/1024)
}

// measureRound imports once and copies the same rows once with plain COPY.
func (s *importBenchmark) measureRound(b *testing.B) (r curveRound) {
	b.Helper()
	s.runIntoNewTarget(b, "import", func(b *testing.B, to string) time.Duration {
		options := []string{"--mfa", "carry"}
		if *importCurveSessions {
			options = append(options, "--sessions")
		}
		migrate := func(action string, options ...string) time.Duration {
			took, memory := s.runXenonMigrate(b, s.from, to, append([]string{action}, options...)...)
			r.memory = max(r.memory, memory)
			return took
		}
		r.plan = migrate("plan", options...)
		before := s.processorTime(b)
		r.run = migrate("run", options...)
		r.runCPU = s.processorTime(b) - before
		r.again = migrate("run", options...)
		r.verify = migrate("verify")
		if *importCurveSessions {
			s.keepEncryptedRows(b, to)
		}
		return r.run
	})
	r.plain = s.runIntoNewTarget(b, "plain", func(b *testing.B, to string) time.Duration {
		before := s.processorTime(b)
		defer func() { r.plainCPU = s.processorTime(b) - before }()
		took := s.copyMappedTables(b, to)
		start := time.Now()
		if *importCurveSessions {
			for _, table := range encryptedTables {
				s.copyQueryResult(b, to, "TABLE mapped."+table, table)
			}
		}
		return took + time.Since(start)
	})
	return r
}

// processorTime returns the processor time that the server, this process and its children have used. It is that of
// Linux; elsewhere it is 0.
func (s *importBenchmark) processorTime(b *testing.B) time.Duration {
	b.Helper()
	text, err := os.ReadFile(filepath.Join(s.server.Dir, "data", "postmaster.pid"))
	if err != nil {
		b.Fatal(err)
	}
	server, _, _ := strings.Cut(string(text), "\n")
	var total time.Duration
	processes, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range processes {
		total += processorTimeOf(path, server, strconv.Itoa(os.Getpid()))
	}
	return total
}

// processorTimeOf reads a file /proc/<pid>/stat. It returns the processor time of the process and of its children that
// have ended, if the process is one of these or a child of one of them. It returns 0 for a process that has ended.
func processorTimeOf(path string, processes ...string) (total time.Duration) {
	const tick = 10 * time.Millisecond // USER_HZ is 100 on all systems
	text, _ := os.ReadFile(path)
	_, after, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(after) // state, parent, …; 11 to 14 are the times: user, system, and those of ended children
	if len(fields) < 15 || !slices.Contains(processes, fields[1]) &&
		!slices.Contains(processes, filepath.Base(filepath.Dir(path))) {
		return 0
	}
	for _, field := range fields[11:15] {
		n, _ := strconv.Atoi(field)
		total += time.Duration(n) * tick
	}
	return total
}

// encryptedTables are the tables of the target whose rows no SQL of the source can compute: the command encrypts the
// secrets of second factors, and computes digests of refresh tokens.
var encryptedTables = []string{`"twoFactor"`, `"supabaseSession"`, `"supabaseCredential"`}

// keepEncryptedRows copies the rows of encryptedTables from a target that the command has filled into the schema
// "mapped" of the source, from where the plain COPY reads them.
func (s *importBenchmark) keepEncryptedRows(b *testing.B, to string) {
	b.Helper()
	src := s.connect(b, s.from)
	defer src.Close(b.Context())
	sql := "DROP SCHEMA IF EXISTS mapped CASCADE; CREATE SCHEMA mapped;"
	for _, table := range encryptedTables {
		sql += "CREATE TABLE mapped." + table + " (" + s.columnDefinitions(b, to, table) + ");"
	}
	if _, err := src.Exec(b.Context(), sql); err != nil {
		b.Fatal(err)
	}
	for _, table := range encryptedTables {
		s.copyBetween(b, to, s.from, "TABLE "+table, "mapped."+table)
	}
}
