package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	// bodyUnit is the number of bytes that bodies are padded to a multiple of, so that a mail of kind Nothing is as long
	// as one with a link.
	bodyUnit = 2048

	// sendTimeout limits how long a request waits for the queue, in all tries together.
	sendTimeout = 5 * time.Second
	tries       = 3
	pause       = 100 * time.Millisecond // after the first try; twice as long after the second
)

// queue sends mails to functions/mailer through SQS.
type queue struct {
	url string
	sqs sqs
}

// Send also queues mails of kind Nothing. Its errors contain no email and no link. If SQS stores a message and its
// answer is lost, Send tries again and the user gets a second mail with the same link, which is harmless.
func (q *queue) Send(ctx context.Context, m Message) error {
	text, err := body(m)
	if err != nil {
		return fmt.Errorf("queue %s mail: %w", m.Kind, err)
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	for try := 1; ; try++ {
		err = q.sqs.sendMessage(ctx, q.url, text)
		if err == nil {
			return nil
		}
		if refused, ok := errors.AsType[*refusedError](err); try == tries || ok && refused.isFinal() {
			return fmt.Errorf("queue %s mail: %w", m.Kind, err)
		}
		select {
		case <-time.After(time.Duration(try) * pause):
		case <-ctx.Done():
			return fmt.Errorf("queue %s mail: %w", m.Kind, err)
		}
	}
}

// body returns the message as JSON, padded with spaces, which JSON parsers ignore.
func body(m Message) (string, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	padding := (bodyUnit - len(text)%bodyUnit) % bodyUnit
	return string(text) + strings.Repeat(" ", padding), nil
}

// refusedError is an error that SQS answered.
type refusedError struct {
	status int
	code   string // such as QueueDoesNotExist
}

func (e *refusedError) Error() string { return fmt.Sprintf("SQS answered %d %s", e.status, e.code) }

// isFinal reports whether another try would get the same answer.
func (e *refusedError) isFinal() bool {
	return e.status < http.StatusInternalServerError && e.status != http.StatusTooManyRequests &&
		!strings.Contains(e.code, "Throttl")
}
