//go:build node

package conformance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
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
	cmd := exec.Command("node", "--import", "./redirect.mjs", "server.mjs")
	cmd.Dir = "reference"
	cmd.Env = append(cmd.Environ(), append(environmentList(env), "DATABASE_URL="+s.database, "CHEAP_HASHES=on")...)
	cmd.Env = append(cmd.Env, environmentList(sharedProviderServer(t).Environment())...)
	s.address = runBetterAuthCommand(t, cmd)
	return s
}

// runBetterAuthCommand starts cmd, a Better Auth server, and returns the URL that the server prints. The server is
// stopped at the end of the test.
func runBetterAuthCommand(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start Better Auth: %v; this test needs Node 20 and the packages that `make conformance` installs", err)
	}
	line, readErr := bufio.NewReader(stdout).ReadString('\n')
	t.Cleanup(func() {
		_ = stdin.Close() // Better Auth exits at the end of its input
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Logf("Better Auth exited with the error %v and logged:\n%s", err, stderr.String())
		}
	})
	if readErr != nil {
		t.Fatalf("read the line in which Better Auth prints its URL: %v", readErr)
	}
	go io.Copy(io.Discard, stdout)
	return strings.TrimSpace(line)
}

// TestR02_AnswersAsBetterAuth plays every scenario against the pinned Better Auth and against Xenon, each on its own
// database, and compares the responses. With -update it records Better Auth's responses.
func TestR02_AnswersAsBetterAuth(t *testing.T) {
	t.Parallel()
	var n resultCounts
	for name, profile := range readProfiles(t) {
		t.Run(name, func(t *testing.T) {
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
		})
	}
	fmt.Println("conformance with Better Auth", migrations.BetterAuthVersion+":", n.String())
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
