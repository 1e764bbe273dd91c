package copy_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/copy"
)

// A benchmark compares the speed of a run with plain COPY. This test shows that plain COPY writes the same rows as a
// run if there are no conflicts.
func TestPlainCopyWritesTheRowsOfARun(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 300, 400, 240)
	plainTarget, runTarget := importtest.NewImport(t, from), importtest.NewImport(t, from)
	copies, err := copy.ListPlainCopies(t.Context(), plainTarget.Env(), importer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	src, dst := connect(t, from), connect(t, plainTarget.To)
	for _, p := range copies {
		var rows bytes.Buffer
		if _, err := src.PgConn().CopyTo(t.Context(), &rows, "copy ("+p.Query+") to stdout (format binary)"); err != nil {
			t.Fatal(err)
		}
		if _, err := dst.PgConn().CopyFrom(t.Context(), &rows, "copy "+p.Into+" from stdin (format binary)"); err != nil {
			t.Fatal(err)
		}
	}
	importtest.RunToCompletion(t, runTarget, importer.Options{})
	got := importtest.Contents(t, plainTarget.To, importtest.QueriesOfImportedTables)
	want := importtest.Contents(t, runTarget.To, importtest.QueriesOfImportedTables)
	if diff := importtest.Diff(got, want); diff != "" {
		t.Errorf("plain COPY writes other rows than a run: %s", diff)
	}
	if len(got["user"]) != 300 || len(got["user_profile"]) != 240 {
		t.Errorf("plain COPY wrote %d users and %d profiles, want 300 and 240", len(got["user"]), len(got["user_profile"]))
	}
}

// connect returns a connection to the database with this URL.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}
