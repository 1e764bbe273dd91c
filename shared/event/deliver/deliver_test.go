package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/event"
)

// recorder is a receiver that fails for some events. It is safe for concurrent use.
type recorder struct {
	mu    sync.Mutex
	fails map[string]bool // by event
	sent  map[string][]string
}

func (r *recorder) send(_ context.Context, e event.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fails[e.ID] {
		return errors.New("refused by the test")
	}
	r.sent[e.UserID] = append(r.sent[e.UserID], e.ID)
	return nil
}

// newBatch returns a batch as Lambda passes it, of messages such as "ada 1": the event 1 of the user ada.
func newBatch(t *testing.T, messages ...string) Batch {
	t.Helper()
	var records []string
	for _, m := range messages {
		user, id, _ := strings.Cut(m, " ")
		body := fmt.Sprintf(`{"id":%q,"type":"user.updated","timestamp":"2026-01-02T03:04:05.000Z","data":{"userId":%q}}`,
			id, user)
		if id == "invalid" {
			body = `{"id":5}`
		}
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, fmt.Sprintf(`{"messageId":"message %s","body":%s,"attributes":{"MessageGroupId":%q,
			"ApproximateReceiveCount":"1","MessageDeduplicationId":%q}}`, m, text, user, id))
	}
	var b Batch
	if err := json.Unmarshal([]byte(`{"Records":[`+strings.Join(records, ",")+`]}`), &b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFailureHoldsBackLaterEventsOfTheSameUserOnly(t *testing.T) {
	t.Parallel()
	messages := []string{"ada 1", "bob 2", "ada 3", "ada 4", "eve invalid", "bob 5", "eve 6", "ada 7"}
	r := &recorder{fails: map[string]bool{"3": true}, sent: map[string][]string{}}
	got, err := (&Delivery{r.send}).Handle(t.Context(), newBatch(t, messages...))
	if err != nil {
		t.Errorf("Handle: got the error %v, want none, because SQS would repeat the whole batch", err)
	}
	want := Failures{[]Failure{
		{"message ada 3"}, {"message ada 4"}, {"message eve invalid"}, {"message eve 6"}, {"message ada 7"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string][]string{"ada": {"1"}, "bob": {"2", "5"}}, r.sent); diff != "" {
		t.Errorf("sent events by user (-want +got):\n%s", diff)
	}
}

func TestHandleAnswersBeforeTheDeadlineOfTheInvocation(t *testing.T) {
	t.Parallel()
	waits := func(ctx context.Context, e event.Event) error {
		<-ctx.Done()
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeReservedForAnswer+50*time.Millisecond)
	defer cancel()
	got, err := (&Delivery{waits}).Handle(ctx, newBatch(t, "ada 1", "ada 2", "bob 3"))
	if err != nil || len(got.Items) != 3 || ctx.Err() != nil {
		t.Errorf("Handle with a receiver that does not answer: got %v, the error %v and the context %v; want three "+
			"failures before the deadline", got, err, ctx.Err())
	}
}

// Lambda reads an empty list as success.
func TestHandleWithoutFailuresReturnsAnEmptyList(t *testing.T) {
	t.Parallel()
	r := &recorder{sent: map[string][]string{}}
	for _, b := range []Batch{{}, newBatch(t, "ada 1")} {
		got, err := (&Delivery{r.send}).Handle(t.Context(), b)
		text, _ := json.Marshal(got)
		if err != nil || string(text) != `{"batchItemFailures":[]}` {
			t.Errorf("Handle: got %s and the error %v, want an empty list", text, err)
		}
	}
}
