// Package bus sends events to an event bus of EventBridge.
package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/event"
)

// Source is the source of the events on the bus.
const Source = "xenon"

// timeout limits the call for one event, in all attempts together.
const timeout = 10 * time.Second

// Sender sends events to one bus.
type Sender struct {
	arn    string
	client func() (*eventbridge.Client, error) // created for the first event
}

// New returns a Sender for the bus of the settings. It makes no request.
func New(cfg config.API) *Sender {
	return &Sender{cfg.Events.BusARN, sync.OnceValues(func() (*eventbridge.Client, error) { return newClient(cfg.AWS) })}
}

func newClient(as config.AWS) (*eventbridge.Client, error) {
	if err := as.Check(); err != nil {
		return nil, err
	}
	credentials := aws.Credentials{
		AccessKeyID:     as.AccessKeyID,
		SecretAccessKey: string(as.SecretAccessKey),
		SessionToken:    string(as.SessionToken),
	}
	options := eventbridge.Options{
		Region:      as.Region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil }),
	}
	if as.EventsEndpoint != "" {
		options.BaseEndpoint = &as.EventsEndpoint
	}
	return eventbridge.New(options), nil
}

// Send sends an event. The error has only the code of an answer of EventBridge, which may quote the event.
func (s *Sender) Send(ctx context.Context, e event.Event) error {
	client, err := s.client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	out, err := client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		EventBusName: &s.arn,
		Source:       aws.String(Source),
		DetailType:   &e.Type,
		Detail:       aws.String(string(e.Body)),
	}}})
	if err != nil {
		if named, ok := errors.AsType[smithy.APIError](err); ok {
			return fmt.Errorf("EventBridge answered %s", named.ErrorCode())
		}
		return errors.New("no answer from EventBridge: network, time limit or AWS settings")
	}
	if out.FailedEntryCount > 0 && len(out.Entries) > 0 {
		return fmt.Errorf("EventBridge rejected the event: %s", aws.ToString(out.Entries[0].ErrorCode))
	}
	return nil
}
