package main

import (
	"github.com/xenon-auth/xenon/shared/emf"
	"github.com/xenon-auth/xenon/shared/importer"
)

// metricNamespace is the CloudWatch namespace of the metrics of an import. Their dimension is the name of the run.
const metricNamespace = "Xenon/Import"

// logProgress writes one log record for each event: that of a batch, or of a part of a table, has metrics for
// CloudWatch, that of a wait has the error of the database. No record has data of rows.
func (h handler) logProgress(e importer.Event) {
	if e.Waiting != "" {
		h.log.Warn("waiting for a database", "waiting", e.Waiting)
		return
	}
	record := []any{
		"Run", e.Run, "action", e.Action, "pass", e.Pass, "batch", e.Batch, "batches", e.Batches, "done", e.Done,
	}
	if e.Table != "" {
		record = append(record, "table", e.Table)
	}
	var metrics []emf.Metric
	for _, f := range metricsOf(e) {
		record = append(record, f.name, f.value)
		metrics = append(metrics, emf.Metric{Name: f.name, Unit: f.unit})
	}
	if e.Parked != "" {
		record = append(record, "why", e.Parked)
	}
	if len(metrics) > 0 {
		record = append(record,
			emf.Attr(h.now(), emf.Directives{{Namespace: metricNamespace, Dimension: "Run", Metrics: metrics}}))
	}
	h.log.Info("batch", record...)
}

// metricValue is a number of a batch, in a unit of CloudWatch.
type metricValue struct {
	name, unit string
	value      int64
}

// metricsOf returns the metrics of a batch or of a part of a table.
func metricsOf(e importer.Event) (all []metricValue) {
	switch e.Action {
	case "copy":
		all = []metricValue{
			{"Rows", "Count", e.Rows},
			{"Copied", "Count", e.Copied},
			{"Unchanged", "Count", e.Unchanged},
			{"Identical", "Count", e.Identical},
			{"Folded", "Count", e.Folded},
			{"Quarantined", "Count", e.Quarantined},
			{"Duration", "Milliseconds", e.Took.Milliseconds()},
		}
	case "verify":
		all = []metricValue{
			{"Verified", "Count", e.Rows},
			{"Different", "Count", e.Different},
			{"VerifyDuration", "Milliseconds", e.Took.Milliseconds()},
		}
	case "tables":
		all = []metricValue{
			{"TableRows", "Count", e.Copied},
			{"TableDuration", "Milliseconds", e.Took.Milliseconds()},
		}
	case "verify tables":
		all = []metricValue{{"TableRowsVerified", "Count", e.Rows}}
	case "rollback":
		name := "Removed"
		if e.DryRun {
			name = "WouldRemove"
		}
		all = []metricValue{
			{name, "Count", e.Copied},
			{"RollbackDuration", "Milliseconds", e.Took.Milliseconds()},
		}
	}
	if e.Parked != "" {
		all = append(all, metricValue{"Parked", "Count", 1})
	}
	return all
}
