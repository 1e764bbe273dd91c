package auditlog

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
)

// streamPrefix is the beginning of the names of log streams with records of commands. docs/audit-log.md has a policy
// with it.
const streamPrefix = "xenon-users/"

// writeTimeout limits how long Write waits for CloudWatch.
const writeTimeout = 10 * time.Second

// Writer writes the audit records of one run of a command to the log group of the functions, in a log stream of its
// own.
type Writer struct {
	logs   CloudWatch
	stream string
	isOpen bool
}

// NewWriter returns a Writer for the log group of the settings.
func NewWriter(settings config.AWS, now func() time.Time) *Writer {
	name := streamPrefix + now().UTC().Format("2006/01/02/") + rand.Text()
	return &Writer{logs: CloudWatch{settings}, stream: name}
}

// LogGroup returns the name of the log group.
func (w *Writer) LogGroup() string { return w.logs.settings.LogGroup }

// Write writes a record, which is JSON. It returns nil only if CloudWatch has accepted the record.
func (w *Writer) Write(ctx context.Context, at time.Time, record []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	stream := map[string]any{"logGroupName": w.LogGroup(), "logStreamName": w.stream}
	if !w.isOpen {
		if err := w.logs.call(ctx, "CreateLogStream", stream, nil); err != nil {
			return fmt.Errorf("create a log stream in %s: %w", w.LogGroup(), err)
		}
		w.isOpen = true
	}
	stream["logEvents"] = []map[string]any{{"timestamp": at.UnixMilli(), "message": string(record)}}
	var answer struct {
		RejectedLogEventsInfo map[string]any `json:"rejectedLogEventsInfo"`
	}
	if err := w.logs.call(ctx, "PutLogEvents", stream, &answer); err != nil {
		return fmt.Errorf("write to the log group %s: %w", w.LogGroup(), err)
	}
	if len(answer.RejectedLogEventsInfo) > 0 { // the clock is wrong: a record is too old or of the future
		return fmt.Errorf("write to the log group %s: CloudWatch rejected the record: %v", w.LogGroup(),
			answer.RejectedLogEventsInfo)
	}
	return nil
}
