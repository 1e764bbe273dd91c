package bench

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

var movedRows = flag.Int("tables.rows", 5_000_000, "rows of the largest table in BenchmarkMoveTables")

// projectTables are the tables of a project whose rows belong to users: n posts and n/2 likes.
const projectTables = `DROP TABLE public.profiles;
CREATE TABLE public.posts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  author uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
  title text NOT NULL,
  body text,
  tags text[] NOT NULL DEFAULT '{}',
  data jsonb,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE public.likes (
  post bigint REFERENCES public.posts ON DELETE CASCADE,
  liked_by uuid REFERENCES auth.users ON DELETE CASCADE,
  PRIMARY KEY (post, liked_by)
);
CREATE TEMP TABLE person AS SELECT id, row_number() OVER () - 1 AS n FROM auth.users
  WHERE deleted_at IS NULL AND email IS NOT NULL LIMIT 1000;
CREATE UNIQUE INDEX ON person (n);
INSERT INTO public.posts (author, title, body, tags, data, created_at)
SELECT p.id, 'Post ' || i, repeat(md5(i::text), 3), ARRAY['a', 'b' || i %% 10], jsonb_build_object('views', i %% 1000),
  '2026-01-01'::timestamptz + i * interval '1 second'
FROM generate_series(1, %[1]d) i
JOIN person p ON p.n = i %% (SELECT count(*) FROM person);
INSERT INTO public.likes
SELECT i * 2, p.id
FROM generate_series(1, %[1]d / 2) i
JOIN person p ON p.n = (i * 7) %% (SELECT count(*) FROM person);
CREATE INDEX ON public.posts (author, created_at);
CREATE INDEX ON public.likes (liked_by);
VACUUM ANALYZE public.posts, public.likes;`

// dumpAndRestore is what operators do by hand: pg_dump into psql, with foreign keys to Xenon's table. psql stops at the
// first error.
const dumpAndRestore = `set -o pipefail
pg_dump -d "$FROM_DATABASE_URL" --schema=public --no-owner --no-privileges |
  sed -e 's/REFERENCES auth\.users/REFERENCES public."user"/' -e 's/^CREATE SCHEMA public;$//' \
    -e '/^\\\(un\)\?restrict /d' |
  psql -X -q -v ON_ERROR_STOP=1 -d "$TO_DATABASE_URL" >/dev/null`

// BenchmarkMoveTables compares `xenon migrate tables` with pg_dump and psql on the same tables, into a target that has
// the users. The command also tries the DDL first and keeps what is done. The benchmark measures each way once,
// whatever b.N is, and the memory of the command with a tenth of the rows, too.
func BenchmarkMoveTables(b *testing.B) {
	s := newImportBenchmark(b, 10_000)
	large := s.createProject(b, "large", *movedRows)
	small := s.createProject(b, "small_project", *movedRows/10)
	dump := s.runIntoNewTarget(b, "pg_dump | psql", func(b *testing.B, to string) time.Duration {
		s.runXenonMigrate(b, large, to, "run", "--mfa", "allow", "--profiles", "none")
		s.execStatement(b, "CHECKPOINT")
		begin := time.Now()
		cmd := exec.Command("bash", "-c", dumpAndRestore)
		cmd.Env = append(os.Environ(), "FROM_DATABASE_URL="+large, "TO_DATABASE_URL="+to)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("pg_dump | psql: %v: %s", err, out)
		}
		return time.Since(begin)
	})
	var memory, smallMemory int
	var verify time.Duration
	move := func(from string, memory *int) func(b *testing.B, to string) time.Duration {
		return func(b *testing.B, to string) (took time.Duration) {
			s.runXenonMigrate(b, from, to, "run", "--mfa", "allow", "--profiles", "none")
			took, *memory = s.runXenonMigrate(b, from, to, "tables")
			verify, _ = s.runXenonMigrate(b, from, to, "tables", "--verify")
			return took
		}
	}
	s.runIntoNewTarget(b, "xenon migrate tables, a tenth of the rows", move(small, &smallMemory))
	xenon := s.runIntoNewTarget(b, "xenon migrate tables", move(large, &memory))
	rows := *movedRows * 3 / 2
	fmt.Printf("%d rows: pg_dump | psql %.1f s, xenon migrate tables %.1f s, verification %.1f s; "+
		"memory %.1f and %.1f MB\n", rows, dump.Seconds(), xenon.Seconds(), verify.Seconds(),
		float64(smallMemory)/1024, float64(memory)/1024)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(dump.Seconds()/xenon.Seconds(), "xenon/pg_dump")
	b.ReportMetric(float64(rows)/xenon.Seconds(), "rows/s")
	b.ReportMetric(float64(memory)/1024, "MB")
	b.ReportMetric(float64(memory)/float64(smallMemory), "memory-ratio")
}

// createProject creates a Supabase database with 10,000 users and the tables of a project.
func (s *importBenchmark) createProject(b *testing.B, name string, rows int) string {
	b.Helper()
	url := s.createSource(b, name, s.users)
	conn := s.connect(b, url)
	defer conn.Close(b.Context())
	for _, sql := range strings.SplitAfter(fmt.Sprintf(projectTables, rows), ";\n") {
		if _, err := conn.Exec(b.Context(), sql); err != nil {
			b.Fatalf("%s: %v", sql, err)
		}
	}
	return url
}
