package load

import (
	"bytes"
	"log/slog"
	"os"
	"testing"
)

// roleVariable is the environment variable that makes this test binary run as a server or as an execution environment
// instead of running tests.
const (
	roleVariable    = "LOAD_ROLE"
	serverRole      = "server"
	environmentRole = "environment"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(errorLogWriter{}, nil)))
	switch os.Getenv(roleVariable) {
	case serverRole:
		runServer()
	case environmentRole:
		runEnvironment()
	default:
		os.Exit(m.Run())
	}
}

// errorLogWriter is the writer of the log. Every record is formatted, as in production, but only errors are printed.
type errorLogWriter struct{}

func (errorLogWriter) Write(record []byte) (int, error) {
	if bytes.Contains(record, []byte(`"level":"ERROR"`)) {
		return os.Stderr.Write(record)
	}
	return len(record), nil
}
