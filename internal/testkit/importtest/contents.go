package importtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// QueriesOfImportedTables has queries for the tables of Better Auth and Xenon to which a run writes. QueriesOfLedger
// has queries for the tables of the schema supabase_import, without the columns whose values differ between two runs of
// one import.
var (
	QueriesOfImportedTables = map[string]string{
		"user":         `select r::text from "user" r order by id`,
		"account":      `select r::text from account r order by id`,
		"user_profile": `select r::text from user_profile r order by id`,
	}
	QueriesOfLedger = map[string]string{
		"run": `select row(name, state, pass, undone)::text from supabase_import.run order by id`,
		"batch": `select row(number, low, high, copied, pass, rows, quarantined, parked)::text from supabase_import.batch
			order by number`,
		"ledger":  `select r::text from supabase_import.ledger r order by user_id, source, key`,
		"ruling":  `select r::text from supabase_import.ruling r order by user_id, source, key, reason`,
		"foreign": `select r::text from supabase_import.foreign_account r order by id`,
		"quarantine": `select row(user_id, source, key, field, reason, detail, original, resolved is null)::text
			from supabase_import.quarantine order by user_id, source, key, field, reason`,
	}
)

// Contents returns the result of each query: its rows as text, by the name of the query.
func Contents(t *testing.T, url string, queries ...map[string]string) map[string][]string {
	t.Helper()
	got := map[string][]string{}
	for _, some := range queries {
		for name, sql := range some {
			got[name] = Column(t, url, sql)
		}
	}
	return got
}

// Diff describes the differences between two results of Contents. It shows at most three rows of each kind of
// difference, and only the beginning of a row, because rows contain password hashes.
func Diff(got, want map[string][]string) string {
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(want)) {
		for mark, rows := range map[string][]string{
			"unexpected": RowsMissingIn(want[name], got[name]),
			"missing":    RowsMissingIn(got[name], want[name]),
		} {
			for _, row := range rows[:min(len(rows), 3)] {
				fmt.Fprintf(&out, "\n%s: %d rows are %s, such as %.100s", name, len(rows), mark, row)
			}
		}
	}
	return out.String()
}

// RowsMissingIn returns the rows that are not in others.
func RowsMissingIn(others, rows []string) []string {
	found := map[string]bool{}
	for _, row := range others {
		found[row] = true
	}
	return slices.DeleteFunc(slices.Clone(rows), func(row string) bool { return found[row] })
}

// Column returns the rows of a query that has one column of type text.
func Column(t *testing.T, url, query string, args ...any) (got []string) {
	t.Helper()
	err := dbtest.WithConnection(t, url, func(ctx context.Context, conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		got, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return got
}

// Value returns the result of a query that has one row and one column of type text.
func Value(t *testing.T, url, query string, args ...any) string {
	t.Helper()
	got := Column(t, url, query, args...)
	if len(got) != 1 {
		t.Fatalf("%s: got %d rows, want one", query, len(got))
	}
	return got[0]
}

// Exec executes statements that are separated by semicolons.
func Exec(t *testing.T, url, statements string) {
	t.Helper()
	dbtest.Exec(t, url, statements)
}

// eventTimeout is the time after which Eventually fails the test.
const eventTimeout = 3 * time.Minute

// Eventually calls happened until it returns true. If that takes more than three minutes, the test fails; the failure
// text contains event, a description of what has to happen.
func Eventually(t *testing.T, event string, happened func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), eventTimeout)
	defer cancel()
	for !happened() {
		select {
		case <-ctx.Done():
			t.Fatalf("this did not happen within %s: %s", eventTimeout, event)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// RunToCompletion runs an import with two workers. It fails the test unless the import is complete at the end.
func RunToCompletion(t *testing.T, m *importer.Import, o importer.Options) importer.Status {
	t.Helper()
	st, err := m.Run(t.Context(), o, false, 2)
	if err != nil {
		t.Fatalf("run the import: %v", err)
	}
	if st.State != "complete" {
		t.Fatalf(
			"the import has the state %q with %d of %d batches done and %v parked, want complete",
			st.State,
			st.Done,
			st.Batches,
			st.Parked,
		)
	}
	return st
}

// AwaitLockWait waits until a statement in the database waits for a lock. event describes this wait for the failure
// text.
func AwaitLockWait(t *testing.T, url, event string) {
	t.Helper()
	Eventually(t, event, func() bool {
		return Value(t, url, `select count(*)::text from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock'`) != "0"
	})
}

// CheckSameAsNewImport runs the verification, and checks that a new import of the current source into another database
// writes the same rows as the target has.
func CheckSameAsNewImport(t *testing.T, m *importer.Import, o importer.Options) {
	t.Helper()
	CheckVerificationIsEqual(t, m)
	other := NewImport(t, m.From)
	RunToCompletion(t, other, o)
	if diff := Diff(
		Contents(t, m.To, QueriesOfImportedTables),
		Contents(t, other.To, QueriesOfImportedTables),
	); diff != "" {
		t.Errorf("the target differs from a new import of the source, want the same rows: %s", diff)
	}
}

// CreateRole creates a role with LOGIN and returns the URL of the database for it. grants is a list of statements that
// is passed to fmt.Sprintf with the name of the role. The role is dropped at the end of the test.
func CreateRole(t *testing.T, database, grants string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal("the database URL is not a URL")
	}
	name, password := "xenon_test_"+strings.ToLower(rand.Text()), rand.Text()
	Exec(t, database, "create role "+name+" login password '"+password+"'")
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.WithoutCancel(t.Context()), database)
		if err == nil {
			_, err = conn.Exec(context.WithoutCancel(t.Context()), "drop owned by "+name+"; drop role "+name)
			_ = conn.Close(context.WithoutCancel(t.Context()))
		}
		if err != nil {
			t.Errorf("drop the role: %v", err)
		}
	})
	// Each statement has its own transaction. A transaction that grants something on a table and then locks the table can
	// end in a deadlock with autovacuum.
	for statement := range strings.SplitSeq(fmt.Sprintf(grants, name), ";") {
		Exec(t, database, statement)
	}
	u.User = url.UserPassword(name, password)
	return u.String()
}

// CheckVerificationIsEqual runs the verification of the import, and fails the test if source and target are not equal.
func CheckVerificationIsEqual(t *testing.T, m *importer.Import) {
	t.Helper()
	v, err := m.Verify(t.Context(), "supabase", 2)
	if err != nil {
		t.Fatalf("run the verification: %v", err)
	}
	if !v.Equal {
		t.Errorf("rows that the verification finds to differ: got %d, want none: %v; checks of counts: %v",
			v.Different, v.Differences, v.Equations)
	}
}
