package main

import (
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// Two operators ban or delete the last two administrators at the same moment. Each command sees the other administrator
// when it looks, and then waits for a lock on the users. One of them must be refused.
func TestConcurrentCommandsLeaveAnAdministrator(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ ofAda, ofGrace, listed string }{
		{"ban", "ban", ""},
		{"delete", "delete", ""},
		{"ban", "delete", ""},
		{"delete", "ban", graceID}, // Grace is an administrator by the setting only
	} {
		url := newUsersDatabase(t)
		if c.listed == "" {
			dbtest.Exec(t, url, `UPDATE "user" SET role = 'admin' WHERE id = $1::uuid`, graceID)
		}
		commands := [][]string{{c.ofAda, adaID, "--yes"}, {c.ofGrace, graceID, "--yes"}}
		codes, outputs := runWhileUsersAreLocked(t, url, commands, "ADMIN_USER_IDS", c.listed)
		refused := 0
		for i, code := range codes {
			isRefused := code == exitFailed && strings.Contains(outputs[i], "the user is the last administrator") &&
				strings.Contains(outputs[i], `"result":"refused"`) && strings.Contains(outputs[i], "Nothing was changed")
			switch {
			case isRefused:
				refused++
			case code != exitDone:
				t.Errorf("xenon users %v: got the exit code %d, want 0 or a refusal\n%s", commands[i], code, outputs[i])
			}
		}
		left := dbtest.Value[int](t, url, `
			SELECT count(*) FROM "user"
			WHERE id IN ('`+adaID+`', '`+graceID+`') AND banned IS NOT TRUE`)
		if refused != 1 || left != 1 {
			t.Errorf("%+v at the same time: got %d refusals and %d administrators, want one of each", c, refused, left)
		}
	}
}

// runWhileUsersAreLocked starts commands while another transaction has locked all users, until all of them wait.
func runWhileUsersAreLocked(
	t *testing.T, url string, commands [][]string, env ...string,
) (codes []int, outputs []string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SELECT FROM "user" FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	codes, outputs = make([]int, len(commands)), make([]string, len(commands))
	var group sync.WaitGroup
	for i, args := range commands {
		group.Go(func() {
			code, out, stderr := runUsers(t, "", args, append(env, "DATABASE_URL", url)...)
			codes[i], outputs[i] = code, out+stderr
		})
	}
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	dbtest.AwaitLockWaits(t, url, len(commands), done)
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-done
	return codes, outputs
}
