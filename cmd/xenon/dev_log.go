package main

import (
	"io"
	"sync"
	"time"
)

const (
	logDelay         = 10 * time.Millisecond // shorter than a person notices
	maxLogBufferSize = 64 << 10              // in bytes
)

// logBuffer writes the log of xenon dev. It gathers lines for up to logDelay and writes them together, because a system
// call for each line takes as long as encoding it, and other requests wait meanwhile.
type logBuffer struct {
	to io.Writer

	mu     sync.Mutex
	lines  []byte
	closed bool
}

// Write keeps the line, or writes it if the buffer is closed. It returns no error of lines that it has kept.
func (b *logBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return b.to.Write(line)
	}
	if len(b.lines) == 0 {
		time.AfterFunc(logDelay, b.flush)
	}
	if b.lines = append(b.lines, line...); len(b.lines) >= maxLogBufferSize {
		b.writeLines()
	}
	return len(line), nil
}

// Close writes the lines that are left. Later lines are written immediately.
func (b *logBuffer) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writeLines()
	b.closed = true
}

func (b *logBuffer) flush() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writeLines()
}

func (b *logBuffer) writeLines() {
	if len(b.lines) > 0 {
		_, _ = b.to.Write(b.lines) // there is no other place for a log
		b.lines = b.lines[:0]
	}
}
