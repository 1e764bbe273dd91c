package bench

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/copy"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// copyTablesUnmapped copies the source tables unchanged, into new tables without indexes, and returns how long the
// copying took.
func (s *importBenchmark) copyTablesUnmapped(b *testing.B, to string) time.Duration {
	b.Helper()
	dst := s.connect(b, to)
	defer dst.Close(b.Context())
	tables := map[string]string{"users": "auth.users", "identities": "auth.identities", "profiles": "public.profiles"}
	for name, table := range tables {
		if _, err := dst.Exec(b.Context(), "CREATE TABLE "+name+" ("+s.columnDefinitions(b, s.from, table)+")"); err != nil {
			b.Fatal(err)
		}
	}
	start := time.Now()
	for name, table := range tables {
		s.copyQueryResult(b, to, "SELECT * FROM "+table, name)
	}
	return time.Since(start)
}

// columnDefinitions returns the column definitions of a table of a database, without constraints.
func (s *importBenchmark) columnDefinitions(b *testing.B, url, table string) (definition string) {
	b.Helper()
	db := s.connect(b, url)
	defer db.Close(b.Context())
	err := db.QueryRow(b.Context(), `SELECT string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', '
			ORDER BY attnum)
		FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped`, table).Scan(&definition)
	if err != nil {
		b.Fatal(err)
	}
	return definition
}

// copyMappedTables copies with the SQL of the import's mapping, but without the rest of the import: the source
// evaluates only the columns that the target's rows have, and one COPY for each table writes them. It writes no ledger
// and no quarantine, does not read the target's rows, and cannot resume.
func (s *importBenchmark) copyMappedTables(b *testing.B, to string) time.Duration {
	b.Helper()
	pieces, err := copy.ListPlainCopies(b.Context(), &run.Env{From: s.from, To: to, Now: time.Now}, importer.Options{})
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	for _, p := range pieces {
		s.copyQueryResult(b, to, p.Query, p.Into)
	}
	return time.Since(start)
}

// copyQueryResult copies the result of a query in the source into a table of the target.
func (s *importBenchmark) copyQueryResult(b *testing.B, to, query, into string) {
	b.Helper()
	s.copyBetween(b, s.from, to, query, into)
}

// copyBetween copies the result of a query in one database into a table of another one.
func (s *importBenchmark) copyBetween(b *testing.B, from, to, query, into string) {
	b.Helper()
	src, dst := s.connect(b, from), s.connect(b, to)
	defer src.Close(b.Context())
	defer dst.Close(b.Context())
	in, out := io.Pipe()
	go func() {
		buffered := bufio.NewWriterSize(out, 1<<16)
		_, err := src.PgConn().CopyTo(b.Context(), buffered, "COPY ("+query+") TO STDOUT (FORMAT binary)")
		if err == nil {
			err = buffered.Flush()
		}
		_ = out.CloseWithError(err) // never returns an error
	}()
	if _, err := dst.PgConn().CopyFrom(b.Context(), in, "COPY "+into+" FROM STDIN (FORMAT binary)"); err != nil {
		b.Fatalf("copy into %.20s: %v", into, err)
	}
}

// rowByRowUsers is the largest number of users that the row-by-row ways copy. The benchmark extrapolates their times.
const rowByRowUsers = 5000

// sourceUser is a user of the source with its identities.
type sourceUser struct {
	ID, Email, Name     string
	Confirmed           bool
	Password            *string
	Created, Updated    time.Time
	Providers, Subjects []string
}

// copyRowByRow executes the statements of Better Auth's guide for Supabase, in Go instead of JavaScript: for every user
// an INSERT, and for every identity a SELECT of the user's accounts and an INSERT, one statement after the other. It
// reads the users before it starts to measure the time, and it does not copy profiles.
func (s *importBenchmark) copyRowByRow(b *testing.B, to string) time.Duration {
	b.Helper()
	users := s.sourceUsers(b)
	dst := s.connect(b, to)
	defer dst.Close(b.Context())
	runSQL := func(sql string, arguments ...any) {
		if _, err := dst.Exec(b.Context(), sql, arguments...); err != nil {
			b.Fatal(err)
		}
	}
	start := time.Now()
	for _, p := range users {
		runSQL(`INSERT INTO "user" (id, email, name, "emailVerified", "createdAt", "updatedAt")`+
			` VALUES ($1, $2, $3, $4, $5, $6)`,
			p.ID, p.Email, p.Name, p.Confirmed, p.Created, p.Updated)
		for i, provider := range p.Providers {
			subject, password := p.Subjects[i], (*string)(nil)
			if provider == "email" {
				provider, subject, password = "credential", p.ID, p.Password
			}
			runSQL(`SELECT * FROM account WHERE "userId" = $1`, p.ID)
			runSQL(`INSERT INTO account ("userId", "providerId", "accountId", password, "createdAt", "updatedAt")`+
				` VALUES ($1, $2, $3, $4, $5, $6)`,
				p.ID, provider, subject, password, p.Created, p.Updated)
		}
	}
	return time.Since(start)
}

// runBetterAuthMigration runs guide.mjs: Better Auth itself copies the users, row by row. It returns 0 if Better Auth
// is not installed (`make conformance` installs it).
func (s *importBenchmark) runBetterAuthMigration(b *testing.B, to string) time.Duration {
	b.Helper()
	if _, err := os.Stat("../conformance/node_modules/better-auth"); err != nil {
		return 0
	}
	script, err := os.Open("guide.mjs")
	if err != nil {
		b.Fatal(err)
	}
	defer script.Close()
	cmd := exec.Command("node", "--input-type=module", "-")
	cmd.Dir, cmd.Stdin, cmd.Stderr = "../conformance", script, os.Stderr
	cmd.Env = append(os.Environ(), "FROM="+s.from, "TO="+to, fmt.Sprintf("USERS=%d", rowByRowUsers))
	output, err := cmd.Output()
	if err != nil {
		b.Fatalf("run guide.mjs: %v", err)
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(string(output)), 64)
	if err != nil {
		b.Fatalf("read output of guide.mjs: %v", err)
	}
	return time.Duration(seconds * float64(time.Second))
}

// sourceUsers reads up to rowByRowUsers users of the source.
func (s *importBenchmark) sourceUsers(b *testing.B) []sourceUser {
	b.Helper()
	src := s.connect(b, s.from)
	defer src.Close(b.Context())
	rows, err := src.Query(b.Context(), `
		SELECT u.id::text, u.email, u.raw_user_meta_data->>'name', u.email_confirmed_at IS NOT NULL, u.encrypted_password,
			u.created_at, u.updated_at,
			array(SELECT i.provider FROM auth.identities i WHERE i.user_id = u.id ORDER BY i.id),
			array(SELECT i.provider_id FROM auth.identities i WHERE i.user_id = u.id ORDER BY i.id)
		FROM auth.users u LIMIT $1`, rowByRowUsers)
	if err != nil {
		b.Fatal(err)
	}
	users, err := pgx.CollectRows(rows, pgx.RowToStructByPos[sourceUser])
	if err != nil {
		b.Fatal(err)
	}
	return users
}
