//go:build unix

package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

var errPortInUse = errors.New("another process uses the port")

// waitUntilServerAnswers waits until the server accepts connections. Its error says why the server does not. kept is
// true if the data directory stays after Stop: then data that the server cannot use is a possible reason.
func (s *Server) waitUntilServerAnswers(ctx context.Context, log io.ReaderAt, kept bool) error {
	for refused := 0; ; {
		_, err := dataDirectory(ctx, s.URL("postgres"))
		if err == nil {
			return nil
		}
		if hasSQLState(err, "28P01") {
			refused++ // if another server has taken the port, s.child ends soon
		}
		if refused > 50 {
			return unusableDataError(s.Dir, "its password has changed")
		}
		select {
		case <-s.child.Done():
			return s.errorOfEndedServer(log, kept)
		default:
		}
		if sleepOrCanceled(ctx, 20*time.Millisecond) != nil {
			return fmt.Errorf("the server in %s does not answer (%w); its log says: %s", s.Dir, err, firstErrorInLog(log))
		}
	}
}

// errorOfEndedServer returns the reason why the server ended before it accepted a connection.
func (s *Server) errorOfEndedServer(log io.ReaderAt, kept bool) error {
	reason := firstErrorInLog(log)
	switch {
	case strings.Contains(reason, "could not create any TCP/IP sockets"):
		return errPortInUse
	case kept:
		return unusableDataError(s.Dir, "the server says: %s", reason)
	}
	return fmt.Errorf("the server ended immediately: %s", reason)
}

// firstErrorInLog returns the first fatal error in a log of the server or of initdb, or the last line if there is none.
// For an empty log it returns "nothing".
func firstErrorInLog(log io.ReaderAt) string {
	b, err := io.ReadAll(io.NewSectionReader(log, 0, 1<<20))
	if err != nil || len(bytes.TrimSpace(b)) == 0 {
		return "nothing"
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	for _, line := range lines {
		for _, prefix := range []string{"PANIC:  ", "FATAL:  ", "initdb: error: "} {
			_, text, ok := strings.Cut(line, prefix)
			if ok && !strings.HasSuffix(text, "the database system is starting up") {
				return text
			}
		}
	}
	return lines[len(lines)-1]
}

// sleepOrCanceled waits for d. It returns an error as soon as the context ends.
func sleepOrCanceled(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
