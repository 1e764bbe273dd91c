package event

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/xenon-auth/xenon/shared/awsjson"
	"github.com/xenon-auth/xenon/shared/config"
)

// queueTimeout limits a call of SQS, in all attempts together.
const queueTimeout = 5 * time.Second

// Queue is the target of functions/relay: a FIFO queue of SQS, in which the events of a user are a group. SQS drops a
// message with the id of an event that it got in the last five minutes.
type Queue struct {
	url    string
	client func() (*awsjson.Client, error) // created for the first event
}

// NewQueue returns the Queue of the settings. It makes no request.
func NewQueue(cfg config.API) *Queue {
	create := func() (*awsjson.Client, error) { return awsjson.SQS(cfg.AWS, cfg.Events.QueueURL) }
	return &Queue{cfg.Events.QueueURL, sync.OnceValues(create)}
}

// Send implements Target, with one call. SQS accepts 256 KB in a call, and ten events are smaller (TestEventsAreSmall).
func (q *Queue) Send(ctx context.Context, events []Event) []error {
	errs := make([]error, len(events))
	out, err := q.send(ctx, events)
	if err != nil {
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
	for i := range errs {
		errs[i] = errors.New("SQS did not answer for this event")
	}
	for _, ok := range out.Successful {
		if i, err := strconv.Atoi(ok.ID); err == nil && i < len(errs) {
			errs[i] = nil
		}
	}
	for _, failed := range out.Failed {
		if i, err := strconv.Atoi(failed.ID); err == nil && i < len(errs) {
			errs[i] = fmt.Errorf("SQS rejected the event: %s", failed.Code)
		}
	}
	return errs
}

// batchEntry is an event in a call of SendMessageBatch.
type batchEntry struct {
	ID                     string `json:"Id"` // names the event in the answer
	MessageBody            string
	MessageGroupID         string `json:"MessageGroupId"`
	MessageDeduplicationID string `json:"MessageDeduplicationId"`
}

// batchAnswer is the answer of SendMessageBatch.
type batchAnswer struct {
	Successful []struct {
		ID string `json:"Id"`
	}
	Failed []struct {
		ID   string `json:"Id"`
		Code string
	}
}

func (q *Queue) send(ctx context.Context, events []Event) (out batchAnswer, err error) {
	client, err := q.client()
	if err != nil {
		return out, err
	}
	in := struct {
		QueueURL string `json:"QueueUrl"`
		Entries  []batchEntry
	}{QueueURL: q.url}
	for i, e := range events {
		in.Entries = append(in.Entries, batchEntry{
			ID: strconv.Itoa(i), MessageBody: string(e.Body), MessageGroupID: e.UserID, MessageDeduplicationID: e.ID,
		})
	}
	ctx, cancel := context.WithTimeout(ctx, queueTimeout)
	defer cancel()
	err = client.Call(ctx, "SendMessageBatch", in, &out)
	return out, err
}

// Receiver is the target without a queue: it sends the events of a batch at the same time, each to the receiver.
type Receiver func(ctx context.Context, e Event) error

// Send implements Target.
func (r Receiver) Send(ctx context.Context, events []Event) []error {
	errs := make([]error, len(events))
	var all sync.WaitGroup
	for i, e := range events {
		all.Go(func() { errs[i] = r(ctx, e) })
	}
	all.Wait()
	return errs
}
