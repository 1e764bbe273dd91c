// Package deliver sends queued events to the receiver that the settings name: a webhook or an event bus.
package deliver

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/event"
	"github.com/xenon-auth/xenon/shared/event/bus"
	"github.com/xenon-auth/xenon/shared/event/webhook"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
)

// timeReservedForAnswer is how long before the deadline of the invocation Handle stops, so that it can still answer. If
// Lambda ended the invocation, SQS would deliver the whole batch again, including the events that were sent.
const timeReservedForAnswer = 2 * time.Second

// Batch is the part of Lambda's SQS event that is used here (AWS Lambda Developer Guide, "Using Lambda with Amazon
// SQS").
type Batch struct {
	Records []Record `json:"Records"`
}

// Record is a message of the queue.
type Record struct {
	MessageID  string `json:"messageId"`
	Body       string `json:"body"`
	Attributes struct {
		Group string `json:"MessageGroupId"` // the user
	} `json:"attributes"`
}

// Failures names the messages of a Batch that were not sent. SQS delivers them again.
type Failures struct {
	Items []Failure `json:"batchItemFailures"`
}

// Failure is one message that was not sent.
type Failure struct {
	MessageID string `json:"itemIdentifier"`
}

// Delivery sends queued events.
type Delivery struct{ send event.Receiver }

// New returns the Delivery of the settings. It makes no request.
func New(cfg config.API, now func() time.Time) *Delivery {
	return &Delivery{newReceiver(cfg, secrets.New(cfg, now), now)}
}

// NewRelay returns a relay that sends events to the receiver of the settings itself, without a queue.
func NewRelay(cfg config.API, db *store.Store, appSecrets *secrets.Secrets, now func() time.Time) *event.Relay {
	return event.NewRelay(db, newReceiver(cfg, appSecrets, now), now)
}

// newReceiver returns the function that sends an event to the receiver of the settings.
func newReceiver(cfg config.API, appSecrets *secrets.Secrets, now func() time.Time) event.Receiver {
	if cfg.Events.BusARN != "" {
		return bus.New(cfg).Send
	}
	return webhook.New(cfg.Events.WebhookURL, appSecrets.WebhookSecret, now).Send
}

// Handle sends the events of a batch: those of a user one after the other, those of several users at the same time.
// After the first failure it returns this message and all later ones of the same user as Failures, so that SQS delivers
// them again in the same order. The error is always nil, because with an error SQS would deliver the whole batch again.
func (d *Delivery) Handle(ctx context.Context, b Batch) (Failures, error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-timeReservedForAnswer))
		defer cancel()
	}
	groups := map[string][]Record{}
	for _, r := range b.Records {
		groups[r.Attributes.Group] = append(groups[r.Attributes.Group], r)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	failed := map[string]bool{}
	for _, records := range groups {
		all.Go(func() {
			rest := d.sendInOrder(ctx, records)
			mu.Lock()
			defer mu.Unlock()
			for _, r := range rest {
				failed[r.MessageID] = true
			}
		})
	}
	all.Wait()
	items := []Failure{}
	for _, r := range b.Records {
		if failed[r.MessageID] {
			items = append(items, Failure{r.MessageID})
		}
	}
	return Failures{items}, nil
}

// sendInOrder sends the events of one user. It returns the message that failed and those after it.
func (d *Delivery) sendInOrder(ctx context.Context, records []Record) (rest []Record) {
	for i, r := range records {
		e, err := event.Parse(r.Body)
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = d.send(ctx, e)
		}
		if err != nil {
			slog.ErrorContext(ctx, "event not sent", "messageId", r.MessageID, "eventId", e.ID, "type", e.Type,
				"reason", err.Error())
			return slices.Clone(records[i:])
		}
		slog.InfoContext(ctx, "event sent", "messageId", r.MessageID, "eventId", e.ID, "type", e.Type)
	}
	return nil
}
