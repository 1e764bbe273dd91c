package mail

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/xenon-auth/xenon/shared/awsjson"
	"github.com/xenon-auth/xenon/shared/config"
)

const (
	// The length of a message body is a multiple of bodyLengthUnitBytes bytes, so that a mail of kind Nothing is as long
	// as a usual mail with a link.
	bodyLengthUnitBytes = 2048

	// queueSendTimeout limits how long a request waits for the queue, in all attempts together.
	queueSendTimeout = 5 * time.Second
)

// queue sends mails to functions/mailer through SQS.
type queue struct {
	url    string
	client func() (*awsjson.Client, error) // created for the first mail
}

func newQueue(as config.AWS, queueURL string) *queue {
	create := func() (*awsjson.Client, error) { return awsjson.SQS(as, queueURL) }
	return &queue{url: queueURL, client: sync.OnceValues(create)}
}

// Send also queues mails of kind Nothing. Its errors contain no email and no link. If SQS stores a message and its
// answer is lost, Send tries again and the user gets a second mail with the same link, which is harmless.
func (q *queue) Send(ctx context.Context, m Message) error {
	text, err := paddedJSON(m)
	if err == nil {
		err = q.send(ctx, text)
	}
	if err != nil {
		return fmt.Errorf("queue %s mail: %w", m.Kind, err)
	}
	return nil
}

// paddedJSON returns the message as JSON, padded with spaces, which JSON parsers ignore.
func paddedJSON(m Message) (string, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	padding := (bodyLengthUnitBytes - len(text)%bodyLengthUnitBytes) % bodyLengthUnitBytes
	return string(text) + strings.Repeat(" ", padding), nil
}

func (q *queue) send(ctx context.Context, text string) error {
	client, err := q.client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, queueSendTimeout)
	defer cancel()
	in := struct {
		QueueURL    string `json:"QueueUrl"`
		MessageBody string
	}{q.url, text}
	return client.Call(ctx, "SendMessage", in, nil)
}
