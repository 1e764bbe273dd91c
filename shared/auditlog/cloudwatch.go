package auditlog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/xenon-auth/xenon/shared/awsjson"
	"github.com/xenon-auth/xenon/shared/config"
)

// searchTimeout limits how long Read searches. It is less than the Timeout of functions/admin in template.yaml.
const searchTimeout = 8 * time.Second

// CloudWatch reads the events from the log group of the functions.
type CloudWatch struct{ settings config.AWS }

// NewCloudWatch returns a CloudWatch for the log group of the settings.
func NewCloudWatch(settings config.AWS) *CloudWatch {
	return &CloudWatch{settings}
}

// Read calls CloudWatch until the page is full. One call searches only a part of the log, so it can return few events
// or none although there are more. If a call fails, or the time is over, after another call has succeeded, Read returns
// what it has found up to there.
func (c *CloudWatch) Read(ctx context.Context, q Query) (Page, error) {
	ctx, cancel := context.WithTimeout(ctx, searchTimeout)
	defer cancel()
	page := Page{Events: []Event{}, Next: q.Token}
	for isFirst := true; isFirst || page.Next != "" && len(page.Events) < q.Limit; isFirst = false {
		found, err := c.filterLogEvents(ctx, c.search(q, page))
		switch {
		case err != nil && !isFirst:
			return page, nil //nolint:nilerr // the next page begins where this one ends
		case err != nil:
			return Page{}, readError(q, err)
		}
		page.add(q.UserID, found)
		page.Next = found.NextToken
	}
	return page, nil
}

// search returns the call that continues a page.
func (c *CloudWatch) search(q Query, page Page) filterLogEvents {
	return filterLogEvents{
		LogGroupName:  c.settings.LogGroup,
		FilterPattern: filterPattern(q.UserID),
		StartTime:     q.From.UnixMilli(),
		EndTime:       q.Until.UnixMilli(),
		StartFromHead: false, // newest first
		Limit:         q.Limit - len(page.Events),
		NextToken:     page.Next,
	}
}

// filterPattern returns the pattern of CloudWatch Logs for the records for which concerns is true. A UUID needs no
// escaping.
func filterPattern(userID string) string {
	return fmt.Sprintf(`{ $.event = "*" && ($.userId = %[1]q || $.subject = %[1]q || $.impersonatedBy = %[1]q) }`, userID)
}

// add appends the events of the lines that concern the user.
func (p *Page) add(userID string, found logLines) {
	for _, line := range found.Events {
		if e, ok := parseRecord([]byte(line.Message)); ok && e.concerns(userID) {
			p.Events = append(p.Events, e)
		}
	}
}

// readError returns ErrInvalidToken if CloudWatch rejects the token, else an error for the log.
func readError(q Query, err error) error {
	answer, ok := errors.AsType[*awsjson.Error](err)
	if ok && answer.Code == "InvalidParameterException" && q.Token != "" {
		return fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	return fmt.Errorf("read the audit log: %w", err)
}
