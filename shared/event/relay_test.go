package event_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/event"
	"github.com/xenon-auth/xenon/shared/store"
)

const (
	ada = "00000000-0000-4000-8000-0000000000ad"
	bob = "00000000-0000-4000-8000-0000000000b0"
)

// target is a target that records batches and fails for some users.
type target struct {
	mu      sync.Mutex
	fails   map[string]bool // by user
	batches [][]event.Event
}

func (r *target) Send(_ context.Context, events []event.Event) []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.batches = append(r.batches, slices.Clone(events))
	errs := make([]error, len(events))
	for i, e := range events {
		if r.fails[e.UserID] {
			errs[i] = errors.New("refused by the test")
		}
	}
	return errs
}

// events returns what the target has got, such as "ad 1": the event 1 of the user that ends with ad.
func (r *target) events() (all []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, batch := range r.batches {
		for _, e := range batch {
			if !r.fails[e.UserID] {
				all = append(all, e.UserID[len(e.UserID)-2:]+" "+e.Type)
			}
		}
	}
	return all
}

// newDatabase returns the URL of a database with the triggers, and a relay to the target.
func newDatabase(t *testing.T, to event.Target) (url string, r *event.Relay) {
	t.Helper()
	url = dbtest.New(t)
	if _, err := migrations.SwitchEvents(t.Context(), url, "public", true); err != nil {
		t.Fatal(err)
	}
	return url, newRelay(t, url, to)
}

func newRelay(t *testing.T, url string, to event.Target) *event.Relay {
	t.Helper()
	db := store.Open(dbtest.FixedURL(url), 1)
	t.Cleanup(db.Close)
	return event.NewRelay(db, to, time.Now)
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func exec(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// insert writes an event with its own type, without a change of a user.
func insert(t *testing.T, conn *pgx.Conn, user, kind string) {
	t.Helper()
	exec(t, conn, fmt.Sprintf(`INSERT INTO user_event (type, user_id, data) VALUES ('%s', '%s', '{"userId": "%[2]s"}')`,
		kind, user))
}

// run calls Run until it has sent the wanted number of events, and fails the test unless the result is the wanted one.
// Transactions of other tests on the same server delay events.
func run(t *testing.T, r *event.Relay, want event.Result) {
	t.Helper()
	got := sendUntil(t, r, func(n event.Result) bool { return n.Sent >= want.Sent && n.Failed >= want.Failed })
	if got != want {
		t.Errorf("Run: got %+v, want %+v", got, want)
	}
}

// sendUntil calls Run until the sum of its results is as wanted, for at most a minute. It returns the sum.
func sendUntil(t *testing.T, r *event.Relay, wanted func(event.Result) bool) (sum event.Result) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		n, err := r.Run(t.Context())
		if err != nil {
			t.Fatalf("Run: got the error %v, want none", err)
		}
		sum.Sent += n.Sent
		sum.Failed = n.Failed
		if wanted(sum) || time.Now().After(end) {
			return sum
		}
	}
}

func TestRelaySendsTheEventsOfChangesAndDeletesThem(t *testing.T) {
	t.Parallel()
	var to target
	url, r := newDatabase(t, &to)
	conn := connect(t, url)
	exec(t, conn, `INSERT INTO "user" (id, name, email, "emailVerified")
		VALUES ('`+ada+`', E'Zo\uFFFF <b>', 'a@example.com', false)`)
	exec(t, conn, `UPDATE "user" SET "emailVerified" = true`)
	run(t, r, event.Result{Sent: 3})
	want := []string{"ad user.created", "ad user.updated", "ad email.verified"}
	if diff := cmp.Diff(want, to.events()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if n := dbtest.Value[int](t, url, "SELECT count(*) FROM user_event"); n != 0 {
		t.Errorf("rows that are left: got %d, want none", n)
	}
	run(t, r, event.Result{})

	e := to.batches[0][0]
	var body struct {
		ID, Type, Timestamp string
		Data                struct {
			UserID string
			User   struct{ Name, Email string }
		}
	}
	if err := json.Unmarshal(e.Body, &body); err != nil {
		t.Fatal(err)
	}
	if at, err := time.Parse("2006-01-02T15:04:05.000Z", body.Timestamp); err != nil || time.Since(at) > time.Hour {
		t.Errorf("timestamp: got %s, want the time of the change", body.Timestamp)
	}
	if body.ID != e.ID || body.Type != "user.created" || body.Data.UserID != ada || e.UserID != ada ||
		body.Data.User.Name != "Zo\uFFFF <b>" || body.Data.User.Email != "a@example.com" {
		t.Errorf("event: got %s, want id, type and the user", e.Body)
	}
	if strings.Contains(string(e.Body), "\uFFFF") {
		t.Errorf("event: got a character that SQS does not accept in %s", e.Body)
	}
	if got, err := event.Parse(string(e.Body)); err != nil || got.ID != e.ID || got.UserID != ada || got.Type != e.Type {
		t.Errorf("Parse of the body: got %+v and the error %v, want the same event", got, err)
	}
}

// A batch has no two events of a user. After a failure, no later event of the same user is sent, but those of others.
func TestFailureHoldsBackLaterEventsOfTheSameUserOnly(t *testing.T) {
	t.Parallel()
	to := &target{fails: map[string]bool{ada: true}}
	url, r := newDatabase(t, to)
	conn := connect(t, url)
	for i := range 150 { // more than a page
		insert(t, conn, ada, fmt.Sprint("a", i))
		if i%10 == 0 {
			insert(t, conn, bob, fmt.Sprint("b", i))
		}
	}
	run(t, r, event.Result{Sent: 15, Failed: 1})
	var tried []string
	for _, batch := range to.batches {
		users := map[string]bool{}
		for _, e := range batch {
			if users[e.UserID] {
				t.Errorf("a batch has two events of the user %s, want one", e.UserID)
			}
			users[e.UserID] = true
			if e.UserID == ada {
				tried = append(tried, e.Type)
			}
		}
	}
	if diff := cmp.Diff([]string{"a0"}, tried); diff != "" {
		t.Errorf("events of the user with the failure that were tried (-want +got):\n%s", diff)
	}
	to.fails = nil
	to.batches = nil
	run(t, r, event.Result{Sent: 150})
	for i, got := range to.events() {
		if want := fmt.Sprint("ad a", i); got != want {
			t.Fatalf("event %d of the next run: got %s, want %s", i, got, want)
		}
	}
}

// The first transaction begins before the second one and ends after it. Events of transactions that can still be
// overtaken wait.
func TestEventsWaitForOlderTransactions(t *testing.T) {
	t.Parallel()
	var to target
	url, r := newDatabase(t, &to)
	first, second := connect(t, url), connect(t, url)
	exec(t, first, "BEGIN")
	insert(t, first, ada, "first")
	insert(t, second, ada, "second")
	run(t, r, event.Result{})
	exec(t, first, "COMMIT")
	run(t, r, event.Result{Sent: 2})
	if diff := cmp.Diff([]string{"ad first", "ad second"}, to.events()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// blocking is a target that waits until the test lets it go on.
type blocking struct{ entered, goOn chan struct{} }

func (b blocking) Send(_ context.Context, events []event.Event) []error {
	b.entered <- struct{}{}
	<-b.goOn
	return make([]error, len(events))
}

// The lock is that of a transaction, so a pooler for transactions works.
func TestOnlyOneRelayRuns(t *testing.T) {
	t.Parallel()
	b := blocking{make(chan struct{}), make(chan struct{})}
	url, _ := newDatabase(t, b)
	insert(t, connect(t, url), ada, "one")
	pooled := dbtest.StartPgbouncer(t, url)
	first := newRelay(t, pooled, b)
	var other target
	second := newRelay(t, pooled, &other)
	done := make(chan error)
	go func() {
		n, err := first.Run(t.Context())
		for n.Sent == 0 && err == nil {
			n, err = first.Run(t.Context())
		}
		done <- err
	}()
	<-b.entered
	if n, err := second.Run(t.Context()); !errors.Is(err, store.ErrRelayRuns) || n.Sent != 0 {
		t.Errorf("the second relay: got %+v and the error %v, want ErrRelayRuns", n, err)
	}
	if n, err := second.HandleSchedule(t.Context(), struct{}{}); err != nil || n.Sent != 0 {
		t.Errorf("the second relay as a function: got %+v and the error %v, want no error", n, err)
	}
	close(b.goOn)
	if err := <-done; err != nil {
		t.Errorf("the first relay: got the error %v, want none", err)
	}
	run(t, second, event.Result{})
}

// The target has the events, but the connection breaks before the rows are deleted: they are sent again.
func TestEventsAreSentAgainIfTheirDeletionFails(t *testing.T) {
	t.Parallel()
	var to target
	url, _ := newDatabase(t, &to)
	insert(t, connect(t, url), ada, "one")
	proxy := dbtest.NewProxy(t, url)
	breaks := event.Receiver(func(context.Context, event.Event) error {
		proxy.CloseConnections()
		return nil
	})
	r := newRelay(t, proxy.URL(), breaks)
	n, err := r.Run(t.Context())
	for n == (event.Result{}) && err == nil { // a transaction of another test delays the event
		n, err = r.Run(t.Context())
	}
	if err == nil {
		t.Errorf("Run with a broken connection: got %+v and no error, want an error", n)
	}
	proxy.Resume()
	run(t, newRelay(t, url, &to), event.Result{Sent: 1})
}

// Shortly before its deadline Run stops to send, and deletes what it has sent.
func TestRunEndsBeforeItsDeadline(t *testing.T) {
	t.Parallel()
	sent := 0
	slow := event.Receiver(func(context.Context, event.Event) error {
		sent++
		time.Sleep(20 * time.Millisecond)
		return nil
	})
	url, r := newDatabase(t, slow)
	conn := connect(t, url)
	for range 200 {
		insert(t, conn, ada, "one")
	}
	var n event.Result
	var err error
	for n.Sent == 0 && err == nil {
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second) // one more than the time for the deletion
		n, err = r.Run(ctx)
		cancel()
	}
	left := dbtest.Value[int](t, url, "SELECT count(*) FROM user_event")
	if err != nil || n.Sent == 0 || n.Sent != sent || left != 200-sent || left == 0 {
		t.Errorf("Run: got %+v and the error %v, with %d of 200 events sent and %d left; want some, and the others left",
			n, err, sent, left)
	}
}

// xenon dev is stopped while it sends: the event that the receiver has is not sent again.
func TestCanceledRunDeletesWhatItHasSent(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	url, r := newDatabase(t, event.Receiver(func(context.Context, event.Event) error {
		cancel()
		return nil
	}))
	conn := connect(t, url)
	insert(t, conn, ada, "one")
	insert(t, conn, ada, "two")
	sent := 0
	for sent == 0 {
		n, err := r.Run(ctx)
		if err != nil {
			t.Fatalf("Run: got the error %v, want none", err)
		}
		sent = n.Sent
	}
	if left := dbtest.Value[int](t, url, "SELECT count(*) FROM user_event"); sent != 1 || left != 1 {
		t.Errorf("Run that is canceled while it sends the first of two events: got %d sent and %d left, want one each",
			sent, left)
	}
}

// The record of the function has the metrics of what still waits.
func TestHandleReportsMissingTriggersAndWaitingEvents(t *testing.T) {
	t.Parallel()
	to := &target{fails: map[string]bool{ada: true}}
	url, r := newDatabase(t, to)
	insert(t, connect(t, url), ada, "one")
	run(t, r, event.Result{Failed: 1})
	if n, err := r.HandleSchedule(t.Context(), struct{}{}); err != nil || n.Failed != 1 {
		t.Errorf("HandleSchedule: got %+v and the error %v, want one failure and no error", n, err)
	}
	if _, err := migrations.SwitchEvents(t.Context(), url, "public", false); err != nil {
		t.Fatal(err)
	}
	to.fails = nil
	n, err := newRelay(t, url, to).HandleSchedule(t.Context(), struct{}{})
	if err == nil || !strings.Contains(err.Error(), "xenon schema up --events on") || n.Sent != 1 {
		t.Errorf("HandleSchedule without triggers: got %+v and the error %v, want the waiting event sent, and the command "+
			"that makes the triggers", n, err)
	}
}

func TestParseRejectsOtherTexts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "hunter2", "{}", `{"id":5}`, `{"id":"1","type":"x"}`, `{"id":"1","type":"x","data":{"userId":""}}`, `[]`,
	} {
		if _, err := event.Parse(text); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Parse(%q): got the error %v, want one without the text", text, err)
		}
	}
}
