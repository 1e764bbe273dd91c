package run_test

import (
	"bufio"
	"bytes"
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/sample"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/importer"
)

const secretOfServer = "a-secret-of-at-least-32-characters"

var queriesOfSessions = map[string]string{
	"sessions": `select r::text from "supabaseSession" r order by id`,
	"digests":  `select r::text from "supabaseCredential" r order by digest`,
	"bridge":   `select (jwks is null)::text from "supabaseBridge"`,
	"ledger":   `select row(user_id, id, outcome, expected, written)::text from supabase_import.session order by id`,
	"batches":  `select row(number, sessions, key_check)::text from supabase_import.session_batch order by number`,
}

// TestKilledImportOfSessionsContinues kills the process at random moments and starts a new process each time, until one
// completes the import. Some rows of the target were used before.
func TestKilledImportOfSessionsContinues(t *testing.T) {
	t.Parallel()
	c := child{
		From: supabasetest.New(t), Concurrency: 2, Secret: secretOfServer,
		Options: importer.Options{BatchSize: 10, MFA: "allow", Sessions: true},
	}
	supabasetest.CreateSessionTables(t, c.From)
	supabasetest.FillBulk(t, c.From, 100, 100, 0)
	supabasetest.FillSessions(t, c.From, 250)
	c.To = dbtest.New(t)
	took, done := c.runAndKill(t, time.Hour)
	if !done {
		t.Fatal("the import without kills did not complete")
	}
	want := importtest.Contents(t, c.To, queriesOfSessions)
	if len(want["sessions"]) == 0 || len(want["batches"]) != 10 {
		t.Fatalf("import without kills: got %d sessions and %d batches, want some and ten",
			len(want["sessions"]), len(want["batches"]))
	}
	kills := 20
	if !sample.RunsAllCases() {
		kills = 3
	}
	random := sample.NewRandom(t)
	for killed := 0; killed < kills; {
		c.To = dbtest.New(t)
		for done = false; !done; {
			var lasted time.Duration
			lasted, done = c.runAndKill(t, time.Duration(random.Int64N(int64(took))))
			if done {
				took = min(took, lasted)
				break
			}
			killed++
			c.waitUntilFree(t)
			done = c.hasClosedPass(t)
		}
		if diff := importtest.Diff(importtest.Contents(t, c.To, queriesOfSessions), want); diff != "" {
			t.Fatalf("after %d kills the target differs from that of an import without kills:%s", killed, diff)
		}
	}
	m := &importer.Import{From: c.From, To: c.To, Holder: "test", Now: time.Now}
	m.Secret = func(context.Context) (cipher.Keys, error) { return cipher.ParseKeys("", secretOfServer) }
	importtest.CheckVerificationIsEqual(t, m)
}

func TestMemoryDoesNotGrowWithSessions(t *testing.T) {
	t.Parallel()
	largestHeap := func(users int) uint64 {
		c := child{
			From: supabasetest.New(t), To: dbtest.New(t), Concurrency: 1, Measure: true, Secret: secretOfServer,
			Options: importer.Options{BatchSize: 250, MFA: "allow", Sessions: true},
		}
		supabasetest.CreateSessionTables(t, c.From)
		supabasetest.FillBulk(t, c.From, users, users, 0)
		supabasetest.FillSessions(t, c.From, 3*users)
		out, err := c.command(t).Output()
		if err != nil {
			t.Fatalf("the import of %d users: %v", users, err)
		}
		last := ""
		for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
			last = s.Text()
		}
		n, err := strconv.ParseUint(strings.TrimSpace(last), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	const size = 500
	few, many := largestHeap(size), largestHeap(10*size)
	t.Logf("the largest heap: %d KB with %d sessions, %d KB with %d", few>>10, 3*size, many>>10, 30*size)
	if many > few+few/2 {
		t.Errorf("the largest heap is %d bytes with %d sessions, want at most 1.5 times the %d bytes with %d sessions",
			many, 30*size, few, 3*size)
	}
}
