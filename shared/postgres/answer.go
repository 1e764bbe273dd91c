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

var errPortTaken = errors.New("somebody else took the port that was free a moment ago")

// awaitAnswer returns when the server takes connections, or with the reason why it never will.
func (s *Server) awaitAnswer(ctx context.Context, log io.ReaderAt, kept bool) error {
	for refused := 0; ; {
		_, err := dataDirectory(ctx, s.URL("postgres"))
		if err == nil {
			return nil
		}
		if isState(err, "28P01") {
			refused++ // it may be the server of somebody who took our port; then ours is about to end
		}
		if refused > 50 {
			return broken(s.Dir, "its password is another one")
		}
		select {
		case <-s.child.Done():
			return s.whyNot(log, kept)
		default:
		}
		if pause(ctx, 20*time.Millisecond) != nil {
			return fmt.Errorf("the server in %s does not answer (%w); its last words: %s", s.Dir, err, lastWords(log))
		}
	}
}

func (s *Server) whyNot(log io.ReaderAt, kept bool) error {
	words := lastWords(log)
	switch {
	case strings.Contains(words, "could not create any TCP/IP sockets"):
		return errPortTaken
	case kept:
		return broken(s.Dir, "the server says: %s", words)
	}
	return fmt.Errorf("the server ended at once: %s", words)
}

// lastWords is the first line of the log that tells why the server or initdb gave up, else its last line.
func lastWords(log io.ReaderAt) string {
	b, err := io.ReadAll(io.NewSectionReader(log, 0, 1<<20))
	if err != nil || len(bytes.TrimSpace(b)) == 0 {
		return "none"
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	for _, line := range lines {
		for _, mark := range []string{"PANIC:  ", "FATAL:  ", "initdb: error: "} {
			if _, text, ok := strings.Cut(line, mark); ok && !strings.HasSuffix(text, "the database system is starting up") {
				return text
			}
		}
	}
	return lines[len(lines)-1]
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
