//go:build !node

package conformance

import "testing"

// TestR02_AnswersAsRecorded compares Xenon's responses with Better Auth's recorded ones. It needs no Node.
func TestR02_AnswersAsRecorded(t *testing.T) {
	t.Parallel()
	var n resultCounts
	for name, profile := range readProfiles(t) {
		t.Run(name, func(t *testing.T) { n.compareWithRecordings(t, name, profile) })
	}
	t.Log(n.String())
}
