package web

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/xenon-auth/xenon/shared/emf"
)

// MetricNamespace is the CloudWatch namespace of the metrics.
const MetricNamespace = "Xenon"

// Metric is a CloudWatch metric that a log record can have. Name is the member of the record with the value. Dimension
// is the member with the value of the metric's dimension; "" means that the metric has none.
type Metric struct{ Name, Unit, Dimension string }

// Metrics are the metrics that the log record of a request can have.
var Metrics = []Metric{
	{"ms", "Milliseconds", "route"},
	{"ColdStarts", "Count", ""},
	{"SignUps", "Count", ""},
	{"SignIns", "Count", "result"},
	{"PoolWaits", "Count", ""},
	{"MailsDropped", "Count", ""},
	{"ClaimsLeftOut", "Count", ""},
	{"SupabaseSessions", "Count", "supabase"},
}

// The bits of a metricSet, in the order of Metrics.
const (
	latencyMetric metricSet = 1 << iota
	coldStartsMetric
	signUpsMetric
	signInsMetric
	poolWaitsMetric
	mailsDroppedMetric
	claimsLeftOutMetric
	supabaseSessionsMetric
)

// metricSet is a set of the Metrics, one bit for each. It is one byte, so that adding it to a record allocates nothing.
type metricSet uint8

// MarshalJSON returns the directives of CloudWatch's embedded metric format for the metrics in s.
func (s metricSet) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 512)
	for i, m := range Metrics {
		if s&(1<<i) != 0 {
			metric := emf.Metric{Name: m.Name, Unit: m.Unit}
			d := emf.Directive{Namespace: MetricNamespace, Dimension: m.Dimension, Metrics: []emf.Metric{metric}}
			b = d.Append(append(b, ','))
		}
	}
	b[0] = '[' // replaces the first comma, which exists because every set contains latencyMetric
	return append(b, ']'), nil
}

// NotePoolWaits adds n to the number of statements that waited for a database connection, in the log record of the
// request.
func NotePoolWaits(ctx context.Context, n int) { recordOf(ctx).poolWaits += n }

// NoteMailDropped puts the kind of a mail into the log record of the request. Xenon did not send the mail, because a
// limit of mails to its recipient was reached.
func NoteMailDropped(ctx context.Context, kind string) {
	recordOf(ctx).mailsDropped++
	addAttr(ctx, slog.String("mailDropped", kind))
}

// NoteClaimsLeftOut puts the names of claims into the log record of the request. The user's JWT does not have them,
// because it would be too large.
func NoteClaimsLeftOut(ctx context.Context, names string) {
	recordOf(ctx).claimsLeftOut = true
	addAttr(ctx, slog.String("claimsLeftOut", names))
}

// SupabaseSession says what a request has done with a session that the user had at Supabase.
type SupabaseSession struct {
	Result string // what happened, or the reason of a refusal; shared/auth lists them
	ID     string // of the session at Supabase, or "" if it is unknown
	Form   string // of the token that the client sent: "v1", "v2" or "access", or ""
}

// NoteSupabaseSession puts what the request has done with a session of Supabase into its log record.
func NoteSupabaseSession(ctx context.Context, b SupabaseSession) {
	recordOf(ctx).supabase = true
	addAttr(ctx, slog.String("supabase", b.Result))
	if b.ID != "" {
		addAttr(ctx, slog.String("supabaseSession", b.ID))
	}
	if b.Form != "" {
		addAttr(ctx, slog.String("tokenForm", b.Form))
	}
}

// addMetrics adds the metrics of the request to its log line, in CloudWatch's embedded metric format. Only a request
// through API Gateway gets metrics: outside of AWS nothing reads them, and without them the line is easier to read.
func (rec *record) addMetrics(ctx context.Context, line *slog.Record, cold bool, status int) {
	if !cameThroughGateway(ctx) {
		return
	}
	set := latencyMetric
	add := func(m metricSet, name string, n int) {
		set |= m
		line.AddAttrs(slog.Int(name, n))
	}
	if cold {
		add(coldStartsMetric, "ColdStarts", 1)
	}
	switch {
	case rec.event == "sign-up" && status < http.StatusBadRequest:
		add(signUpsMetric, "SignUps", 1)
	case rec.event == "sign-in":
		add(signInsMetric, "SignIns", 1)
	}
	if rec.poolWaits > 0 {
		add(poolWaitsMetric, "PoolWaits", rec.poolWaits)
	}
	if rec.mailsDropped > 0 {
		add(mailsDroppedMetric, "MailsDropped", rec.mailsDropped)
	}
	if rec.claimsLeftOut {
		add(claimsLeftOutMetric, "ClaimsLeftOut", 1)
	}
	if rec.supabase {
		add(supabaseSessionsMetric, "SupabaseSessions", 1)
	}
	line.AddAttrs(emf.Attr(line.Time, set))
}
