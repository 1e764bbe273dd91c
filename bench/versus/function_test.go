package versus

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// event is a GET as API Gateway's HTTP API hands it to a function.
func event(path, cookie string) []byte {
	raw, err := json.Marshal(map[string]any{
		"version": "2.0", "routeKey": "GET " + path, "rawPath": path, "cookies": []string{cookie},
		"headers": map[string]string{"user-agent": "bench", "host": "learn.example.com"},
		"requestContext": map[string]any{
			"stage": "$default", "domainName": "learn.example.com", "requestId": "JKJaXmPLvHcESHA=",
			"http": map[string]string{"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.9"},
		},
	})
	if err != nil {
		panic(err) // maps of strings always marshal
	}
	return raw
}

const sessionPath = "/api/auth/get-session"

// functionEnvironment is what functions/session runs with, its secrets at hand: Secrets Manager is not what is compared.
func (s server) functionEnvironment() []string {
	return []string{
		"DATABASE_URL=" + s.database, "BETTER_AUTH_SECRET=" + secret, "SIGNING_KEYS_FILE=" + filepath.Join(s.dir, "signing-keys.json"),
		"BETTER_AUTH_URL=http://" + s.host(), "RATE_LIMIT=off", "MAIL=none",
	}
}

// emulator is AWS's runtime interface emulator, with functions/session in it.
type emulator struct {
	server
	function int // process id, known once it has run
}

// startEmulator starts the emulator of the SAM CLI, which starts the function at the first event.
func startEmulator(tb testing.TB, bootstrap string, s server) *emulator {
	tb.Helper()
	found, err := filepath.Glob(filepath.Join(root, ".tools/sam/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-x86_64"))
	if err != nil || len(found) != 1 {
		tb.Fatalf("the emulator of the SAM CLI is not in .tools/sam (%v): run scripts/sam first", err)
	}
	e := &emulator{server: server{name: "Xenon, Lambda emulator", address: freeAddress(tb), database: s.database}}
	cmd := exec.Command(found[0], "--log-level", "error", "--runtime-interface-emulator-address", e.address,
		"--runtime-api-address", freeAddress(tb), bootstrap)
	cmd.Env = append(s.functionEnvironment(), "AWS_LAMBDA_FUNCTION_TIMEOUT=15")
	cmd.Stdout, cmd.Stderr = nil, nil
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the function is a child that has to end as well
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait() // killed: its exit code says nothing
	})
	for range 500 {
		if _, err = one(tb.Context(), e.address, e.getSession(1)); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		tb.Fatal(err)
	}
	if e.function, err = onlyChild(cmd.Process.Pid); err != nil {
		tb.Fatal(err)
	}
	e.pid = e.function
	return e
}

func (e *emulator) getSession(i int) call {
	return newCall("POST", "/2015-03-31/functions/function/invocations", e.host(), `{"statusCode":200,`, string(event(sessionPath, cookie(i))))
}

// firstOfFunction is the time from starting the process of functions/session to its answer, as Lambda would have it: it asks
// a runtime API for an event and gets one.
func firstOfFunction(ctx context.Context, bootstrap string, s server) (time.Duration, error) {
	answered := make(chan string, 1)
	gone := make(chan struct{})
	var handed atomic.Bool
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, _ *http.Request) {
		if handed.Swap(true) { // there is but one event
			<-gone
			return
		}
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", "1")
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(15*time.Second).UnixMilli()))
		_, _ = w.Write(event(sessionPath, cookie(1)))
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/1/response", func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		answered <- string(text)
		w.WriteHeader(http.StatusAccepted)
	})
	api := httptest.NewServer(mux)
	defer api.Close()
	defer close(gone)
	cmd := exec.CommandContext(ctx, bootstrap)
	cmd.Env = append(s.functionEnvironment(), "AWS_LAMBDA_RUNTIME_API="+api.Listener.Addr().String())
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	text := ""
	select {
	case text = <-answered:
	case <-time.After(20 * time.Second):
	}
	took := time.Since(begin)
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // killed: its exit code says nothing
	if !strings.HasPrefix(text, `{"statusCode":200,`) || !strings.Contains(text, `{\"session\":{`) {
		return 0, fmt.Errorf("functions/session answered %.300q", text)
	}
	return took, nil
}

// firstOfServer is the time from starting a server's process to its first answer to get-session.
func firstOfServer(ctx context.Context, cmd *exec.Cmd, address string) (time.Duration, error) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return 0, err
	}
	defer in.Close()
	cmd.Stderr = os.Stderr
	if cmd.Args[0] != "node" {
		cmd.Stderr = nil // Xenon's log
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed: its exit code says nothing
	}()
	if await(out, "Listening") == "" {
		return 0, fmt.Errorf("%s did not start", cmd.Args[0])
	}
	_, err = one(ctx, address, getSession(server{address: address})(1))
	return time.Since(begin), err
}
