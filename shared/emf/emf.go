// Package emf writes metrics into log records, in CloudWatch's embedded metric format
// (docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html). The
// values of the metrics and dimensions are members of the record.
package emf

import (
	"log/slog"
	"time"
)

// Metric is a metric of CloudWatch: the name of the record's member with the value, and the unit, such as Count.
type Metric struct{ Name, Unit string }

// Directive tells CloudWatch which members of a record are metrics. Append does not escape its texts, so they must be
// constants of the program without quotes and backslashes.
type Directive struct {
	Namespace string
	Dimension string // the name of a member; "" for no dimension
	Metrics   []Metric
}

// Attr returns the attribute "_aws", which makes a log record a source of metrics. The argument at is the time of the
// record. The argument directives is of the type Directives, or has the same JSON.
func Attr(at time.Time, directives any) slog.Attr {
	return slog.Attr{Key: "_aws", Value: slog.GroupValue(
		slog.Int64("Timestamp", at.UnixMilli()), slog.Any("CloudWatchMetrics", directives))}
}

// Directives are the directives of one record, encoded as a JSON array.
type Directives []Directive

// MarshalJSON implements json.Marshaler.
func (all Directives) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, d := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = d.Append(b)
	}
	return append(b, ']'), nil
}

// Append appends the JSON of d to b. It allocates memory only if the capacity of b is too small.
func (d Directive) Append(b []byte) []byte {
	b = append(append(b, `{"Namespace":"`...), d.Namespace...)
	b = append(b, `","Dimensions":[[`...)
	if d.Dimension != "" {
		b = append(append(append(b, '"'), d.Dimension...), '"')
	}
	b = append(b, `]],"Metrics":[`...)
	for i, m := range d.Metrics {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, `{"Name":"`...), m.Name...)
		b = append(append(b, `","Unit":"`...), m.Unit...)
		b = append(b, `"}`...)
	}
	return append(b, `]}`...)
}
