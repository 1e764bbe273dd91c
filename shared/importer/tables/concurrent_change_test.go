package tables_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/projecttest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// transactionWith begins a transaction of a client of the target with a statement.
func transactionWith(t *testing.T, url, sql string, args ...any) *pgx.Conn {
	t.Helper()
	conn := connect(t, url)
	if _, err := conn.Exec(t.Context(), "BEGIN"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
	return conn
}

func commit(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), "COMMIT"); err != nil {
		t.Fatal(err)
	}
}

// waitForBlocked waits until a number of sessions of the database wait for locks.
func waitForBlocked(t *testing.T, url string, want int) {
	t.Helper()
	importtest.Eventually(t, "sessions that wait for a lock", func() bool {
		return dbtest.Value[int](t, url, `SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0`) == want
	})
}

// beginLaterPass runs a further pass at the same time. The channel gets its error.
func beginLaterPass(t *testing.T, m *importer.Import) <-chan error {
	t.Helper()
	ended := make(chan error, 1)
	go func() {
		o := importer.Options{MFA: "allow", Profiles: "none", AllowDeletions: true}
		_, err := m.Run(context.WithoutCancel(t.Context()), o, false, 0)
		ended <- err
	}()
	return ended
}

// A client changes a row while the pass decides about its user: the user and the row stay.
func TestLaterPassKeepsAUserWhoseMovedRowIsBeingChanged(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"a row is changed":                     `UPDATE stamps SET buyer = buyer WHERE id = $1`,
		"a row of a partition is changed":      `UPDATE visits SET at = '2026-06-01' WHERE id = $1`,
		"a row that refers to the user is new": `INSERT INTO letters VALUES (gen_random_uuid(), 2, $1)`,
		"a row that refers to a row is new":    `INSERT INTO letters (id, part, reply_to) VALUES (gen_random_uuid(), 2, $1)`,
		"a row without a moved sibling is new": `INSERT INTO drafts VALUES (gen_random_uuid(), $1)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, users := moveOwnTables(t, "xenon")
			deleteAtSource(t, m, users[0])
			client := transactionWith(t, m.To, change, users[0])
			ended := beginLaterPass(t, m)
			waitForBlocked(t, m.To, 1)
			commit(t, client)
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(users, targetUsers(t, m)); diff != "" {
				t.Errorf("users of the target (-want +got):\n%s", diff)
			}
			rows := importtest.Value(t, m.To, `SELECT concat_ws(' ', (SELECT count(*) FROM stamps WHERE id = $1),
  (SELECT count(*) FROM visits WHERE id = $1), (SELECT count(*) FROM letters WHERE id = $1))`, users[0])
			if rows != "1 1 1" {
				t.Errorf("moved rows of the user in stamps, visits and letters: got %s, want 1 1 1", rows)
			}
			n := dbtest.Value[int](t, m.To, `SELECT count(*) FROM supabase_import.quarantine
WHERE source = 'user' AND reason = 'removed_at_source' AND resolved IS NULL AND user_id::text = $1`, users[0])
			if n != 1 {
				t.Errorf("entries of the quarantine for the user: got %d, want 1", n)
			}
		})
	}
}

// A client changes a row after the pass has decided: the change comes later and finds no row, or no user.
func TestChangeOfAMovedRowWaitsForThePassThatDeletesIt(t *testing.T) {
	t.Parallel()
	m, users := moveOwnTables(t, "xenon")
	// Otherwise the target rejects Hal, and the pass copies the batch again in parts, after the changes.
	dbtest.Exec(t, m.To, `ALTER TABLE xenon."user" DROP CONSTRAINT allowed_domain`)
	want := append(users[1:], projecttest.Rejected)
	deleteAtSource(t, m, users[0])
	// The pass locks this row after all decisions, and before it deletes anything.
	gate := transactionWith(t, m.To, "SELECT FROM supabase_import.move FOR UPDATE")
	ended := beginLaterPass(t, m)
	waitForBlocked(t, m.To, 1)
	type outcome struct {
		name string
		tag  pgconn.CommandTag
		err  error
	}
	outcomes := make(chan outcome, 2)
	for name, sql := range map[string]string{
		"update": `UPDATE stamps SET buyer = buyer WHERE id = $1`,
		"insert": `INSERT INTO letters VALUES (gen_random_uuid(), 2, $1)`,
	} {
		client := connect(t, m.To)
		go func() {
			tag, err := client.Exec(context.WithoutCancel(t.Context()), sql, users[0])
			outcomes <- outcome{name, tag, err}
		}()
	}
	waitForBlocked(t, m.To, 3)
	commit(t, gate)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for range 2 {
		o := <-outcomes
		e, _ := errors.AsType[*pgconn.PgError](o.err)
		switch {
		case o.name == "update" && (o.err != nil || o.tag.RowsAffected() != 0):
			t.Errorf("the later update: got %d rows and %v, want 0 rows and no error", o.tag.RowsAffected(), o.err)
		case o.name == "insert" && (e == nil || e.Code != "23503"):
			t.Errorf("the later insert: got %v, want a violation of the foreign key (23503)", o.err)
		}
	}
	if diff := cmp.Diff(want, targetUsers(t, m)); diff != "" {
		t.Errorf("users of the target (-want +got):\n%s\nquarantine: %q", diff, importtest.Column(t, m.To,
			`SELECT reason || ' ' || coalesce(detail, '') FROM supabase_import.quarantine WHERE user_id = $1`, users[0]))
	}
	checkVerified(t, m)
}

// The change of a client is rolled back, so the user goes with the unchanged rows.
func TestLaterPassDeletesAUserWhoseMovedRowIsNotChangedInTheEnd(t *testing.T) {
	t.Parallel()
	m, users := moveOwnTables(t, "xenon")
	deleteAtSource(t, m, users[0])
	client := transactionWith(t, m.To, `UPDATE stamps SET buyer = buyer WHERE id = $1`, users[0])
	ended := beginLaterPass(t, m)
	waitForBlocked(t, m.To, 1)
	if _, err := client.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(users[1:], targetUsers(t, m)); diff != "" {
		t.Errorf("users of the target (-want +got):\n%s", diff)
	}
	checkVerified(t, m)
}
