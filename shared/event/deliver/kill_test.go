package deliver

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/xenon-auth/xenon/internal/testkit/childtest"
	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/freeport"
	"github.com/xenon-auth/xenon/internal/testkit/sample"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
)

const testSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// receiver is a process that receives webhooks. The test kills it.
type receiver struct {
	Address, File string
}

func TestMain(m *testing.M) { childtest.Main(m, receiver.serve) }

// serve appends a line to the file for each event, and answers two milliseconds later. The line has the user, the name,
// which is the number of the change, and the id of the event.
func (r receiver) serve() error {
	verifier, err := standardwebhooks.NewWebhook(testSecret)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(r.File, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	server := &http.Server{Addr: r.Address, ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(
		func(w http.ResponseWriter, q *http.Request) {
			body, err := io.ReadAll(q.Body)
			var e struct {
				Data struct {
					UserID string
					User   struct{ Name string }
				}
			}
			if err != nil || verifier.Verify(body, q.Header) != nil || json.Unmarshal(body, &e) != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			line := fmt.Sprintln(e.Data.UserID, e.Data.User.Name, q.Header.Get("Webhook-Id"))
			if _, err := file.WriteString(line); err != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
			time.Sleep(2 * time.Millisecond) // a receiver that is killed here gets the event again
		},
	)}
	return server.ListenAndServe()
}

// lines returns the lines that the receiver has written.
func (r receiver) lines(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(r.File)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

func (r receiver) start(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := childtest.Command(t, r)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// keepKilling starts the receiver and kills it with SIGKILL, several times while it receives the events. It returns the
// last process.
func (r receiver) keepKilling(t *testing.T, kills, events int) *exec.Cmd {
	t.Helper()
	cmd := r.start(t)
	for i := range kills {
		waitUntil(t, "the receiver gets events", func() bool { return len(r.lines(t)) > (i+1)*events/(kills+2) })
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // the error says that it was killed
		cmd = r.start(t)
	}
	return cmd
}

func waitUntil(t *testing.T, event string, happened func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Minute); !happened(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited ten minutes until %s", event)
		}
	}
}

// load is how many changes a test makes.
type load struct{ users, changes, kills int } // changes of each user

func (l load) total() int { return l.users * l.changes }

// makeChanges inserts users without events, and changes their names: 1, 2, 3 and so on. Four connections change them at
// the same time, each its own users.
func makeChanges(t *testing.T, url string, l load) {
	t.Helper()
	dbtest.Exec(t, url, fmt.Sprintf(`SET xenon.events = 'off'; INSERT INTO "user" (id, name, email, "emailVerified")
		SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, '0', n::text, true
		FROM generate_series(0, %d) n`, l.users-1))
	const writers = 4
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			conn, err := pgx.Connect(t.Context(), url)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close(context.WithoutCancel(t.Context()))
			for change := 1; change <= l.changes; change++ {
				for user := writer; user < l.users; user += writers {
					id := fmt.Sprintf("00000000-0000-4000-8000-%012d", user)
					if _, err := conn.Exec(t.Context(), `UPDATE "user" SET name = $2 WHERE id = $1`, id,
						strconv.Itoa(change)); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	all.Wait()
}

// checkDelivered fails the test unless the receiver got every change of every user at least once and in order: a line
// is the same event as the last one of the user, or the next one.
func (r receiver) checkDelivered(t *testing.T, l load) {
	t.Helper()
	type delivered struct {
		change int
		id     string
	}
	last := map[string]delivered{}
	again := 0
	for _, line := range r.lines(t) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			t.Fatalf("line of the receiver: got %q, want a user, a number and an id", line)
		}
		user, id := fields[0], fields[2]
		change, err := strconv.Atoi(fields[1])
		switch before := last[user]; {
		case err != nil:
			t.Fatalf("line of the receiver: got %q, want a number of a change", line)
		case change == before.change && id == before.id:
			again++
		case change != before.change+1 || id == before.id:
			t.Errorf("user %s: got the change %d with the id %s after the change %d with the id %s, want the next one",
				user, change, id, before.change, before.id)
		}
		last[user] = delivered{change, id}
	}
	for user, d := range last {
		if d.change != l.changes {
			t.Errorf("user %s: got %d changes, want %d", user, d.change, l.changes)
		}
	}
	if len(last) != l.users {
		t.Errorf("users with changes: got %d, want %d", len(last), l.users)
	}
	t.Logf("%d changes of %d users, %d kills of the receiver; %d events came again", l.total(), l.users, l.kills, again)
}

// runWithKills starts send, which sends events until its context ends, makes the changes, and kills the receiver
// meanwhile. It returns when no event waits any more and isDone returns true.
func runWithKills(
	t *testing.T, url string, l load, r receiver, send func(ctx context.Context), isDone func() bool,
) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { send(ctx) })
	all.Go(func() { makeChanges(t, url, l) })
	last := r.keepKilling(t, l.kills, l.total())
	waitUntil(t, "no event waits", func() bool {
		return len(r.lines(t)) >= l.total() && isDone() && dbtest.Value[int](t, url, "SELECT count(*) FROM user_event") == 0
	})
	stop()
	all.Wait()
	_ = last.Process.Kill()
	_ = last.Wait()
	r.checkDelivered(t, l)
}

// newEventsDatabase returns the URL of a database with the triggers, and settings for a receiver.
func newEventsDatabase(t *testing.T) (string, config.API, receiver) {
	t.Helper()
	url := dbtest.New(t)
	if _, err := migrations.SwitchEvents(t.Context(), url, "public", true); err != nil {
		t.Fatal(err)
	}
	r := receiver{Address: freeport.Address(t), File: filepath.Join(t.TempDir(), "events")}
	cfg := config.API{DatabaseURL: config.Secret(url), Events: config.Events{
		On: true, WebhookURL: "http://" + r.Address + "/", WebhookSecret: testSecret,
	}}
	return url, cfg, r
}

// 10,000 changes, while the receiver is killed ten times.
func TestNoEventIsLostWhileTheReceiverIsKilled(t *testing.T) {
	t.Parallel()
	l := load{users: 100, changes: 100, kills: 10}
	if !sample.RunsAllCases() {
		l = load{users: 20, changes: 30, kills: 3}
	}
	url, cfg, r := newEventsDatabase(t)
	appSecrets := secrets.New(cfg, time.Now)
	db := store.Open(appSecrets, 1)
	t.Cleanup(db.Close)
	relay := NewRelay(cfg, db, appSecrets, time.Now)
	send := func(ctx context.Context) { relay.Loop(ctx, 10*time.Millisecond, 50*time.Millisecond) }
	runWithKills(t, url, l, r, send, func() bool { return true })
}
