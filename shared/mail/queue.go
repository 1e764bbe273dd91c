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
	// bodyUnit is the size in bytes that bodies are filled up to a multiple of, so that a mail that says nothing is as
	// long as one with a link.
	bodyUnit = 2048

	// sendTimeout is what a request waits for the queue, all tries together.
	sendTimeout = 5 * time.Second
	tries       = 3
	pause       = 100 * time.Millisecond // after the first try; twice as long after the second
)

// queue hands mails to functions/mailer through SQS.
type queue struct {
	url string
	sqs sqs
}

// Send queues Nothing as well. Its errors hold no address and no link. A try that SQS took without our hearing of it ends
// in a second mail with the same link, which is harmless.
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
		if refused, ok := errors.AsType[*refusedError](err); try == tries || ok && refused.final() {
			return fmt.Errorf("queue %s mail: %w", m.Kind, err)
		}
		select {
		case <-time.After(time.Duration(try) * pause):
		case <-ctx.Done():
			return fmt.Errorf("queue %s mail: %w", m.Kind, err)
		}
	}
}

// body fills up with spaces, which JSON ignores.
func body(m Message) (string, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	short := (bodyUnit - len(text)%bodyUnit) % bodyUnit
	return string(text) + strings.Repeat(" ", short), nil
}

// refusedError is an answer of SQS other than yes.
type refusedError struct {
	status int
	code   string // such as QueueDoesNotExist
}

func (e *refusedError) Error() string { return fmt.Sprintf("SQS answered %d %s", e.status, e.code) }

// final reports whether the same would be refused again.
func (e *refusedError) final() bool {
	return e.status < http.StatusInternalServerError && e.status != http.StatusTooManyRequests && !strings.Contains(e.code, "Throttl")
}
