package bench

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var dumpMB = flag.Int("dump.mb", 1024, "megabytes of the large file of BenchmarkDump, in one COPY")

// BenchmarkDump compares the peak memory of `xenon migrate plan --from FILE` for two files that have their users in one
// COPY: 10 MB, and 1 GB. It measures once, whatever b.N is.
func BenchmarkDump(b *testing.B) {
	s := newImportBenchmark(b, 1)
	s.runIntoNewTarget(b, "plans of two files", func(b *testing.B, to string) (took time.Duration) {
		const few = 10
		_, small := s.runXenonMigrate(b, "", to, "plan", "--mfa", "allow", "--from", writeDump(b, few))
		took, large := s.runXenonMigrate(b, "", to, "plan", "--mfa", "allow", "--from", writeDump(b, *dumpMB))
		fmt.Printf("\nmemory: %.1f MB for a file of %d MB, %.1f MB for %d MB, ratio %.2f; the large plan took %.1f s\n",
			float64(small)/1024, few, float64(large)/1024, *dumpMB, float64(large)/float64(small), took.Seconds())
		b.ReportMetric(float64(large)/float64(small), "memory-ratio")
		return took
	})
	b.ReportMetric(0, "ns/op")
}

// writeDump writes a file with users in one COPY, 1 kB each, and returns its path.
func writeDump(b *testing.B, megabytes int) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "data.sql")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "COPY auth.users (id, email, raw_user_meta_data, created_at, updated_at) FROM stdin;")
	for i := range megabytes * 1024 {
		fmt.Fprintf(w, "00000000-0000-4000-8000-%012d\tuser%[1]d@example.com\t{\"text\": \"%s\"}\t"+
			"2026-01-01 00:00:00+00\t2026-01-01 00:00:00+00\n", i, strings.Repeat("x", 880))
	}
	fmt.Fprint(w, "\\.\n\n--\n-- PostgreSQL database dump complete\n--\n")
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}
