package dump

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/childtest"
	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// child holds the arguments of a process that imports a file.
type child struct {
	Path, To string
	TempDir  string // for the directory of the temporary server; "" is the directory of the system
	Hangs    bool   // the process stops in the middle of the file, and prints the directory of the server
}

func TestMain(m *testing.M) { childtest.Main(m, runChild) }

// runChild imports the file, and prints the directory of the temporary server and a line for each batch.
func runChild(c child) error {
	o := Options{}
	if c.Hangs {
		o.Progress = func(int64) {
			dirs, err := filepath.Glob(filepath.Join(os.TempDir(), "xenon-postgres-*"))
			fmt.Println("loading", dirs, err)
			time.Sleep(time.Minute)
		}
	}
	s, err := Load(context.Background(), c.Path, o)
	if err != nil {
		return err
	}
	fmt.Println(s.server.Dir)
	holder := fmt.Sprintf("process %d", os.Getpid())
	m := importer.Import{From: s.URL(), To: c.To, File: &s.File, Holder: holder, Now: time.Now}
	m.Progress = func(e importer.Event) { fmt.Println("batch", e.Batch) }
	if _, err := m.Run(context.Background(), importer.Options{BatchSize: 10, MFA: "allow"}, false, 1); err != nil {
		return err
	}
	fmt.Println("complete")
	return s.Close()
}

// run starts the process and returns the first line of its output. It kills the process after the line that begins with
// killAfter, unless that is "".
func (c child) run(t *testing.T, killAfter string) (dir string, lines []string) {
	t.Helper()
	cmd := childtest.Command(t, c)
	if c.TempDir != "" {
		cmd.Env = append(cmd.Env, "TMPDIR="+c.TempDir)
	}
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	for s := bufio.NewScanner(out); s.Scan(); {
		lines = append(lines, s.Text())
		if killAfter != "" && strings.HasPrefix(s.Text(), killAfter) {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); (err == nil) == (killAfter != "") || len(lines) == 0 {
		t.Fatalf("the process ended with the error %v and %d lines: %s", err, len(lines), errs.String())
	}
	return lines[0], lines[1:]
}

// A process that is killed leaves no server and no files. A second process continues the run with the same file.
func TestKilledImportFromAFileLeavesNothingAndContinues(t *testing.T) {
	t.Parallel()
	from := newSource(t)
	c := child{Path: writeFile(t, "data.sql", pgDump(t, from, "--data-only")), To: dbtest.New(t)}
	dir, lines := c.run(t, "batch 7")
	importtest.Eventually(t, "the files of the temporary server of the killed process to be removed", func() bool {
		_, err := os.Stat(dir)
		return os.IsNotExist(err)
	})
	if last := lines[len(lines)-1]; last == "complete" {
		t.Fatal("the killed import is complete, want it unfinished")
	}
	importtest.Eventually(t, "the lease of the killed process to end", func() bool {
		return importtest.Value(t, c.To, `select (count(*) = 0)::text from pg_stat_activity where pid <> pg_backend_pid()
			and datname = current_database() and application_name = 'xenon migrate'`) == "true"
	})
	dir, lines = c.run(t, "")
	if len(lines) == 0 || lines[0] == "batch 0" || lines[len(lines)-1] != "complete" {
		t.Errorf("the second process: got the lines %v, want it to begin after batch 0 and to complete", lines)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the directory of the temporary server after Close: got the error %v, want that it does not exist", err)
	}
	whole := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, whole, importtest.BatchesOf100)
	if diff := importtest.Diff(importtest.Contents(t, c.To, importtest.QueriesOfImportedTables),
		importtest.Contents(t, whole.To, importtest.QueriesOfImportedTables)); diff != "" {
		t.Errorf("the target differs from that of an import from the database:%s", diff)
	}
}

// A process that is killed while it reads the file has not written to the target, and leaves no server and no files.
// The next process reads the whole file.
func TestKilledLoadLeavesNothingAndTheNextOneIsComplete(t *testing.T) {
	t.Parallel()
	from := newSource(t)
	first, others, ok := strings.Cut(string(pgDump(t, from, "--data-only")), "\n\\.\n")
	if !ok {
		t.Fatal("the dump has no rows")
	}
	half := first + "\n\\.\n" + strings.Repeat("-- a comment between two tables\n", 5<<20/32)
	c := child{Path: writeFile(t, "data.sql", []byte(half+others)), To: dbtest.New(t), TempDir: t.TempDir(), Hangs: true}
	// The account of the server enters the directory and removes its own from it, as in /tmp.
	err := errors.Join(os.Chmod(filepath.Dir(c.TempDir), 0o755), os.Chmod(c.TempDir, 0o777|os.ModeSticky))
	if err != nil {
		t.Fatal(err)
	}
	loading, _ := c.run(t, "loading")
	if !strings.Contains(loading, "xenon-postgres-") {
		t.Errorf("while it loads the file: got the line %q, want one with the directory of the server", loading)
	}
	importtest.Eventually(t, "the files of the temporary server of the killed process to be removed", func() bool {
		left, err := os.ReadDir(c.TempDir)
		return err == nil && len(left) == 0
	})
	const ledger = "select coalesce(to_regnamespace('supabase_import')::text, 'none')"
	if got := importtest.Value(t, c.To, ledger); got != "none" {
		t.Errorf("the ledger in the target after the kill: got the schema %s, want none", got)
	}
	c.Hangs = false
	_, lines := c.run(t, "")
	if len(lines) == 0 || lines[0] != "batch 0" || lines[len(lines)-1] != "complete" {
		t.Errorf("the next process: got the lines %v, want it to begin with batch 0 and to complete", lines)
	}
	whole := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, whole, importtest.BatchesOf100)
	if diff := importtest.Diff(importtest.Contents(t, c.To, importtest.QueriesOfImportedTables),
		importtest.Contents(t, whole.To, importtest.QueriesOfImportedTables)); diff != "" {
		t.Errorf("the target differs from that of an import from the database:%s", diff)
	}
}

func TestLoadChecksTheDigestBeforeItStartsAServer(t *testing.T) {
	t.Parallel()
	path := writeFile(t, "data.sql", []byte("SELECT 1;\n"))
	_, err := Load(t.Context(), path, Options{Check: func(sha256 string) error {
		if want := "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd"; sha256 != want {
			t.Errorf("the digest: got %q, want %q", sha256, want)
		}
		return refuse("not this file")
	}})
	if err == nil || !strings.Contains(err.Error(), "not this file") {
		t.Errorf("got the error %v, want that of Check", err)
	}
	_, err = Load(t.Context(), path+".missing", Options{})
	if err == nil || !strings.Contains(err.Error(), "there is no file") {
		t.Errorf("a missing file: got the error %v, want one that says so", err)
	}
}
