package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// Namespace is where CloudWatch shows the metrics of requests.
const Namespace = "Xenon"

// Metric is a number that a record carries besides what it tells: a member of that name, by the values of Dimension,
// another member, if there is one.
type Metric struct{ Name, Unit, Dimension string }

// Metrics are all that records of requests can carry.
var Metrics = []Metric{
	{"ms", "Milliseconds", "route"},
	{"ColdStarts", "Count", ""},
	{"SignUps", "Count", ""},
	{"SignIns", "Count", "result"},
	{"PoolWaits", "Count", ""},
	{"MailsDropped", "Count", ""},
}

// The metrics of one record, as bits in the order of Metrics.
const (
	latency carried = 1 << iota
	coldStarts
	signUps
	signIns
	poolWaits
	mailsDropped
)

// carried is a set of Metrics. It is one byte, so that putting it into a record allocates nothing.
type carried uint8

// MarshalJSON writes the directives of CloudWatch's embedded metric format, which name members of the record they stand in
// (docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
func (c carried) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 512)
	for i, m := range Metrics {
		if c&(1<<i) == 0 {
			continue
		}
		dimensions := ""
		if m.Dimension != "" {
			dimensions = `"` + m.Dimension + `"`
		}
		b = append(append(b, `,{"Namespace":"`+Namespace+`","Dimensions":[[`...), dimensions...)
		b = append(append(append(b, `]],"Metrics":[{"Name":"`...), m.Name...), `","Unit":"`...)
		b = append(append(b, m.Unit...), `"}]}`...)
	}
	b[0] = '[' // in place of the first comma: every record tells at least how long the request took
	return append(b, ']'), nil
}

// NotePoolWaits adds to how many statements of this request had to wait for a connection.
func NotePoolWaits(ctx context.Context, n int) { recordOf(ctx).waits += n }

// NoteMailDropped puts the kind of a mail that was held back, because its receiver has had too many, into the log
// record of the request.
func NoteMailDropped(ctx context.Context, kind string) {
	recordOf(ctx).dropped++
	note(ctx, slog.String("mailDropped", kind))
}

// count adds to line the metrics of a request and what tells CloudWatch of them. Only a request that came by the gateway
// has metrics: elsewhere nobody reads them, and they make the record harder to read for people.
func (rec *record) count(ctx context.Context, line *slog.Record, cold bool, status int) {
	if !viaGateway(ctx) {
		return
	}
	set := latency
	add := func(m carried, name string, n int) {
		set |= m
		line.AddAttrs(slog.Int(name, n))
	}
	if cold {
		add(coldStarts, "ColdStarts", 1)
	}
	switch {
	case rec.event == "sign-up" && status < http.StatusBadRequest:
		add(signUps, "SignUps", 1)
	case rec.event == "sign-in":
		add(signIns, "SignIns", 1)
	}
	if rec.waits > 0 {
		add(poolWaits, "PoolWaits", rec.waits)
	}
	if rec.dropped > 0 {
		add(mailsDropped, "MailsDropped", rec.dropped)
	}
	line.AddAttrs(slog.Attr{Key: "_aws", Value: slog.GroupValue(
		slog.Int64("Timestamp", line.Time.UnixNano()/int64(time.Millisecond)), slog.Any("CloudWatchMetrics", set))})
}
