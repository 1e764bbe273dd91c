//go:build moto

// Package sandbox runs an execution environment of Lambda on this machine: AWS's runtime interface emulator, which is
// part of the SAM CLI, with a function, built as for Lambda, as its child process.
package sandbox

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/xenon-auth/xenon/internal/testkit/checkout"
	"github.com/xenon-auth/xenon/internal/testkit/freeport"
	"github.com/xenon-auth/xenon/internal/testkit/syncbuf"
	"github.com/xenon-auth/xenon/shared/web"
)

// Build builds the function in a folder of the checkout for this machine, and returns the path of the executable.
func Build(t testing.TB, folder string) string {
	t.Helper()
	return builtProgram(t, folder, checkout.BuildFunction)
}

// BuildWithRaceDetector is Build with the race detector.
func BuildWithRaceDetector(t testing.TB, folder string) string {
	t.Helper()
	return builtProgram(t, folder, checkout.BuildFunctionWithRaceDetector)
}

func builtProgram(t testing.TB, folder string, build func(folder string) (string, error)) string {
	t.Helper()
	program, err := build(folder)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// Options is the configuration of a function.
type Options struct {
	Bootstrap string
	Env       map[string]string
	Timeout   int    // in seconds; 0 means 15
	Memory    int    // in MB; 0 means 256. It only sets an environment variable of the function, and limits nothing
	Stderr    string // a file for the function's standard error, which then is not in Output
}

// Sandbox is a running emulator with a function. It runs from Start to the end of the test. The process of the function
// starts at the first event.
type Sandbox struct {
	*TimingProxy

	t       testing.TB
	options Options
	cmd     *exec.Cmd
	url     string
	began   string // a file with a line for each start of the function

	log    syncbuf.Buffer
	hidden []string
}

// Start starts the emulator for a function. At the end, the test fails if the function has printed a secret.
func Start(t testing.TB, o Options) *Sandbox {
	t.Helper()
	address, api := freeport.Address(t), freeport.Address(t)
	s := &Sandbox{
		t: t, options: o, TimingProxy: newTimingProxy(t, api), began: filepath.Join(t.TempDir(), "began"),
		url: "http://" + address + "/2015-03-31/functions/function/invocations",
	}
	s.cmd = exec.Command(emulatorPath(t), //nolint:gosec // a program in .tools
		"--runtime-interface-emulator-address", address, "--runtime-api-address", api, s.writeScript(o))
	s.cmd.Env = []string{
		"AWS_LAMBDA_FUNCTION_TIMEOUT=" + strconv.Itoa(cmp.Or(o.Timeout, 15)),
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(cmp.Or(o.Memory, 256)),
	}
	for name, value := range o.Env {
		s.cmd.Env = append(s.cmd.Env, name+"="+value)
	}
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	s.cmd.WaitDelay = time.Second
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, pid := range append(s.childProcessIDs(), s.cmd.Process.Pid) {
			_ = syscall.Kill(pid, syscall.SIGKILL) // the process may have ended already
		}
		_ = s.cmd.Wait() // the error is that it was killed
		for _, what := range FindSecrets(s.Output(), s.hidden...) {
			t.Errorf("the function printed %s, want no secret in its output", what)
		}
	})
	s.awaitEmulator(address)
	return s
}

// StartAnother starts another sandbox of the same function.
func (s *Sandbox) StartAnother() *Sandbox {
	s.t.Helper()
	return Start(s.t, s.options)
}

// writeScript writes a script that the emulator starts in place of the function. It records the time, sets the Runtime
// API to the TimingProxy, and then replaces itself by the function.
func (s *Sandbox) writeScript(o Options) string {
	stderr := ""
	if o.Stderr != "" {
		stderr = fmt.Sprintf(" 2>%q", o.Stderr)
	}
	name := filepath.Join(s.t.TempDir(), "bootstrap")
	text := fmt.Sprintf("#!/bin/bash\necho $EPOCHREALTIME >>%q\nAWS_LAMBDA_RUNTIME_API=%s exec %q%s\n",
		s.began, s.address, o.Bootstrap, stderr)
	if err := os.WriteFile(name, []byte(text), 0o700); err != nil { //nolint:gosec // the emulator has to run it
		s.t.Fatal(err)
	}
	return name
}

// emulatorPath returns the path of AWS's runtime interface emulator in the SAM CLI.
func emulatorPath(t testing.TB) string {
	t.Helper()
	machine := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	const folder = ".tools/sam/lib/python3*/site-packages/samcli/local/rapid/"
	found, err := filepath.Glob(filepath.Join(checkout.Root(), folder, "aws-lambda-rie-"+machine))
	if err != nil || len(found) != 1 {
		t.Fatalf("the emulator of the SAM CLI in .tools/sam: found %q (error %v), want one; run scripts/sam", found, err)
	}
	return found[0]
}

// awaitEmulator waits until the emulator accepts connections.
func (s *Sandbox) awaitEmulator(address string) {
	s.t.Helper()
	for range 1000 {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.t.Fatalf("the emulator accepted no connection within 10 seconds; it printed:\n%s", s.Output())
}

// Invoke sends one event and returns the response of the function, or the emulator's error.
func (s *Sandbox) Invoke(event any) []byte {
	s.t.Helper()
	raw, err := json.Marshal(event)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.Post(s.url, "application/json", bytes.NewReader(raw))
	if err != nil {
		s.t.Fatalf("send an event to the emulator: %v; it printed:\n%s", err, s.Output())
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer
}

// InvokeHTTP sends an event of the HTTP API. The response must have the format that API Gateway expects. Like API
// Gateway, InvokeHTTP answers 431 to a request with more than web.MaxRequestHeaderBytes bytes of headers. A response
// with headers above CloudFront's limit fails the test.
func (s *Sandbox) InvokeHTTP(event events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPResponse {
	s.t.Helper()
	if requestHeaderBytes(event) > web.MaxRequestHeaderBytes {
		status := http.StatusRequestHeaderFieldsTooLarge
		body := `{"message":"` + http.StatusText(status) + `"}`
		return events.APIGatewayV2HTTPResponse{StatusCode: status, Body: body}
	}
	raw := s.Invoke(event)
	var answer events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(raw, &answer); err != nil || answer.StatusCode == 0 {
		s.t.Fatalf("%s: got %.500s, want a response for API Gateway; the function printed:\n%s",
			event.RouteKey, raw, s.Output())
	}
	if n := responseHeaderBytes(answer); n > web.MaxResponseHeaderBytes {
		s.t.Errorf("%s: the response has %d bytes of headers, want at most the %d that CloudFront accepts",
			event.RouteKey, n, web.MaxResponseHeaderBytes)
	}
	return answer
}

// requestHeaderBytes returns the size of the request line and headers of the event's request.
func requestHeaderBytes(e events.APIGatewayV2HTTPRequest) int {
	n := len(e.RequestContext.HTTP.Method) + len("  HTTP/1.1\r\n") + len(e.RawPath)
	if e.RawQueryString != "" {
		n += len("?") + len(e.RawQueryString)
	}
	h := http.Header{"Cookie": e.Cookies}
	for name, value := range e.Headers {
		h.Add(name, value)
	}
	return n + web.HeaderBytes(h)
}

func responseHeaderBytes(a events.APIGatewayV2HTTPResponse) int {
	h := http.Header{"Set-Cookie": a.Cookies}
	for name, value := range a.Headers {
		h.Add(name, value)
	}
	for name, values := range a.MultiValueHeaders {
		h[name] = append(h[name], values...)
	}
	return web.HeaderBytes(h)
}

// Output returns what the emulator and the function have printed up to now.
func (s *Sandbox) Output() string { return s.log.String() }

// HasPrinted reports whether text was printed. It waits up to three seconds, because the output comes through a pipe.
func (s *Sandbox) HasPrinted(text string) bool {
	for range 300 {
		if strings.Contains(s.Output(), text) {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

// AddSecrets adds values that the function must not print, in addition to the patterns of FindSecrets.
func (s *Sandbox) AddSecrets(values ...string) { s.hidden = append(s.hidden, values...) }

// StartTimes returns the times at which the function's process was started. There are several if the process has ended
// and was started again.
func (s *Sandbox) StartTimes() []time.Time {
	s.t.Helper()
	text, err := os.ReadFile(s.began)
	if err != nil {
		s.t.Fatal(err)
	}
	var all []time.Time
	for line := range strings.FieldsSeq(string(text)) {
		micros, err := strconv.ParseInt(strings.Replace(line, ".", "", 1), 10, 64)
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, time.UnixMicro(micros))
	}
	return all
}

// InitTime is the time from the start of the function's process to its first request for an event. Lambda calls it the
// init phase. The emulator does not measure it, because it starts the function only at the first event.
func (s *Sandbox) InitTime() time.Duration { return s.FirstRequest().Sub(s.StartTimes()[0]) }

// PeakMemory returns the peak memory of the function's process in kB, from the kernel. The emulator only reports the
// configured size.
func (s *Sandbox) PeakMemory() int {
	s.t.Helper()
	for _, pid := range s.childProcessIDs() {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // empty for a process that has ended
		if _, after, ok := strings.Cut(string(status), "VmHWM:"); ok {
			kB, _ := strconv.Atoi(strings.Fields(after)[0]) // the kernel writes a number
			return kB
		}
	}
	s.t.Error("the peak memory: the function's process has ended, want it to run")
	return 0
}

// childProcessIDs returns the running child processes of the emulator.
func (s *Sandbox) childProcessIDs() (pids []int) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", s.cmd.Process.Pid)) // the pattern is valid
	for _, file := range tasks {
		text, _ := os.ReadFile(file) //nolint:gosec // empty for a thread that has ended
		for child := range strings.FieldsSeq(string(text)) {
			if pid, err := strconv.Atoi(child); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}
