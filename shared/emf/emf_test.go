package emf_test

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/emf"
)

func TestAttrIsTheMemberThatCloudWatchReads(t *testing.T) {
	t.Parallel()
	for want, directives := range map[string]emf.Directives{
		`[]`: {},
		`[{"Namespace":"N","Dimensions":[[]],"Metrics":[{"Name":"a","Unit":"Count"}]}]`: {
			{Namespace: "N", Metrics: []emf.Metric{{Name: "a", Unit: "Count"}}},
		},
		`[{"Namespace":"N","Dimensions":[["Run"]],"Metrics":[{"Name":"a","Unit":"Count"},{"Name":"b","Unit":"None"}]},` +
			`{"Namespace":"M","Dimensions":[[]],"Metrics":[]}]`: {
			{
				Namespace: "N", Dimension: "Run",
				Metrics: []emf.Metric{{Name: "a", Unit: "Count"}, {Name: "b", Unit: "None"}},
			},
			{Namespace: "M"},
		},
	} {
		var log bytes.Buffer
		withoutTime := func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey {
				return slog.Attr{}
			}
			return a
		}
		slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{ReplaceAttr: withoutTime})).
			Info("", emf.Attr(time.UnixMilli(1_800_000_000_123), directives))
		want = `{"_aws":{"Timestamp":1800000000123,"CloudWatchMetrics":` + want + `}}` + "\n"
		if got := log.String(); got != want {
			t.Errorf("log record with the directives %+v: got %s, want %s", directives, got, want)
		}
	}
}
