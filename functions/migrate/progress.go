package main

import "github.com/xenon-auth/xenon/shared/importer"

// namespace is where CloudWatch shows the metrics of an import, by run.
const namespace = "Xenon/Import"

// progress writes one record a batch. It is a log record and carries metrics in CloudWatch's embedded metric format
// (docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html)
// besides, which names members of the record. There are numbers in it, never a row.
func (h handler) progress(e importer.Event) {
	if e.Waiting != "" {
		h.log.Warn("waiting for a database", "waiting", e.Waiting)
		return
	}
	record := []any{
		"Run", e.Run, "action", e.Action, "pass", e.Pass, "batch", e.Batch, "batches", e.Batches, "done", e.Done,
	}
	measure := func(name, unit string, value any) metric {
		record = append(record, name, value)
		return metric{Name: name, Unit: unit}
	}
	var metrics []metric
	switch e.Action {
	case "copy":
		metrics = []metric{
			measure("Rows", "Count", e.Rows),
			measure("Copied", "Count", e.Copied),
			measure(
				"Unchanged",
				"Count",
				e.Unchanged,
			),
			measure("Identical", "Count", e.Identical),
			measure("Folded", "Count", e.Folded),
			measure("Quarantined", "Count", e.Quarantined),
			measure("Duration", "Milliseconds", e.Took.Milliseconds()),
		}
	case "verify":
		metrics = []metric{
			measure("Verified", "Count", e.Rows), measure("Different", "Count", e.Different),
			measure("VerifyDuration", "Milliseconds", e.Took.Milliseconds()),
		}
	case "rollback":
		name := "Removed"
		if e.DryRun {
			name = "WouldRemove"
		}
		metrics = []metric{
			measure(name, "Count", e.Copied),
			measure("RollbackDuration", "Milliseconds", e.Took.Milliseconds()),
		}
	}
	if e.Parked != "" {
		metrics = append(metrics, measure("Parked", "Count", 1))
		record = append(record, "why", e.Parked)
	}
	h.log.Info("batch", append(record, "_aws", envelope{
		Timestamp:         h.now().UnixMilli(),
		CloudWatchMetrics: []directive{{Namespace: namespace, Dimensions: [][]string{{"Run"}}, Metrics: metrics}},
	})...)
}

type envelope struct {
	Timestamp         int64
	CloudWatchMetrics []directive
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []metric
}

type metric struct{ Name, Unit string }
