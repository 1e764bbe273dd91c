package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/importer"
)

// sendEventsOfPass sends the events of a pass of four batches. Each batch takes one second. The third fails and is
// parked.
func sendEventsOfPass(p *progress, clock *time.Time) {
	for i := range 4 {
		*clock = clock.Add(time.Second)
		e := importer.Event{
			Run:         "supabase",
			Action:      "copy",
			Pass:        1,
			Batch:       i,
			Batches:     4,
			Done:        i + 1,
			Rows:        12_500,
			Copied:      8_000,
			Identical:   100,
			Folded:      4_000,
			Quarantined: 400,
			Took:        time.Second,
		}
		if i == 2 {
			e.Done, e.Rows, e.Copied, e.Identical, e.Folded, e.Quarantined, e.Parked = 2, 0, 0, 0, 0, 0, "SQLSTATE 53100"
		}
		p.handleEvent(e)
	}
	p.finish()
}

func TestProgressPrintsOneLinePerBatchWithoutTerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	clock := time.Unix(1_790_000_000, 0)
	p := newProgress(&out, func() time.Time { return clock })
	p.printOnTerminal("only on a terminal")
	sendEventsOfPass(p, &clock)
	p.handleEvent(
		importer.Event{
			Action:  "wait",
			Waiting: "connect to the source: FATAL: too many clients (SQLSTATE 53300); try 2 of 10 in 1s",
		},
	)
	p.handleEvent(
		importer.Event{
			Action:    "verify",
			Pass:      1,
			Batches:   2,
			Done:      1,
			Rows:      5,
			Different: 2,
			Took:      1234567 * time.Nanosecond,
		},
	)
	p.handleEvent(
		importer.Event{Action: "copy", Pass: 2, Batches: 1, Done: 1, Rows: 9, Copied: 2, Unchanged: 7, Took: time.Second},
	)
	p.handleEvent(importer.Event{Action: "rollback", DryRun: true, Batches: 2, Done: 2, Copied: 5, Took: time.Minute})
	p.handleEvent(importer.Event{Action: "rollback", Batches: 2, Done: 2, Copied: 5, Took: time.Minute})
	want := "copy: pass 1, batch 0, 1 of 4 done: 12,500 rows, 8,000 written, 100 identical, 4,000 folded, 400 " +
		"quarantined, 1s\n" +
		`copy: pass 1, batch 1, 2 of 4 done: 12,500 rows, 8,000 written, 100 identical, 4,000 folded, 400 quarantined, 1s
copy: pass 1, batch 2, 2 of 4 done: parked: SQLSTATE 53100
copy: pass 1, batch 3, 4 of 4 done: 12,500 rows, 8,000 written, 100 identical, 4,000 folded, 400 quarantined, 1s
waiting for a database: connect to the source: FATAL: too many clients (SQLSTATE 53300); try 2 of 10 in 1s
verify: pass 1, batch 0, 1 of 2 done: 5 rows, 2 different, 1ms
copy: pass 2, batch 0, 1 of 1 done: 9 rows, 2 written, 7 unchanged, 0 quarantined, 1s
rollback (dry run): batch 0, 2 of 2 done: 5 rows would be removed, 1m0s
rollback: batch 0, 2 of 2 done: 5 rows removed, 1m0s
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("progress without a terminal (-want +got):\n%s", diff)
	}
}
