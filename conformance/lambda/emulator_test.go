//go:build moto

package lambda

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// root is the checkout.
const root = "../.."

// build makes a function as the Makefile does, for the machine at hand.
func build(t *testing.T, function string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "bootstrap")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w -buildid=",
		"-o", out, "./functions/"+function)
	cmd.Dir = root
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return out
}

// emulator is one sandbox: AWS's emulator, and the function as its child.
type emulator struct {
	cmd *exec.Cmd
	url string

	first time.Duration // from the first event, at which the function starts, to its answer

	mu  sync.Mutex
	log bytes.Buffer
}

// Write takes what the emulator and the function print.
func (e *emulator) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.log.Write(p)
}

// printed is all that was printed so far.
func (e *emulator) printed() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.log.String()
}

// emulate starts the emulator, which starts the function at the first event. Both end with the test.
func emulate(t *testing.T, bootstrap string, env map[string]string) *emulator {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, ".tools/sam/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-x86_64"))
	if err != nil || len(found) != 1 {
		t.Fatalf("the emulator of the SAM CLI is not in .tools/sam (%v): run scripts/sam first", err)
	}
	address := freeAddress(t)
	e := &emulator{url: "http://" + address + "/2015-03-31/functions/function/invocations"}
	e.cmd = exec.Command(found[0], "--runtime-interface-emulator-address", address, "--runtime-api-address", freeAddress(t), bootstrap)
	e.cmd.Env = []string{"AWS_LAMBDA_FUNCTION_TIMEOUT=15"}
	for name, value := range env {
		e.cmd.Env = append(e.cmd.Env, name+"="+value)
	}
	e.cmd.Stdout, e.cmd.Stderr = e, e
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the function is a child that has to end as well
	e.cmd.WaitDelay = time.Second
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-e.cmd.Process.Pid, syscall.SIGKILL)
		_ = e.cmd.Wait() // killed: its exit code says nothing
	})
	e.await(t, address)
	return e
}

func (e *emulator) await(t *testing.T, address string) {
	t.Helper()
	for range 500 {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the emulator does not listen:\n%s", e.printed())
}

// invoke sends one event and returns what the function answered.
func (e *emulator) invoke(t *testing.T, event any) []byte {
	t.Helper()
	raw, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	sent := time.Now()
	resp, err := http.Post(e.url, "application/json", bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("%v\n%s", err, e.printed())
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if e.first == 0 {
		e.first = time.Since(sent).Round(100 * time.Microsecond)
	}
	return answer
}

// gateway sends an event of the HTTP API.
func (e *emulator) gateway(t *testing.T, event events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPResponse {
	t.Helper()
	raw := e.invoke(t, event)
	var answer events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(raw, &answer); err != nil || answer.StatusCode == 0 {
		t.Fatalf("%s: not an answer to the gateway: %.500s\n%s", event.RouteKey, raw, e.printed())
	}
	return answer
}

// memory is the most that the function had resident, as the kernel says; the emulator's own report names the size it was given.
func (e *emulator) memory(t *testing.T) string {
	t.Helper()
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", e.cmd.Process.Pid))
	for _, file := range tasks {
		text, _ := os.ReadFile(file)
		for _, child := range strings.Fields(string(text)) {
			status, _ := os.ReadFile("/proc/" + child + "/status")
			if _, after, ok := strings.Cut(string(status), "VmHWM:"); ok {
				line, _, _ := strings.Cut(after, "\n")
				return strings.TrimSpace(line)
			}
		}
	}
	t.Error("the function's process is not there")
	return ""
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
