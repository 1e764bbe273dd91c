//go:build peers

package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/xenontest"
)

// peerTestPatterns are the test files below Better Auth's src/ for features that Xenon has. The other test files test
// features that Xenon does not have, or functions inside one process; oauth2/link-account.test.ts needs SQLite before
// its first test.
var peerTestPatterns = []string{
	"api/*/*.test.ts",
	"auth/full.test.ts",
	"auth/trusted-origins.test.ts",
	"cookies/*.test.ts",
	"db/db.test.ts",
	"plugins/bearer/*.test.ts",
	"plugins/haveibeenpwned/*.test.ts",
	"plugins/jwt/*.test.ts",
	"social.test.ts",
}

// startServerFunc is a function that starts a server with the settings env.
type startServerFunc func(env map[string]string) (server, error)

// TestPeers runs Better Auth's public tests against Better Auth and against Xenon, both over HTTP, and compares the
// results. If a test fails only on Xenon, peers/divergences.json has to explain it.
func TestPeers(t *testing.T) {
	explained := readExpectedFailures(t)
	var tally struct{ both, neither, betterAuthOnly, xenonOnly, all int }
	seen := map[string]bool{}
	for _, file := range findPeerTestFiles(t) {
		t.Run(file, func(t *testing.T) {
			betterAuth, xenon := runPeerTests(t, file, betterAuthStarter(t)), runPeerTests(t, file, xenonStarter(t))
			for _, name := range slices.Sorted(maps.Keys(betterAuth)) {
				id := file + " > " + name
				seen[id] = true
				tally.all++
				switch b, x := betterAuth[name], xenon[name]; {
				case b && x:
					tally.both++
				case !b && !x:
					tally.neither++
				case x:
					tally.xenonOnly++
				default:
					tally.betterAuthOnly++
					if explained[id] == "" {
						t.Errorf("%s passes on Better Auth and fails on Xenon, want it to pass on both or to be explained in "+
							"peers/divergences.json", id)
					}
					continue
				}
				if explained[id] != "" {
					t.Errorf("peers/divergences.json names %s as the reason why only Xenon fails a test, but that is not so; remove "+
						"the entry: %s", explained[id], id)
				}
			}
		})
	}
	for id := range explained {
		if !seen[id] {
			t.Errorf("peers/divergences.json explains a test that did not run, want only tests that run: %s", id)
		}
	}
	fmt.Printf("public tests of Better Auth: %d tests; %d pass on both, %d fail on both, %d fail on Xenon alone, "+
		"%d on Better Auth alone\n", tally.all, tally.both, tally.neither, tally.betterAuthOnly, tally.xenonOnly)
}

// readExpectedFailures returns the tests that are expected to fail only on Xenon, each with the row of
// docs/divergences.md that says why.
func readExpectedFailures(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("peers/divergences.json")
	if err != nil {
		t.Fatal(err)
	}
	explained := map[string]string{}
	if err := json.Unmarshal(text, &explained); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../docs/divergences.md")
	if err != nil {
		t.Fatal(err)
	}
	for id, row := range explained {
		if !strings.Contains(string(page), "| "+row+" |") {
			t.Errorf("peers/divergences.json explains %s by %s, want a row of docs/divergences.md", id, row)
		}
	}
	return explained
}

const betterAuthSourceDir = "../.tools/better-auth"

func findPeerTestFiles(t *testing.T) (files []string) {
	t.Helper()
	src := filepath.Join(betterAuthSourceDir, "better-auth", "src")
	for _, pattern := range peerTestPatterns {
		found, err := filepath.Glob(filepath.Join(src, pattern))
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 0 {
			t.Fatalf("test files %s in %s: found none, want at least one; `make peers` fetches them", pattern, src)
		}
		for _, path := range found {
			file, err := filepath.Rel(src, path)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, filepath.ToSlash(file))
		}
	}
	return files
}

// xenonStarter returns a function that starts a new `xenon dev` for each call. The function returns an error for
// settings that Xenon rejects.
func xenonStarter(t *testing.T) startServerFunc {
	return func(env map[string]string) (server, error) {
		mails, database := filepath.Join(t.TempDir(), "mail.jsonl"), dbtest.New(t)
		env = environmentOf(env, mails)
		env["DATABASE_URL"] = database
		x, stop, err := xenontest.StartProcess(t.TempDir(), environmentList(env)...)
		if err != nil {
			return server{}, err
		}
		t.Cleanup(func() {
			if err := stop(); err != nil {
				t.Errorf("xenon dev exited with the error %v, want none:\n%s", err, x.Log())
			}
		})
		return server{
			address: x.URL, origin: env["BETTER_AUTH_URL"], database: database, mails: mails, isXenon: true,
		}, nil
	}
}

// betterAuthStarter returns a function that starts a Better Auth server for each call.
func betterAuthStarter(t *testing.T) startServerFunc {
	return func(env map[string]string) (s server, err error) {
		s = server{
			origin: env["BETTER_AUTH_URL"], mails: filepath.Join(t.TempDir(), "mail.jsonl"), database: dbtest.NewEmpty(t),
		}
		env = environmentOf(env, s.mails)
		env["DATABASE_URL"] = s.database
		s.address, err = startBetterAuthServer(t, env)
		return s, err
	}
}

// startServerRequest is the request of a test file to start a server.
type startServerRequest struct {
	env    map[string]string
	answer chan<- startServerReply
}

type startServerReply struct {
	server
	err error
}

// runPeerTests runs a test file against the servers that start starts, and returns for each test whether it passed.
func runPeerTests(t *testing.T, file string, start startServerFunc) map[string]bool {
	t.Helper()
	starts := make(chan startServerRequest)
	controller := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		env := map[string]string{}
		if err := json.NewDecoder(r.Body).Decode(&env); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer := make(chan startServerReply, 1)
		starts <- startServerRequest{env, answer}
		s := <-answer
		if s.err != nil {
			http.Error(w, s.err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{
			"address": s.address, "origin": s.origin, "database": s.database, "mails": s.mails,
		})
	}))
	defer controller.Close()

	ctx, stop := context.WithTimeout(t.Context(), 15*time.Minute)
	defer stop()
	report := filepath.Join(t.TempDir(), "report.json")
	cmd := exec.CommandContext(ctx, "node_modules/.bin/vitest", "run", "--config", "vitest.config.mjs",
		"--reporter=json", "--outputFile="+report, "better-auth/src/"+file)
	cmd.Dir = betterAuthSourceDir
	cmd.Env = append(cmd.Environ(), "PEERS_CONTROLLER="+controller.URL)
	ended := make(chan []byte, 1)
	go func() {
		out, _ := cmd.CombinedOutput() // vitest exits with 1 when a test fails; the report has the names of the tests
		ended <- out
	}()
	for {
		select {
		case s := <-starts: // start runs on the goroutine of the test, because it can call t.Fatal
			server, err := start(s.env)
			s.answer <- startServerReply{server, err}
		case out := <-ended:
			return readVitestReport(t, report, out)
		}
	}
}

// readVitestReport returns for each test in vitest's report whether it passed.
func readVitestReport(t *testing.T, name string, out []byte) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatalf("read the report of vitest: %v; vitest printed:\n%s", err, out)
	}
	var report struct {
		TestResults []struct {
			Message          string
			AssertionResults []struct {
				FullName, Status string
				FailureMessages  []string
			}
		}
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	passed := map[string]bool{}
	for _, file := range report.TestResults {
		if file.Message != "" {
			t.Errorf("vitest reports for a test file: got %.300s, want no message, which would mean that it was not loaded",
				file.Message)
		}
		for _, test := range file.AssertionResults {
			passed[test.FullName] = test.Status == "passed"
			if test.Status != "passed" && testing.Verbose() && len(test.FailureMessages) > 0 {
				t.Logf("%s: %.200s", test.FullName, test.FailureMessages[0])
			}
		}
	}
	return passed
}
