package bench

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
)

var (
	sessionUsers = flag.Int("import.session-users", 20_000,
		"users in BenchmarkImportSessions, each with a session, every tenth with an authenticator app")
	sessionMemoryUsers = flag.Int("import.session-memory-users", 1_000_000,
		"users of the large import in BenchmarkImportSessions, whose memory is compared with that of 10,000 users; 0: none")
)

// sessionRounds is the number of imports of each kind. They alternate, because the speed of a machine changes.
const sessionRounds = 5

// BenchmarkImportSessions compares `xenon migrate run` of a source with and without sessions and second factors, and
// the memory of a large import with both with that of a small one. Rows are those with an outcome: users, identities,
// profiles, sessions and second factors. It measures once, whatever b.N is.
func BenchmarkImportSessions(b *testing.B) {
	s := newImportBenchmark(b, *sessionUsers)
	with := s.createSourceWithSessions(b, "with_sessions", s.users)
	rows := s.rows + s.users + s.users/10
	var fast, slow []time.Duration
	for range sessionRounds {
		fast = append(fast, s.runIntoNewTarget(b, "without sessions", func(b *testing.B, to string) time.Duration {
			took, _ := s.runXenonMigrate(b, s.from, to, "run")
			return took
		}))
		slow = append(slow, s.importSessions(b, with).took)
	}
	plainTime, fullTime := medianOf(fast).Seconds(), medianOf(slow).Seconds()
	without, withThem := float64(s.rows)/plainTime, float64(rows)/fullTime
	fmt.Printf("\n%d users: without sessions and factors %d rows, %.2f s, %.0f rows/s; with them %d rows, %.2f s, "+
		"%.0f rows/s: ratio %.2f (goal at least 0.9)\n",
		s.users, s.rows, plainTime, without, rows, fullTime, withThem, withThem/without)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(withThem/without, "with/without")
	s.compareMemory(b)
}

// compareMemory prints the peak memory of a small and of a large import with sessions and second factors.
func (s *importBenchmark) compareMemory(b *testing.B) {
	b.Helper()
	if *sessionMemoryUsers == 0 {
		return
	}
	const few = 10_000
	small := s.importSessions(b, s.createSourceWithSessions(b, "small", few))
	large := s.importSessions(b, s.createSourceWithSessions(b, "large", *sessionMemoryUsers))
	ratio := float64(large.memory) / float64(small.memory)
	fmt.Printf("memory with sessions and factors: %.1f MB for %d users, %.1f MB for %d, ratio %.2f (goal at most 1.3)\n"+
		"the large import took %.1f s, its report %.1f s\n", float64(small.memory)/1024, few, float64(large.memory)/1024,
		*sessionMemoryUsers, ratio, large.took.Seconds(), large.report.Seconds())
	b.ReportMetric(ratio, "memory-ratio")
}

// createSourceWithSessions creates a source like createSource, with a session for each user and an authenticator app
// for every tenth, and returns its URL.
func (s *importBenchmark) createSourceWithSessions(b *testing.B, name string, users int) string {
	b.Helper()
	url := s.createSource(b, name, users)
	supabasetest.CreateSessionTables(b, url)
	supabasetest.FillSessions(b, url, users)
	supabasetest.FillFactors(b, url, users/10)
	conn := s.connect(b, url)
	defer conn.Close(b.Context())
	if _, err := conn.Exec(b.Context(), "ANALYZE"); err != nil {
		b.Fatal(err)
	}
	return url
}

// sessionImport is the measurement of an import with sessions and second factors.
type sessionImport struct {
	took, report time.Duration
	memory       int // peak of the import, in kB
}

// importSessions imports a source with its sessions and second factors into a new target, and reads the report.
func (s *importBenchmark) importSessions(b *testing.B, from string) (m sessionImport) {
	b.Helper()
	s.runIntoNewTarget(b, "with sessions", func(b *testing.B, to string) time.Duration {
		m.took, m.memory = s.runXenonMigrate(b, from, to, "run", "--sessions", "--mfa", "carry")
		m.report, _ = s.runXenonMigrate(b, from, to, "report")
		return m.took
	})
	fmt.Fprintf(os.Stderr, "memory: %.1f MB\n", float64(m.memory)/1024)
	return m
}
