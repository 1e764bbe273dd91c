package versus

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// nullServerVariable is the environment variable that makes this test binary a server that answers every request with
// the same few bytes (the null server). It shows the cost of a request that does nothing.
const nullServerVariable = "VERSUS_NULL_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(nullServerVariable) == "" {
		slog.SetDefault(slog.New(slog.DiscardHandler))
		os.Exit(m.Run())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	panic(http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"session":null}`)
	})))
}

// serveNull starts the null server and returns its host and port. The server ends with the test.
func serveNull(tb testing.TB) string {
	tb.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), nullServerVariable+"=1")
	line := startServer(tb, cmd, "127.")
	return strings.TrimSpace(line)
}
