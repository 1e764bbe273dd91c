package auditlog

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
)

// Buffer is a slog.Handler that passes every record on to another handler, and keeps the last audit records for Read.
// It keeps no record of a handler that WithAttrs or WithGroup has made of it.
type Buffer struct {
	slog.Handler

	mu     sync.Mutex
	events []Event // a ring: the event with the number n is at n % len(events)
	next   int     // the number of the next event
}

// NewBuffer returns a Buffer that keeps the last size audit records and passes every record on to next.
func NewBuffer(next slog.Handler, size int) *Buffer {
	return &Buffer{Handler: next, events: make([]Event, size)}
}

// Handle keeps the record if it is an audit record, and passes it on.
func (b *Buffer) Handle(ctx context.Context, r slog.Record) error {
	if e, ok := eventOf(r); ok {
		b.mu.Lock()
		b.events[b.next%len(b.events)] = e
		b.next++
		b.mu.Unlock()
	}
	return b.Handler.Handle(ctx, r)
}

// eventOf is like parseRecord, for a record that is not encoded yet. It is never the record of a command, because
// commands run in processes of their own.
func eventOf(r slog.Record) (e Event, ok bool) {
	e.Time = Time{r.Time}
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "event":
			e.Event = a.Value.String()
		case "result":
			e.Result = a.Value.String()
		case "status":
			if a.Value.Kind() == slog.KindInt64 {
				e.Status = int(a.Value.Int64())
			}
		case "code":
			e.Code = a.Value.String()
		case "userId":
			e.UserID = a.Value.String()
		case "subject":
			e.Subject = a.Value.String()
		case "impersonatedBy":
			e.ImpersonatedBy = a.Value.String()
		case "ip":
			e.IP = a.Value.String()
		case "agent":
			e.Agent = a.Value.String()
		case "requestId":
			e.RequestID = a.Value.String()
		}
		return true
	})
	return e, e.Event != ""
}

// Read returns a page of the records that the Buffer still has. The token is the number of the last event of the page
// before.
func (b *Buffer) Read(_ context.Context, q Query) (Page, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.next
	if q.Token != "" {
		n, err := strconv.Atoi(q.Token)
		if err != nil || n < 0 || n > b.next {
			return Page{}, fmt.Errorf("%w: %q", ErrInvalidToken, q.Token)
		}
		before = n
	}
	page := Page{Events: []Event{}}
	from, until := q.From.UnixMilli(), q.Until.UnixMilli()
	for n := before - 1; n >= max(0, b.next-len(b.events)); n-- {
		e := b.events[n%len(b.events)]
		if at := e.Time.UnixMilli(); !e.concerns(q.UserID) || at < from || at > until {
			continue
		}
		if len(page.Events) == q.Limit {
			page.Next = strconv.Itoa(n + 1)
			break
		}
		page.Events = append(page.Events, e)
	}
	return page, nil
}
