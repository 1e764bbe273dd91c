package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// countingWriter counts the calls of Write.
type countingWriter struct {
	bytes.Buffer

	calls int
}

func (w *countingWriter) Write(text []byte) (int, error) {
	w.calls++
	return w.Buffer.Write(text)
}

func TestLogLinesAreWrittenTogetherSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out countingWriter
		log := logBuffer{to: &out}
		for _, line := range []string{"1\n", "2\n", "3\n"} {
			_, _ = log.Write([]byte(line))
		}
		if out.calls != 0 {
			t.Errorf("after three lines: %d writes, want none yet", out.calls)
		}
		time.Sleep(2 * logDelay)
		_, _ = log.Write([]byte("4\n"))
		log.Close()
		_, _ = log.Write([]byte("5\n"))
		if got := out.String(); got != "1\n2\n3\n4\n5\n" || out.calls != 3 {
			t.Errorf("got %q in %d writes, want the lines 1 to 5 in order, in 3 writes", got, out.calls)
		}
	})
}

func TestLogOfManyRequestsIsComplete(t *testing.T) {
	t.Parallel()
	var out countingWriter
	log := logBuffer{to: &out}
	var all sync.WaitGroup
	for request := range 64 {
		all.Go(func() {
			for line := range 200 {
				_, _ = fmt.Fprintf(&log, "%d %d %s\n", request, line, strings.Repeat("x", 100))
			}
		})
	}
	all.Wait()
	log.Close()
	if lines := strings.Count(out.String(), "\n"); lines != 64*200 || cap(log.lines) > 2*maxLogBufferSize {
		t.Errorf("got %d lines, and a buffer of %d bytes; want %d, and at most %d",
			lines, cap(log.lines), 64*200, 2*maxLogBufferSize)
	}
}
