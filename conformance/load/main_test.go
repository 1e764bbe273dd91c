package load

import (
	"bytes"
	"log/slog"
	"os"
	"testing"
)

// role is the environment variable that makes this test binary run as a server or as an execution environment instead
// of running tests.
const (
	role          = "LOAD_ROLE"
	asServer      = "server"
	asEnvironment = "environment"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(errorsOnly{}, nil)))
	switch os.Getenv(role) {
	case asServer:
		runServer()
	case asEnvironment:
		runEnvironment()
	default:
		os.Exit(m.Run())
	}
}

// errorsOnly is the writer of the log. Every record is formatted, as in production, but only errors are printed.
type errorsOnly struct{}

func (errorsOnly) Write(record []byte) (int, error) {
	if bytes.Contains(record, []byte(`"level":"ERROR"`)) {
		return os.Stderr.Write(record)
	}
	return len(record), nil
}
