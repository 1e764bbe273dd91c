//go:build node

package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/sample"
	"github.com/xenon-auth/xenon/migrations"
)

// startBetterAuthWithProfile starts the pinned Better Auth with the settings of a profile. Better Auth creates its
// tables in an empty database.
func startBetterAuthWithProfile(t *testing.T, profile map[string]string) server {
	t.Helper()
	mails := filepath.Join(t.TempDir(), "mail.jsonl")
	env := environmentOf(profile, mails)
	s := server{
		origin:   env["BETTER_AUTH_URL"],
		secret:   env["BETTER_AUTH_SECRET"],
		mails:    mails,
		database: dbtest.NewEmpty(t),
	}
	env["DATABASE_URL"], env["CHEAP_HASHES"] = s.database, "on"
	var err error
	if s.address, err = startBetterAuthServer(t, env); err != nil {
		t.Fatal(err)
	}
	return s
}

// liveSample is the part of the profiles of which make test plays the scenarios against Better Auth, too: a twelfth.
const liveSample = 12

// TestR02_AnswersAsBetterAuth plays every scenario against Xenon and compares the responses with Better Auth's. For a
// sample of the profiles it also plays them against the pinned Better Auth (for all with XENON_WHOLE=1); for the others
// it compares with Better Auth's recorded responses. With -update it records Better Auth's responses.
func TestR02_AnswersAsBetterAuth(t *testing.T) {
	t.Parallel()
	var n resultCounts
	profiles := readProfiles(t)
	random := sample.NewRandom(t)
	live := 0
	for _, name := range slices.Sorted(maps.Keys(profiles)) {
		compare := n.compareWithRecordings
		if random.IntN(liveSample) == 0 || sample.RunsAllCases() || *update {
			compare = n.compareWithBetterAuth
			live++
		}
		t.Run(name, func(t *testing.T) { compare(t, name, profiles[name]) })
	}
	fmt.Printf("conformance with Better Auth %s (live with %d of %d profiles, recorded with the others): %s\n",
		migrations.BetterAuthVersion, live, len(profiles), n.String())
}

// compareWithBetterAuth plays the scenarios of a profile against the pinned Better Auth and against Xenon, each on its
// own database, and compares the responses.
func (n *resultCounts) compareWithBetterAuth(t *testing.T, name string, profile map[string]string) {
	t.Helper()
	betterAuth, xenon := startBetterAuthWithProfile(t, profile), startXenonWithProfile(t, profile)
	for _, s := range readScenarios(t, name) {
		t.Run(s.stem, func(t *testing.T) {
			t.Parallel()
			betterAuthPlayer, xenonPlayer := newPlayer(t, betterAuth, s), newPlayer(t, xenon, s)
			var want, got []exchange
			var both sync.WaitGroup
			both.Go(func() { want = playScenario(t, s, betterAuthPlayer) })
			both.Go(func() { got = playScenario(t, s, xenonPlayer) })
			both.Wait()
			if *update {
				writeRecording(t, s, want, got)
			}
			recorded := readRecording(t, s)
			for i := range min(len(want), len(recorded.Exchanges)) {
				if diff := cmp.Diff(recorded.Exchanges[i].Answer.text(), want[i].Answer.text()); diff != "" {
					t.Errorf("%s, step %d, %s: the recording is outdated; run make record (-recorded +Better Auth):\n%s",
						s.stem, i+1, want[i].Do, diff)
				}
			}
			n.checkResponses(t, s, want, got, recorded.Exchanges)
		})
	}
}

// writeRecording writes recorded/<stem>.json: Better Auth's exchanges, with Xenon's response for each listed
// divergence.
func writeRecording(t *testing.T, s scenario, betterAuth, xenon []exchange) {
	t.Helper()
	for i := range betterAuth {
		if betterAuth[i].Divergence != "" && i < len(xenon) {
			betterAuth[i].Xenon = xenon[i].Answer
		}
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(recording{migrations.BetterAuthVersion, betterAuth}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(recordingPath(s), out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
