package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Everything for events exists only with Events=on.
func TestEventsHaveAFIFOQueueInOrderForEachUser(t *testing.T) {
	t.Parallel()
	c := readTemplateNode(t)
	for _, name := range []string{
		"RelayFunction", "DeliverFunction", "EventQueue", "EventDeadLetterQueue", "EventRelayAlarm", "EventAgeAlarm",
		"EventDelayAlarm", "EventDeadLetterAlarm",
	} {
		if got := c.valueAt("Resources", name, "Condition"); got != "HasEvents" {
			t.Errorf("condition of %s: got %v, want HasEvents", name, got)
		}
	}
	queues := c.properties("AWS::SQS::Queue")
	want := templateNode{
		"FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId",
		"SqsManagedSseEnabled": "true", "MessageRetentionPeriod": "1209600", "VisibilityTimeout": "360",
		"RedrivePolicy": map[string]any{"deadLetterTargetArn": "!GetAtt EventDeadLetterQueue.Arn", "maxReceiveCount": "240"},
	}
	if diff := cmp.Diff(want, queues["EventQueue"]); diff != "" {
		t.Errorf("EventQueue (-want +template):\n%s", diff)
	}
	if got := queues["EventDeadLetterQueue"]["FifoQueue"]; got != "true" {
		t.Errorf("FifoQueue of EventDeadLetterQueue: got %v, want true, as SQS requires for a FIFO queue", got)
	}
	source := map[string]any{
		"Type": "SQS",
		"Properties": map[string]any{
			"Queue": "!GetAtt EventQueue.Arn", "BatchSize": "10", "FunctionResponseTypes": []any{"ReportBatchItemFailures"},
			"ScalingConfig": map[string]any{"MaximumConcurrency": "5"},
		},
	}
	deliver := c.properties(functionType)["DeliverFunction"]
	if diff := cmp.Diff(any(source), deliver.valueAt("Events", "Event")); diff != "" {
		t.Errorf("event source of DeliverFunction (-want +template):\n%s", diff)
	}
	if got, timeout := parseInt(
		t,
		queues["EventQueue"]["VisibilityTimeout"],
	), parseInt(
		t,
		deliver["Timeout"],
	); got < 6*timeout {
		t.Errorf("visibility timeout of EventQueue: got %d s, want at least six times the %d s of DeliverFunction",
			got, timeout)
	}
	relay := c.properties(functionType)["RelayFunction"]
	if got := relay.valueAt("Events", "EveryMinute", "Properties", "Schedule"); got != "rate(1 minute)" {
		t.Errorf("schedule of RelayFunction: got %v, want rate(1 minute)", got)
	}
}

// The health function knows whether the triggers must exist.
func TestHealthFunctionChecksTheTriggersOfEvents(t *testing.T) {
	t.Parallel()
	got := readTemplateNode(t).valueAt("Resources", "HealthFunction", "Properties", "Environment", "Variables", "EVENTS")
	if got != "!Ref Events" {
		t.Errorf("EVENTS of HealthFunction: got %v, want !Ref Events", got)
	}
}
