package tables_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/sample"
)

// changeBlog changes rows of every table, other ones for each seed.
func changeBlog(seed int) string {
	return fmt.Sprintf(`
insert into posts (author, slug, body) select id, 'later-%[1]d-' || id, 'text' from authors limit 5;
update posts set body = body || '.' where id %% 7 = %[1]d %% 7;
delete from posts where id %% 31 = %[1]d %% 31;
insert into tags select id, 'tag-%[1]d' from posts where id %% 5 = %[1]d %% 5;
update pages set path = path || 'x' where path like '%%' || %[1]d %% 10;
delete from links where n = 1 and page like '%%' || %[1]d %% 10;
insert into visits values (now(), '/')`, seed)
}

// The process is killed at random moments of its polls, while the source changes, and started again each time.
func TestFollowOfTablesLosesNothingWhenItIsKilled(t *testing.T) {
	t.Parallel()
	m, _ := moveBlog(t)
	c := child{From: m.From, To: m.To, Follows: true}
	took, done := c.runAndKill(t, time.Hour)
	if !done {
		t.Fatal("the first process did not end by itself")
	}
	kills, random := 2, sample.NewRandom(t)
	if sample.RunsAllCases() {
		kills = killCount
	}
	killed := 0
	for seed := 1; killed < kills; seed++ {
		dbtest.Exec(t, m.From, changeBlog(seed))
		ran, done := c.runAndKill(t, time.Duration(random.Int64N(int64(took))))
		if done {
			took = ran
		} else {
			killed++
		}
		waitUntilFree(t, m)
	}
	if _, done = c.runAndKill(t, time.Hour); !done {
		t.Fatal("the last process did not end by itself")
	}
	f := checkBlogIsFrozen(t, m)
	if f.Finish.Written == 0 {
		t.Errorf("the table without a primary key: got no row copied, want some")
	}
	checkVerified(t, m)
	checkSequences(t, m)
}
