package main

import (
	"github.com/xenon-auth/xenon/shared/emf"
	"github.com/xenon-auth/xenon/shared/importer"
)

// namespace is the CloudWatch namespace of the metrics of an import. Their dimension is the run.
const namespace = "Xenon/Import"

// progress writes one log record per batch, with the metrics of the batch for CloudWatch. The record has counts and no
// data of rows.
func (h handler) progress(e importer.Event) {
	if e.Waiting != "" {
		h.log.Warn("waiting for a database", "waiting", e.Waiting)
		return
	}
	record := []any{
		"Run", e.Run, "action", e.Action, "pass", e.Pass, "batch", e.Batch, "batches", e.Batches, "done", e.Done,
	}
	measure := func(name, unit string, value any) emf.Metric {
		record = append(record, name, value)
		return emf.Metric{Name: name, Unit: unit}
	}
	var metrics []emf.Metric
	switch e.Action {
	case "copy":
		metrics = []emf.Metric{
			measure("Rows", "Count", e.Rows),
			measure("Copied", "Count", e.Copied),
			measure("Unchanged", "Count", e.Unchanged),
			measure("Identical", "Count", e.Identical),
			measure("Folded", "Count", e.Folded),
			measure("Quarantined", "Count", e.Quarantined),
			measure("Duration", "Milliseconds", e.Took.Milliseconds()),
		}
	case "verify":
		metrics = []emf.Metric{
			measure("Verified", "Count", e.Rows), measure("Different", "Count", e.Different),
			measure("VerifyDuration", "Milliseconds", e.Took.Milliseconds()),
		}
	case "rollback":
		name := "Removed"
		if e.DryRun {
			name = "WouldRemove"
		}
		metrics = []emf.Metric{
			measure(name, "Count", e.Copied),
			measure("RollbackDuration", "Milliseconds", e.Took.Milliseconds()),
		}
	}
	if e.Parked != "" {
		metrics = append(metrics, measure("Parked", "Count", 1))
		record = append(record, "why", e.Parked)
	}
	record = append(record,
		emf.Attr(h.now(), emf.Directives{{Namespace: namespace, Dimension: "Run", Metrics: metrics}}))
	h.log.Info("batch", record...)
}
