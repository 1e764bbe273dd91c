//go:build moto

package deliver

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/mototest"
	"github.com/xenon-auth/xenon/internal/testkit/sample"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/event"
	"github.com/xenon-auth/xenon/shared/store"
)

// eventSource does what Lambda does with the queue: it receives messages, invokes the function with them, and deletes
// those that are not among the failures. The others come again after a second.
type eventSource struct {
	client   *awssqs.Client
	url      string
	delivery *Delivery
}

func (s eventSource) poll(ctx context.Context, t *testing.T) (received int) {
	got, err := s.client.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{
		QueueUrl: &s.url, MaxNumberOfMessages: 10, VisibilityTimeout: 1,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameMessageGroupId},
	})
	if ctx.Err() != nil {
		return 0
	}
	if err != nil {
		t.Error(err)
		return 0
	}
	var b Batch
	for _, m := range got.Messages {
		r := Record{MessageID: *m.MessageId, Body: *m.Body}
		r.Attributes.Group = m.Attributes["MessageGroupId"]
		b.Records = append(b.Records, r)
	}
	failures, err := s.delivery.Handle(ctx, b)
	if err != nil {
		t.Error(err)
	}
	failed := map[string]bool{}
	for _, f := range failures.Items {
		failed[f.MessageID] = true
	}
	for _, m := range got.Messages {
		if failed[*m.MessageId] {
			continue
		}
		_, err := s.client.DeleteMessage(ctx, &awssqs.DeleteMessageInput{QueueUrl: &s.url, ReceiptHandle: m.ReceiptHandle})
		if err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	}
	return len(got.Messages)
}

// isEmpty reports whether the queue has no message.
func (s eventSource) isEmpty(t *testing.T) bool {
	t.Helper()
	got, err := s.client.GetQueueAttributes(t.Context(), &awssqs.GetQueueAttributesInput{
		QueueUrl: &s.url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if err != nil {
		t.Fatal(err)
	}
	return got.Attributes["ApproximateNumberOfMessages"] == "0" &&
		got.Attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
}

// The way in the cloud: the relay, a FIFO queue of SQS and functions/deliver, while the receiver is killed. It sets
// environment variables, so it is not parallel.
func TestMotoNoEventIsLostInTheQueue(t *testing.T) {
	l := load{users: 20, changes: 50, kills: 10}
	if !sample.RunsAllCases() {
		l = load{users: 10, changes: 10, kills: 2}
	}
	server := mototest.Start(t)
	server.ResetAndConfigure(t)
	client := awssqs.NewFromConfig(server.Config(t))
	queue, err := client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{
		QueueName: aws.String("events.fifo"), Attributes: map[string]string{"FifoQueue": "true"},
	})
	if err != nil {
		t.Fatal(err)
	}
	url, cfg, r := newEventsDatabase(t)
	cfg.AWS, cfg.Events.QueueURL = mototest.AWSSettings(t), *queue.QueueUrl
	source := eventSource{client, *queue.QueueUrl, New(cfg, time.Now)}
	db := store.Open(dbtest.FixedURL(url), 1)
	t.Cleanup(db.Close)
	relay := event.NewRelay(db, event.NewQueue(cfg), time.Now)
	send := func(ctx context.Context) {
		for ctx.Err() == nil {
			n, err := relay.Run(ctx)
			if err != nil && ctx.Err() == nil {
				t.Error(err)
			}
			if source.poll(ctx, t) == 0 && n.Sent == 0 {
				time.Sleep(20 * time.Millisecond)
			}
		}
	}
	runWithKills(t, url, l, r, send, func() bool { return source.isEmpty(t) })
}

// SQS drops an event that the relay sends again.
func TestMotoQueueGetsAnEventOnce(t *testing.T) {
	server := mototest.Start(t)
	server.ResetAndConfigure(t)
	client := awssqs.NewFromConfig(server.Config(t))
	queue, err := client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{
		QueueName: aws.String("once.fifo"), Attributes: map[string]string{"FifoQueue": "true"},
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg := config.API{AWS: mototest.AWSSettings(t), Events: config.Events{QueueURL: *queue.QueueUrl}}
	to := event.NewQueue(cfg)
	e := event.Event{ID: "1", Type: "user.created", UserID: "ada", Body: []byte(`{}`)}
	other := event.Event{ID: "2", Type: "user.created", UserID: "bob", Body: []byte(`{}`)}
	for range 2 {
		for _, err := range to.Send(t.Context(), []event.Event{e, other}) {
			if err != nil {
				t.Errorf("Send: got the error %v, want none", err)
			}
		}
	}
	got, err := client.GetQueueAttributes(t.Context(), &awssqs.GetQueueAttributesInput{
		QueueUrl: queue.QueueUrl, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if n := got.Attributes["ApproximateNumberOfMessages"]; err != nil || n != "2" {
		t.Errorf("messages in the queue: got %s and the error %v, want 2", n, err)
	}
	missing := config.API{AWS: cfg.AWS, Events: config.Events{QueueURL: *queue.QueueUrl + "-not"}}
	for _, err := range event.NewQueue(missing).Send(t.Context(), []event.Event{e, other}) {
		if err == nil {
			t.Error("Send to a queue that does not exist: got no error, want one for each event")
		}
	}
}
