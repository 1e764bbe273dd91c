package bench

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/postgres"
)

var importUsers = flag.Int(
	"import.users",
	1_000_000,
	"users in BenchmarkImport, each with an identity, four of five with a profile",
)

// BenchmarkImport measures ways to copy users from one database to another on one server, which flushes to disk:
//   - raw: the three source tables unchanged, into tables without indexes
//   - plain: the rows of Xenon's mapping, with one COPY for each table, into tables with indexes and constraints
//   - the command xenon migrate run, with its plan and ledger, and then xenon migrate verify
//   - row by row, as Better Auth's guide does it
//
// Each way starts with an empty target. The benchmark measures each way once, whatever b.N is, and prints a table.
func BenchmarkImport(b *testing.B) {
	s := newImportBenchmark(b, *importUsers)
	raw := s.runIntoNewTarget(b, "raw", s.copyTablesUnmapped)
	plain := s.runIntoNewTarget(b, "plain", s.copyMappedTables)
	one := s.runIntoNewTarget(b, "Xenon, 1 batch at a time", func(b *testing.B, to string) time.Duration {
		took, _ := s.runXenonMigrate(b, s.from, to, "run", "--concurrency", "1")
		return took
	})
	var again, verify time.Duration
	var memory, smallMemory int
	two := s.runIntoNewTarget(b, "Xenon, 2 batches at a time", func(b *testing.B, to string) (took time.Duration) {
		took, memory = s.runXenonMigrate(b, s.from, to, "run", "--concurrency", "2")
		again, _ = s.runXenonMigrate(b, s.from, to, "run", "--concurrency", "2")
		verify, _ = s.runXenonMigrate(b, s.from, to, "verify")
		return took
	})
	few := min(rowByRowUsers, s.users)
	scaleToAllUsers := func(d time.Duration) time.Duration { return d * time.Duration(s.users) / time.Duration(few) }
	inGo := scaleToAllUsers(s.runIntoNewTarget(b, "row by row in Go", s.copyRowByRow))
	slow := scaleToAllUsers(s.runIntoNewTarget(b, "row by row with Better Auth", s.runBetterAuthMigration))
	if slow == 0 {
		slow = inGo
	}
	small := s.createSource(b, "small", 10_000)
	s.runIntoNewTarget(b, "ours, 10,000 users", func(b *testing.B, to string) (took time.Duration) {
		took, smallMemory = s.runXenonMigrate(b, small, to, "run", "--concurrency", "2")
		return took
	})

	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "\n%d users, %d rows\tseconds\trows/s\tusers/s\t\n", s.users, s.rows)
	for _, line := range []struct {
		name string
		took time.Duration
	}{
		{"tables without indexes", raw},
		{"COPY of the mapping", plain},
		{"Xenon, 1 batch at a time", one},
		{"Xenon, 2 batches at a time", two},
		{"Xenon again, nothing changed", again},
		{"Xenon, verification", verify},
		{fmt.Sprintf("row by row in Go, extrapolated from %d", few), inGo},
		{"row by row", slow},
	} {
		fmt.Fprintf(
			w,
			"%s\t%.1f\t%.0f\t%.0f\t\n",
			line.name,
			line.took.Seconds(),
			float64(s.rows)/line.took.Seconds(),
			float64(s.users)/line.took.Seconds(),
		)
	}
	_ = w.Flush() // writing to memory cannot fail
	fmt.Fprintf(
		&out,
		"speed: ours / plain %.2f (goal 0.75), ours / row by row %.1f (goal 15); time: verification / ours %.2f (goal at "+
			"most 0.3)\n",
		plain.Seconds()/two.Seconds(),
		slow.Seconds()/two.Seconds(),
		verify.Seconds()/two.Seconds(),
	)
	fmt.Fprintf(&out, "memory: %.1f MB for 10,000 users, %.1f MB for %d (goal 96), ratio %.2f (goal at most 1.3)",
		float64(smallMemory)/1024, float64(memory)/1024, s.users, float64(memory)/float64(smallMemory))
	fmt.Println(out.String()) // the log of a benchmark is cut after ten lines
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(plain.Seconds()/two.Seconds(), "ours/plain")
	b.ReportMetric(slow.Seconds()/two.Seconds(), "ours/row-by-row")
	b.ReportMetric(verify.Seconds()/two.Seconds(), "verify/ours")
	b.ReportMetric(float64(s.rows)/two.Seconds(), "rows/s")
	b.ReportMetric(float64(memory)/1024, "MB")
}

// importBenchmark has a Postgres server with a filled source database, and the command xenon.
type importBenchmark struct {
	server      *postgres.Server
	xenon       string // the path of the executable
	from        string // the URL of the source
	users, rows int
}

func newImportBenchmark(b *testing.B, users int) *importBenchmark {
	b.Helper()
	s := newImportServer(b, users)
	s.from = s.createSource(b, "source", users)
	return s
}

// newImportServer is like newImportBenchmark, without the source.
func newImportServer(b *testing.B, users int) *importBenchmark {
	b.Helper()
	server, err := postgres.Start(b.Context(), postgres.Options{Log: os.Stderr})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = server.Stop() }) // Stop removes the directory too
	s := &importBenchmark{
		server: server,
		xenon:  filepath.Join(b.TempDir(), "xenon"),
		users:  users,
		rows:   2*users + users*4/5,
	}
	if text, err := exec.Command("go", "build", "-trimpath", "-o", s.xenon, "../cmd/xenon").CombinedOutput(); err != nil {
		b.Fatalf("go build ../cmd/xenon: %v: %s", err, text)
	}
	s.execStatement(b, "CREATE DATABASE empty_target")
	if _, err := migrations.Up(b.Context(), server.URL("empty_target")); err != nil {
		b.Fatal(err)
	}
	return s
}

// createSource creates a Supabase database with users, and returns its URL.
func (s *importBenchmark) createSource(b *testing.B, name string, users int) string {
	b.Helper()
	s.execStatement(b, "CREATE DATABASE "+name)
	url := s.server.URL(name)
	supabasetest.CreateTables(b, url)
	supabasetest.FillBulk(b, url, users, users, users*4/5)
	return url
}

// execStatement runs one statement on the server.
func (s *importBenchmark) execStatement(b *testing.B, sql string) {
	b.Helper()
	conn := s.connect(b, s.server.URL("postgres"))
	defer conn.Close(b.Context())
	if _, err := conn.Exec(b.Context(), sql); err != nil {
		b.Fatalf("execute %s: %v", sql, err)
	}
}

func (*importBenchmark) connect(b *testing.B, url string) *pgx.Conn {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	return conn
}

// runIntoNewTarget creates a new target, runs one of the ways, drops the target, and returns how long the way took.
func (s *importBenchmark) runIntoNewTarget(
	b *testing.B,
	name string,
	way func(b *testing.B, to string) time.Duration,
) time.Duration {
	b.Helper()
	s.execStatement(b, "CREATE DATABASE target TEMPLATE empty_target")
	s.execStatement(b, "CHECKPOINT")
	took := way(b, s.server.URL("target"))
	fmt.Fprintf(os.Stderr, "%s: %.1f s\n", name, took.Seconds()) // shows progress: the whole benchmark takes minutes
	s.execStatement(b, "DROP DATABASE target")
	return took
}

// runXenonMigrate runs `xenon migrate` with arguments; from is "" if they name a file. It returns how long it took and
// its peak memory in kB.
func (s *importBenchmark) runXenonMigrate(b *testing.B, from, to string, arguments ...string) (time.Duration, int) {
	b.Helper()
	s.execStatement(b, "CHECKPOINT")
	cmd := exec.Command(s.xenon, append([]string{"migrate"}, arguments...)...)
	cmd.Env = []string{
		"TO_DATABASE_URL=" + to, "HOME=" + b.TempDir(), "PATH=" + os.Getenv("PATH"),
		"BETTER_AUTH_SECRET=a-secret-of-at-least-32-characters", // for sessions and second factors
	}
	if from != "" {
		cmd.Env = append(cmd.Env, "FROM_DATABASE_URL="+from)
	}
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.Discard, &stderr
	start := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	most := 0
	for {
		select {
		case err := <-ended:
			if err != nil {
				b.Fatalf("xenon migrate %v: %v: %s", arguments, err, stderr.Bytes()[max(0, stderr.Len()-500):])
			}
			return time.Since(start), most
		case <-time.After(10 * time.Millisecond):
			most = max(most, peakMemory(cmd.Process.Pid))
		}
	}
}

// peakMemory returns the largest resident size that a process has had so far, in kB. It returns 0 on systems other than
// Linux.
func peakMemory(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, line, _ := strings.Cut(string(text), "VmHWM:")
	fields := strings.Fields(line)
	if len(fields) == 0 {
		return 0
	}
	kB, _ := strconv.Atoi(fields[0])
	return kB
}
