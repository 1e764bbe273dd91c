package follow_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/childtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/follow"
)

// child holds the databases of a process that follows a source until it is idle.
type child struct{ From, To string }

func TestMain(m *testing.M) { childtest.Main(m, runChild) }

func runChild(c child) error {
	m := importer.Import{From: c.From, To: c.To, Holder: fmt.Sprintf("process %d", os.Getpid()), Now: time.Now}
	m.Secret = testSecret
	_, err := follow.Run(context.Background(), m.Env(), untilIdle(withSessions, nil))
	return err
}

// testSecret returns the secret of a deployment.
func testSecret(context.Context) (cipher.Keys, error) {
	return cipher.ParseKeys("", "a-secret-of-at-least-32-characters")
}

// withSessions are options with small batches, for a source with the tables of sessions.
var withSessions = importer.Options{BatchSize: 100, MFA: "allow", Sessions: true}

// command returns the command that starts the child.
func (c child) command(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := childtest.Command(t, c)
	cmd.Stderr = os.Stderr
	return cmd
}

// untilIdle returns options with short pauses, which end after a poll without changes.
func untilIdle(o importer.Options, report func(follow.Poll)) follow.Options {
	return follow.Options{Mapping: o, Interval: time.Millisecond, UntilIdle: true, Report: report}
}

// followUntilIdle follows the source of an import until a poll finds no change, and returns the polls. afterPoll is
// called with the number of each poll; it can change the source.
func followUntilIdle(t *testing.T, m *importer.Import, afterPoll func(number int)) []follow.Poll {
	t.Helper()
	return followWith(t, m, importtest.BatchesOf100, afterPoll)
}

// followWith is like followUntilIdle, with options of the run.
func followWith(
	t *testing.T, m *importer.Import, o importer.Options, afterPoll func(number int),
) (polls []follow.Poll) {
	t.Helper()
	_, err := follow.Run(t.Context(), m.Env(), untilIdle(o, func(p follow.Poll) {
		if polls = append(polls, p); len(polls) > 50 {
			t.Fatalf("poll %d still finds changes: %+v", len(polls), p)
		}
		if afterPoll != nil {
			afterPoll(p.Number)
		}
	}))
	if err != nil {
		t.Fatalf("follow the source: %v", err)
	}
	return polls
}

// changedUsers adds up the users that the polls found to be changed.
func changedUsers(polls []follow.Poll) (n int64) {
	for _, p := range polls {
		n += p.Changed
	}
	return n
}
