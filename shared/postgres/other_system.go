//go:build !unix

// Package postgres starts and stops a private Postgres server for development and tests. On this system it starts none.
package postgres

import (
	"context"
	"errors"
	"io"
)

// Options describes the server that Start starts on Unix.
type Options struct {
	Dir     string
	Fast    bool
	NoFlush bool
	Log     io.Writer
}

// Server is a running Postgres on Unix.
type Server struct{ Dir string }

// Start returns an error.
func Start(context.Context, Options) (*Server, error) {
	return nil, errors.New("xenon starts no Postgres on this system; give the URL of a database with --database-url or " +
		"DATABASE_URL, or run xenon in the Windows Subsystem for Linux")
}

// URL is never called, because Start returns no Server.
func (*Server) URL(string) string { return "" }

// TempDir is never called, because Start returns no Server.
func (*Server) TempDir(string) (string, error) { return "", nil }

// Stop is never called, because Start returns no Server.
func (*Server) Stop() error { return nil }
