//go:build !node

package conformance

import (
	"testing"

	"github.com/xenon-auth/xenon/migrations"
)

// TestR02_AnswersAsRecorded compares Xenon's responses with Better Auth's recorded ones. It needs no Node.
func TestR02_AnswersAsRecorded(t *testing.T) {
	t.Parallel()
	var n resultCounts
	for name, profile := range readProfiles(t) {
		t.Run(name, func(t *testing.T) {
			xenon := startXenonWithProfile(t, profile)
			for _, s := range readScenarios(t, name) {
				t.Run(s.stem, func(t *testing.T) {
					t.Parallel()
					r := readRecording(t, s)
					if r.BetterAuth != migrations.BetterAuthVersion {
						t.Errorf("the recording: got Better Auth %s, want the pinned version %s; run make record",
							r.BetterAuth, migrations.BetterAuthVersion)
					}
					n.checkResponses(t, s, r.Exchanges, playScenario(t, s, newPlayer(t, xenon, s)), r.Exchanges)
				})
			}
		})
	}
	t.Log(n.String())
}
