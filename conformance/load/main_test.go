package load

import (
	"bytes"
	"log/slog"
	"os"
	"testing"
)

// role in the environment makes this binary a part of a test, in a process of its own.
const (
	role          = "LOAD_ROLE"
	asServer      = "server"
	asEnvironment = "environment"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(faultsOnly{}, nil)))
	switch os.Getenv(role) {
	case asServer:
		runServer()
	case asEnvironment:
		runEnvironment()
	default:
		os.Exit(m.Run())
	}
}

// faultsOnly is where the log goes: every record is made as in production, those of faults are shown.
type faultsOnly struct{}

func (faultsOnly) Write(record []byte) (int, error) {
	if bytes.Contains(record, []byte(`"level":"ERROR"`)) {
		return os.Stderr.Write(record)
	}
	return len(record), nil
}
