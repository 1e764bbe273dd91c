// Package dump reads the users of a Supabase project from a file instead of a database: from a dump of pg_dump or
// `supabase db dump`, from a CSV file of auth.users, or from the JSON that auth.admin.listUsers returns. It loads their
// rows into a temporary Postgres server, which is then the source of an import. The exports of Clerk and Firebase
// become rows of the same tables (service.go).
//
// It never executes a statement of the file. It parses the text (parser.go), finds the COPY and INSERT statements of
// the tables that an import reads, and copies their rows into tables of its own (tables.sql). It needs the same memory
// for every size of file. Only cmd/xenon imports this package.
package dump

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/postgres"
)

// Options are the choices for Load.
type Options struct {
	// Profiles is the table of profiles with its schema, without quotes, or "none". "" means public.profiles.
	Profiles string
	// Format is FormatSupabase, FormatClerk or FormatFirebase. "" recognizes the format.
	Format string
	// FirebaseHashConfig is the path of a file with the parameters of Firebase's password hashes, or NoHashConfig. It is
	// required for a file of Firebase that has hashes.
	FirebaseHashConfig string
	// Check is called with the digest of the file before the file is loaded. If it returns an error, Load returns it.
	Check func(sha256 string) error
	// Progress is called from time to time with the number of bytes that were read; nil reports nothing. It is not called
	// for an archive of pg_dump, which pg_restore reads.
	Progress func(read int64)
	Log      io.Writer // gets one line for each step that takes long; may be nil

	tempDir string // for the members of a tar file
}

// Source is a temporary Postgres server with the rows of a file.
type Source struct {
	File   run.SourceFile
	server *postgres.Server
}

// URL returns the URL of the database with the rows. It contains a password.
func (s *Source) URL() string { return s.server.URL("postgres") }

// Close stops the server and removes its files. If this process ends without Close, the server ends too, and its files
// are removed.
func (s *Source) Close() error { return s.server.Stop() }

// Load starts a temporary Postgres server and loads the file into it. The caller closes the Source. An error about the
// content of the file is a run.ErrRefused, and its text has no values of rows.
func Load(ctx context.Context, path string, o Options) (*Source, error) {
	file, err := describe(path)
	if err != nil {
		return nil, err
	}
	if o.Check != nil {
		if err := o.Check(file.SHA256); err != nil {
			return nil, err
		}
	}
	server, err := postgres.Start(ctx, postgres.Options{NoFlush: true, Log: o.Log})
	if err != nil {
		return nil, fmt.Errorf("start a temporary Postgres for the rows of %s: %w", file.Name, err)
	}
	s := &Source{File: file, server: server}
	if o.tempDir, err = server.TempDir("extracted"); err == nil {
		err = loadInto(ctx, s.URL(), path, &s.File, o)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// loadInto loads the file into an empty database. It completes the description of the file.
func loadInto(ctx context.Context, databaseURL, path string, file *run.SourceFile, o Options) error {
	before, err := os.Stat(path)
	if err != nil {
		return err
	}
	if o.Profiles == "" {
		o.Profiles = mapping.DefaultProfiles
	}
	l, err := newLoader(ctx, databaseURL, o.Profiles)
	if err != nil {
		return err
	}
	defer l.close()
	if err := readFile(ctx, path, file, l, o); err != nil {
		return err
	}
	if err := l.finish(ctx, file); err != nil {
		return err
	}
	after, err := os.Stat(path)
	if err == nil && (after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime())) {
		err = refuse("%s changed while it was read: run the same command again", file.Name)
	}
	return err
}

// cutShort returns the refusal of a file that ends too early. It is an errCut, too.
func cutShort(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	return fmt.Errorf("%w: %w: %s. Dump or copy it again", run.ErrRefused, errCut, text)
}

// refuse returns an error about the content of the file.
func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{run.ErrRefused}, args...)...)
}
