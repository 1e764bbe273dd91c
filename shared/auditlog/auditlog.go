// Package auditlog reads the audit records of a user. A record is the log line of a request with an event
// (docs/audit-log.md). In the cloud the records are in CloudWatch Logs; xenon dev keeps its own in a Buffer.
package auditlog

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Event is an audit record, without the fields that only an operator needs. Its members have the names of the record.
type Event struct {
	Time           Time   `json:"time"`
	Event          string `json:"event"`
	Result         string `json:"result"`
	Status         int    `json:"status"`
	Code           string `json:"code,omitempty"`           // the reason of a refusal
	UserID         string `json:"userId,omitempty"`         // the user who sent the request
	Subject        string `json:"subject,omitempty"`        // the user whom an administrator read or changed
	ImpersonatedBy string `json:"impersonatedBy,omitempty"` // the administrator who acted as the user UserID
	IP             string `json:"ip"`
	Agent          string `json:"agent"`
	RequestID      string `json:"requestId"`
}

// Time is marshalled in UTC with milliseconds, as all times in Xenon's answers.
type Time struct{ time.Time }

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	return t.UTC().AppendFormat(nil, `"2006-01-02T15:04:05.000Z"`), nil
}

// Query selects events.
type Query struct {
	UserID string    // a UUID in lower case; the events of this user, on this user and as this administrator
	From   time.Time // the first and the last millisecond
	Until  time.Time
	Limit  int    // the maximum number of events on a page; at least 1
	Token  string // Page.Next of the page before; empty for the first page
}

// Page is a page of events, newest first. It can have fewer events than the limit, or none, even if there are more.
type Page struct {
	Events []Event
	Next   string // the Token of the next page; empty if this is the last one
}

// ErrInvalidToken means that the Token of a Query is not a Page.Next of the same query, or has expired.
var ErrInvalidToken = errors.New("the token does not belong to a page")

// Reader reads events. Besides ErrInvalidToken, an error of Read means that the log cannot be read at the moment.
type Reader interface {
	Read(ctx context.Context, q Query) (Page, error)
}

// concerns reports whether the event is one of a user: the user sent the request, or an administrator acted on the
// user, or the user is the administrator who acted as another one.
func (e Event) concerns(userID string) bool {
	return userID != "" && (e.UserID == userID || e.Subject == userID || e.ImpersonatedBy == userID)
}

// parseRecord returns the event of a log line. ok is false for other lines: those of requests without an event, and
// those that Lambda writes. A record of a command has no client. Its agent says which command an operator has run.
func parseRecord(line []byte) (e Event, ok bool) {
	var record struct {
		Event
		Command  string `json:"command"`
		Operator string `json:"operator"`
	}
	if err := json.Unmarshal(line, &record); err != nil {
		return Event{}, false
	}
	e = record.Event
	if record.Command != "" {
		e.Agent = "xenon " + record.Command + " by " + record.Operator
	}
	return e, e.Event != ""
}
