package event

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/emf"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
)

var errNoEvent = errors.New("the text is not an event")

const (
	pageSize    = 100 // events that are read in one transaction
	maxFailures = 50  // a run ends after so many events that could not be sent
	// timeForDeletion is the time in which Run can delete what it has sent, after it has stopped to send.
	timeForDeletion = 5 * time.Second
)

// batchSize is the maximum number of events that a target gets at once; 10 is the maximum of SQS.
const batchSize = 10

// Target takes events.
type Target interface {
	// Send sends events of different users, at most batchSize. For each of them it returns nil if the target has it, or an
	// error. The same event may be sent several times.
	Send(ctx context.Context, events []Event) []error
}

// Relay moves events from the table user_event to a target.
type Relay struct {
	db     *store.Store
	target Target
	now    func() time.Time
}

// NewRelay returns a Relay. It makes no request.
func NewRelay(db *store.Store, target Target, now func() time.Time) *Relay {
	return &Relay{db.UseEvents(true), target, now}
}

// NewQueueRelay returns the Relay of functions/relay, with one database connection.
func NewQueueRelay(cfg config.API, now func() time.Time) *Relay {
	db := store.Open(secrets.New(cfg, now), 1).UseSchema(cfg.Schema)
	return NewRelay(db, NewQueue(cfg), now)
}

// Result has the numbers of a run.
type Result struct {
	Sent   int `json:"sent"`
	Failed int `json:"failed"` // users with an event that could not be sent
}

// HandleSchedule is the handler of functions/relay, which needs nothing of the event that starts it. It sends the
// waiting events, and logs how many wait afterwards, as metrics. It returns an error if the database cannot be used or
// if the triggers that write events are missing.
func (r *Relay) HandleSchedule(ctx context.Context, _ struct{}) (Result, error) {
	n, err := r.Run(ctx)
	if errors.Is(err, store.ErrRelayRuns) {
		slog.InfoContext(ctx, "another relay runs")
		return n, nil
	}
	backlog, countErr := r.db.EventBacklog(ctx)
	if err = errors.Join(err, countErr); err != nil {
		slog.ErrorContext(ctx, "events not relayed", "reason", err.Error())
		return n, err
	}
	r.logResult(ctx, n, backlog)
	if err := r.db.CheckReady(ctx); err != nil {
		slog.ErrorContext(ctx, "events are not written", "reason", err.Error())
		return n, err
	}
	return n, nil
}

// relayMetrics are the metrics of the record that HandleSchedule logs.
var relayMetrics = emf.Directives{{Namespace: "Xenon", Metrics: []emf.Metric{
	{Name: "EventsWaiting", Unit: "Count"}, {Name: "EventAge", Unit: "Seconds"},
}}}

func (r *Relay) logResult(ctx context.Context, n Result, backlog store.EventBacklog) {
	slog.LogAttrs(
		ctx, slog.LevelInfo, "events relayed", slog.Int("sent", n.Sent), slog.Int("failed", n.Failed),
		slog.Int64("EventsWaiting", backlog.Waiting), slog.Float64("EventAge", backlog.OldestSeconds),
		emf.Attr(r.now(), relayMetrics),
	)
}

// Run sends the waiting events. It ends when there are no more, shortly before the end of ctx, or after maxFailures
// events that could not be sent. After the failure of an event it sends no later event of the same user, but those of
// other users.
func (r *Relay) Run(ctx context.Context) (n Result, err error) {
	sending, ctx, stop := contexts(ctx)
	defer stop()
	failed := failures{}
	for sending.Err() == nil && len(failed) < maxFailures {
		send := func(_ context.Context, rows []store.UserEvent) []int64 {
			sent := r.sendPage(sending, rows, failed)
			n.Sent += len(sent)
			return sent
		}
		passed, err := r.db.RelayEvents(ctx, failed.users(), pageSize, send)
		n.Failed = len(failed)
		if err != nil || passed == 0 {
			return n, err
		}
	}
	return n, nil
}

// contexts returns the context of sending, and that of the database, which ends timeForDeletion later, so that Run can
// delete what it has sent.
func contexts(ctx context.Context) (sending, database context.Context, stop func()) {
	if deadline, ok := ctx.Deadline(); ok {
		sending, cancel := context.WithDeadline(ctx, deadline.Add(-timeForDeletion))
		return sending, ctx, cancel
	}
	database, cancel := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() { time.AfterFunc(timeForDeletion, cancel) })
	return ctx, database, cancel
}

// failures has the users with an event that could not be sent in this run.
type failures map[string]bool

// add logs that an event of the user could not be sent.
func (f failures) add(ctx context.Context, user, id, kind string, err error) {
	f[user] = true
	slog.WarnContext(ctx, "event not sent", "eventId", id, "type", kind, "reason", err.Error())
}

func (f failures) users() (all []string) {
	for user := range f {
		all = append(all, user)
	}
	return all
}

// sendPage sends events in batches with at most one event of a user, so that an event is sent after the target has the
// earlier ones. It returns the sequences of those that were sent.
func (r *Relay) sendPage(ctx context.Context, rows []store.UserEvent, failed failures) (sent []int64) {
	for len(rows) > 0 && ctx.Err() == nil {
		var batch, later []store.UserEvent
		inBatch := map[string]bool{}
		for _, row := range rows {
			switch {
			case failed[row.UserID]:
			case inBatch[row.UserID] || len(batch) == batchSize:
				inBatch[row.UserID] = true // also if the batch is full: its earlier event comes first
				later = append(later, row)
			default:
				inBatch[row.UserID] = true
				batch = append(batch, row)
			}
		}
		sent = append(sent, r.sendBatch(ctx, batch, failed)...)
		rows = later
	}
	return sent
}

func (r *Relay) sendBatch(ctx context.Context, rows []store.UserEvent, failed failures) (sent []int64) {
	var events []Event
	var sequences []int64
	for _, row := range rows {
		e, err := newEvent(row)
		if err != nil {
			failed.add(ctx, row.UserID, row.ID, row.Type, err)
			continue
		}
		events, sequences = append(events, e), append(sequences, row.Sequence)
	}
	if len(events) == 0 {
		return nil
	}
	for i, err := range r.target.Send(ctx, events) {
		if err == nil {
			sent = append(sent, sequences[i])
			continue
		}
		failed.add(ctx, events[i].UserID, events[i].ID, events[i].Type, err)
	}
	return sent
}

// Loop sends waiting events until the context ends, with a pause after each run, and a longer one after a failure.
func (r *Relay) Loop(ctx context.Context, pause, pauseAfterFailure time.Duration) {
	for ctx.Err() == nil {
		n, err := r.Run(ctx)
		wait := pause
		if err != nil || n.Failed > 0 {
			wait = pauseAfterFailure
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrRelayRuns) {
			slog.ErrorContext(ctx, "events not relayed", "reason", err.Error())
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}
