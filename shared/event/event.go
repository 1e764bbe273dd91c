// Package event sends the events that triggers have written into the table user_event (docs/events.md). The relay reads
// the rows in their order and passes them to a target: a FIFO queue in the cloud, the receiver itself in development.
package event

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/xenon-auth/xenon/shared/store"
)

// Event is an event as a target gets it.
type Event struct {
	ID     string // the same in every attempt to send the event
	Type   string // such as user.created
	UserID string // the events of a user are sent in their order
	Body   []byte // JSON: id, type, timestamp and data
}

// body is the JSON of an event. The form is that of Standard Webhooks, with the id for receivers that do not get it in
// a header.
type body struct {
	ID        string          `json:"id"`
	Type      string          `json:"type"`
	Timestamp store.Time      `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
}

// newEvent returns the event of a row.
func newEvent(row store.UserEvent) (Event, error) {
	text, err := json.Marshal(body{row.ID, row.Type, row.CreatedAt, json.RawMessage(row.Data)})
	if err != nil {
		return Event{}, fmt.Errorf("encode the event %s: %w", row.ID, err)
	}
	return Event{ID: row.ID, Type: row.Type, UserID: row.UserID, Body: escapeNoncharacters(text)}, nil
}

// escapeNoncharacters escapes the two characters that SQS does not accept in a message. In JSON they can occur only in
// texts.
func escapeNoncharacters(text []byte) []byte {
	text = bytes.ReplaceAll(text, []byte("\uFFFE"), []byte(`\ufffe`))
	return bytes.ReplaceAll(text, []byte("\uFFFF"), []byte(`\uffff`))
}

// Parse returns the event with a body that the relay has made.
func Parse(text string) (Event, error) {
	var in struct {
		ID   string `json:"id"`
		Type string `json:"type"`
		Data struct {
			UserID string `json:"userId"`
		} `json:"data"`
	}
	if json.Unmarshal([]byte(text), &in) != nil || in.ID == "" || in.Type == "" || in.Data.UserID == "" {
		return Event{}, errNoEvent // the error of json would quote the text
	}
	return Event{ID: in.ID, Type: in.Type, UserID: in.Data.UserID, Body: []byte(text)}, nil
}

// Types lists the types of events, in the order of docs/events.md.
var Types = []string{
	"user.created", "user.updated", "user.deleted", "email.verified", "user.banned", "user.unbanned",
	"session.created", "session.deleted", "account.linked", "account.unlinked", "password.changed",
}
