package bench

import (
	"flag"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

var importCurve = flag.String("import.curve", "10000,100000,1000000,3000000",
	"numbers of users in BenchmarkImportCurve, separated by commas")

const curveHead = `
| users | rows | plain COPY | import | speed of plain COPY | second run | verification | of the import's time | memory |
|--:|--:|--:|--:|--:|--:|--:|--:|--:|
`

// BenchmarkImportCurve measures imports of sources of several sizes, and prints a Markdown table. Each size has a
// server of its own. All figures of a line are of one run: a COPY of the mapped rows for each table, `xenon migrate
// run`, the same again with nothing changed, and `xenon migrate verify`. It measures once, whatever b.N is.
func BenchmarkImportCurve(b *testing.B) {
	var table strings.Builder
	table.WriteString(curveHead)
	for size := range strings.SplitSeq(*importCurve, ",") {
		users, err := strconv.Atoi(size)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(size, func(b *testing.B) { table.WriteString(newImportBenchmark(b, users).measureSize(b)) })
	}
	fmt.Println(table.String()) // the log of a benchmark is cut after ten lines
}

// measureSize returns a line of the table.
func (s *importBenchmark) measureSize(b *testing.B) string {
	b.Helper()
	plain := s.runIntoNewTarget(b, "plain", s.copyMappedTables)
	var again, verify time.Duration
	var memory int
	took := s.runIntoNewTarget(b, "import", func(b *testing.B, to string) (took time.Duration) {
		took, memory = s.runXenonMigrate(b, s.from, to, "run")
		again, _ = s.runXenonMigrate(b, s.from, to, "run")
		verify, _ = s.runXenonMigrate(b, s.from, to, "verify")
		return took
	})
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(plain.Seconds()/took.Seconds(), "ours/plain")
	perSecond := func(d time.Duration) float64 { return float64(s.rows) / d.Seconds() }
	return fmt.Sprintf("| %d | %d | %.0f rows/s | %.0f rows/s | %.2f | %.1f s | %.1f s | %.2f | %.1f MB |\n",
		s.users, s.rows, perSecond(plain), perSecond(took), plain.Seconds()/took.Seconds(), again.Seconds(),
		verify.Seconds(), verify.Seconds()/took.Seconds(), float64(memory)/1024)
}
