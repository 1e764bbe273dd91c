//go:build node

package webhook

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/freeport"
)

// The receivers in docs/events.md accept a webhook, print its type or text, and reject one with another secret.
func TestReceiversOfTheManualVerifyWebhooks(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	for language, run := range map[string]struct {
		file string
		args []string
	}{
		"js":     {"receiver.mjs", []string{"node"}},
		"python": {"receiver.py", []string{"python3"}},
		"go":     {"receiver.go", nil}, // built below
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			_, code, _ := strings.Cut(string(text), "\n```"+language+"\n")
			code, _, found := strings.Cut(code, "\n```\n")
			if !found {
				t.Fatalf("docs/events.md has no code in the language %s, want a receiver", language)
			}
			file := filepath.Join(t.TempDir(), run.file)
			if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
				t.Fatal(err)
			}
			command := append(run.args, file)
			if language == "go" {
				command = []string{strings.TrimSuffix(file, ".go")}
				out, err := exec.CommandContext(t.Context(), "go", "build", "-o", command[0], file).CombinedOutput()
				if err != nil {
					t.Fatalf("build the receiver: %v\n%s", err, out)
				}
			}
			address := freeport.Address(t)
			lines := startReceiver(t, address, command)
			good := New("http://"+address+"/", fixed(newSecret+" "+oldSecret), time.Now)
			for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
				err := good.Send(t.Context(), created)
				if err == nil {
					break
				}
				if !strings.Contains(err.Error(), "did not answer") || time.Now().After(end) {
					t.Fatalf("Send to the receiver: got the error %v, want none", err)
				}
			}
			if line := <-lines; !strings.Contains(line, "user.created") {
				t.Errorf("the receiver printed %q, want the type of the event", line)
			}
			for _, wrong := range []*Sender{
				New("http://"+address+"/", fixed(newSecret), time.Now), // another secret
				New("http://"+address+"/", fixed(oldSecret), ago(10*time.Minute)),
				New("http://"+address+"/", fixed(oldSecret), ago(-10*time.Minute)),
			} {
				checkError(t, wrong.Send(t.Context(), created), "answered 401")
			}
		})
	}
}

func ago(d time.Duration) func() time.Time { return func() time.Time { return time.Now().Add(-d) } }

// startReceiver starts a program, which ends with the test, and returns the lines that it prints.
func startReceiver(t *testing.T, address string, command []string) <-chan string {
	t.Helper()
	_, port, _ := strings.Cut(address, ":")
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "PORT="+port, "EVENTS_WEBHOOK_SECRET="+oldSecret)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 10)
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	t.Cleanup(func() { _ = cmd.Wait() }) // the context of the test has ended, which kills it
	return lines
}
