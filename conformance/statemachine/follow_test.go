//go:build node

package statemachine

import (
	"encoding/json"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/importer/stepfn"
)

// The source changes before the first and before the second of four polls.
func TestExecutionFollowsTheSourceBeforeItVerifies(t *testing.T) {
	t.Parallel()
	s := newTestbed(t, 300)
	polls := 0
	s.setFault(func(k *task) *functionAnswer {
		if k.action.Action != "follow" {
			return nil
		}
		switch polls++; polls {
		case 1:
			dbtest.Exec(t, s.from, `update auth.users set raw_user_meta_data = '{"name": "New"}' where deleted_at is null`)
		case 2:
			dbtest.Exec(t, s.from, "insert into auth.users (id, email) values (gen_random_uuid(), 'late@example.com')")
			s.summary.Users++
		}
		return nil
	})
	got := s.startAndWait("follow", `{"mfa":"hold","batchSize":50,"follow":4}`)
	s.checkComplete(got)
	if got.Entered["Follow"] != 4 || got.Entered["Wait for changes"] != 3 {
		t.Errorf("states that the execution entered: got %v, want Follow 4 times and Wait for changes 3 times", got.Entered)
	}
	if n := dbtest.Value[int64](t, s.to, `select count(*) from "user" where name = 'New'`); n < 200 {
		t.Errorf("users of the target with the new name: got %d, want at least 200", n)
	}
	s.checkEnteredStates(got, "Verify", "Gate")
}

// An execution that polls for changes is redriven after a poll failed. Its other polls follow.
func TestRedriveContinuesToFollow(t *testing.T) {
	t.Parallel()
	s := newTestbed(t, 100)
	fails := true
	s.setFault(func(k *task) *functionAnswer {
		if fails && k.action.Action == "follow" && k.action.Left == 1 {
			a := newFailedAnswer("Failed", "an error of the test")
			return &a
		}
		return nil
	})
	failed := s.startAndWait("follow", `{"mfa":"hold","batchSize":50,"follow":2}`)
	var at struct {
		Followed stepfn.FollowResult `json:"followed"`
	}
	if err := json.Unmarshal(failed.Last.Input, &at); err != nil || failed.Last.State != "Follow" || at.Followed.Left != 1 {
		t.Fatalf("the failed execution: got the state %s with %+v (error %v), want Follow with one poll left",
			failed.Last.State, at.Followed, err)
	}
	fails = false
	s.checkComplete(s.redrive("follow", failed, 1))
}
