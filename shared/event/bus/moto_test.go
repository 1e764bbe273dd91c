//go:build moto

package bus

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/xenon-auth/xenon/internal/testkit/mototest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/event"
)

// A rule of the bus sends the events of Xenon to a queue. The test sets environment variables, so it is not parallel.
func TestMotoBusGetsTheEvent(t *testing.T) {
	server := mototest.Start(t)
	server.ResetAndConfigure(t)
	events := eventbridge.New(eventbridge.Options{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL.String()), Credentials: server.Config(t).Credentials,
	})
	queues := awssqs.NewFromConfig(server.Config(t))
	bus, err := events.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: aws.String("learn")})
	if err != nil {
		t.Fatal(err)
	}
	queue, err := queues.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String("from-bus")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = events.PutRule(t.Context(), &eventbridge.PutRuleInput{
		Name: aws.String("all"), EventBusName: aws.String("learn"), EventPattern: aws.String(`{"source": ["xenon"]}`),
	}); err != nil {
		t.Fatal(err)
	}
	if _, err = events.PutTargets(t.Context(), &eventbridge.PutTargetsInput{
		Rule: aws.String("all"), EventBusName: aws.String("learn"),
		Targets: []types.Target{{Id: aws.String("1"), Arn: aws.String("arn:aws:sqs:eu-central-1:123456789012:from-bus")}},
	}); err != nil {
		t.Fatal(err)
	}
	sender := New(config.API{AWS: mototest.AWSSettings(t), Events: config.Events{BusARN: *bus.EventBusArn}})
	sent := event.Event{
		ID: "1", Type: "user.created", UserID: "ada",
		Body: []byte(`{"id":"1","type":"user.created","data":{"userId":"ada"}}`),
	}
	if err := sender.Send(t.Context(), sent); err != nil {
		t.Fatal(err)
	}
	got, err := queues.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl})
	if err != nil || len(got.Messages) != 1 {
		t.Fatalf("messages of the rule: got %d and the error %v, want 1", len(got.Messages), err)
	}
	var message struct {
		Source string
		Kind   string `json:"detail-type"`
		Detail json.RawMessage
	}
	if err := json.Unmarshal([]byte(*got.Messages[0].Body), &message); err != nil {
		t.Fatal(err)
	}
	detail := strings.ReplaceAll(string(message.Detail), " ", "")
	if message.Source != Source || message.Kind != sent.Type || detail != string(sent.Body) {
		t.Errorf("event on the bus: got the source %s, the type %s and %s, want xenon, %s and %s",
			message.Source, message.Kind, detail, sent.Type, sent.Body)
	}
}

// The error has no part of the event.
func TestMotoErrorOfTheBusHasOnlyItsCode(t *testing.T) {
	server := mototest.Start(t)
	server.ResetAndConfigure(t)
	const arn = "arn:aws:events:eu-central-1:123456789012:event-bus/x"
	cfg := config.API{AWS: mototest.AWSSettings(t), Events: config.Events{BusARN: arn}}
	cfg.AWS.EventsEndpoint = "http://127.0.0.1:1"
	hidden := event.Event{ID: "1", Type: "user.created", Body: []byte(`{"hidden":1}`)}
	err := New(cfg).Send(t.Context(), hidden)
	const want = "no answer from EventBridge"
	if err == nil || strings.Contains(err.Error(), "hidden") || !strings.Contains(err.Error(), want) {
		t.Errorf("Send without EventBridge: got the error %v, want one without the event", err)
	}
	if err := New(config.API{}).Send(t.Context(), hidden); err == nil || !strings.Contains(err.Error(), "AWS_REGION") {
		t.Errorf("Send without settings of AWS: got the error %v, want one that names them", err)
	}
}
