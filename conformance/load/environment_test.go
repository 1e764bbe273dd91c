package load

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/password"
)

// runEnvironment imitates an execution environment of Lambda: it starts with empty caches, has one connection to the
// database, and handles one request after the other. It reads the requests from standard input and writes the responses
// to standard output.
func runEnvironment() {
	cfg, err := config.FromEnv(config.LoadAPI)
	if err != nil {
		panic(err)
	}
	mux, _ := newHandler(cfg, 1, password.NewCheap())
	for in := bufio.NewReader(os.Stdin); ; {
		r, err := http.ReadRequest(in)
		if err != nil {
			return // the test has ended
		}
		if err := serveRequest(mux, r, os.Stdout); err != nil {
			panic(err)
		}
		_, _ = io.Copy(io.Discard, r.Body)
	}
}

// serveRequest handles a request with a deadline of 15 seconds, the timeout of most functions in template.yaml.
func serveRequest(mux http.Handler, r *http.Request, out io.Writer) error {
	ctx, stop := context.WithTimeout(context.Background(), 15*time.Second)
	defer stop()
	r.RemoteAddr = "127.0.0.1:1"
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r.WithContext(ctx))
	response := w.Result()
	defer response.Body.Close()
	response.ContentLength = int64(w.Body.Len())
	return response.Write(out)
}
