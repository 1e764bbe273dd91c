package versus

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"sync/atomic"
	"time"
)

// timeFunctionStart measures the time from the start of a function's process to its first response, which must answer
// c. The function gets the event from a Runtime API, as in Lambda. Its standard error goes to stderr, which may be nil.
func (w *benchmarkSetup) timeFunctionStart(
	ctx context.Context, bootstrap string, environment []string, c httpCall, stderr io.Writer,
) (time.Duration, error) {
	event, err := w.events.eventFor(c)
	if err != nil {
		return 0, err
	}
	api, answered := newSingleEventAPI(event)
	defer api.Close()
	cmd := exec.CommandContext(ctx, bootstrap)
	cmd.Env = append(slices.Clone(environment), "AWS_LAMBDA_RUNTIME_API="+api.address)
	cmd.Stderr = stderr
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	var answer []byte
	select {
	case answer = <-answered:
	case <-time.After(20 * time.Second):
	}
	took := time.Since(begin)
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // always an error, because the process was killed
	c.want, c.contains = c.expectedEventResponse()
	if !c.isAnsweredBy(answer) {
		return 0, fmt.Errorf("%s answered %.300q, which is not the expected response", bootstrap, answer)
	}
	return took, nil
}

// runtimeAPI is an emulated Runtime API of Lambda.
type runtimeAPI struct {
	*httptest.Server
	address string
	gone    chan struct{} // closed by Close
}

func (a *runtimeAPI) Close() {
	close(a.gone)
	a.Server.Close()
}

// newSingleEventAPI returns a Runtime API that has one event, and a channel that gets the response to it.
func newSingleEventAPI(event []byte) (*runtimeAPI, <-chan []byte) {
	answered := make(chan []byte, 1)
	api := &runtimeAPI{gone: make(chan struct{})}
	var handed atomic.Bool
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, _ *http.Request) {
		if handed.Swap(true) {
			<-api.gone
			return
		}
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", "1")
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(15*time.Second).UnixMilli()))
		_, _ = w.Write(event)
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/1/response", func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body) // timeFunctionStart rejects an incomplete response
		answered <- text
		w.WriteHeader(http.StatusAccepted)
	})
	api.Server = httptest.NewServer(mux)
	api.address = api.Listener.Addr().String()
	return api, answered
}

// timeServerStart measures the time from the start of a server's process to its first response to get-session.
func timeServerStart(ctx context.Context, cmd *exec.Cmd, address string) (time.Duration, error) {
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
		cmd.Stderr = nil // Xenon writes its log to standard error
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // always an error, because the process was killed
	}()
	if awaitLine(out, "Listening") == "" {
		return 0, fmt.Errorf("%s ended before it printed that it listens", cmd.Args[0])
	}
	_, err = sendOne(ctx, address, getSessionCalls(server{address: address})(1))
	return time.Since(begin), err
}
