package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/dump"
	importrun "github.com/xenon-auth/xenon/shared/importer/run"
)

// isFile reports whether --from names a file or a directory instead of a database.
func (f importFlags) isFile() bool {
	if f.From == "" || strings.Contains(f.From, "://") {
		return false
	}
	_, err := os.Stat(f.From)
	return err == nil || !strings.Contains(f.From, "=") // a keyword string of Postgres such as "host=…" is no file
}

// load loads the file that --from names into a temporary Postgres, which is then the source of the import. If --from
// names a database, it does nothing. The caller calls stop at the end. profiles is the value of --profiles.
func (f importFlags) load(
	ctx context.Context, m *importer.Import, p *progress, profiles string,
) (stop func(), err error) {
	if !f.isFile() {
		if f.FromFormat != "" || f.FirebaseHashConfig != "" {
			return nil, newUsageError("--from-format and --firebase-hash-config are only for a file in --from")
		}
		return func() {}, nil
	}
	stored := importrun.Run{Name: f.Name}
	stored.Plan, err = m.StoredPlan(ctx, f.Name)
	isNew := errors.Is(err, importer.ErrNoRun)
	if err != nil && !isNew {
		return nil, withImportAdvice(ctx, err)
	}
	if profiles == "" && !isNew {
		profiles = stored.Plan.Options.Profiles
	}
	fmt.Fprintf(p.out, "Reading %s into a temporary Postgres …\n", f.From)
	size := fileSize(f.From)
	source, err := dump.Load(ctx, f.From, dump.Options{
		Profiles:           profiles,
		Format:             f.FromFormat,
		FirebaseHashConfig: f.FirebaseHashConfig,
		Log:                p.out,
		Progress:           func(read int64) { p.printBytes(read, size) },
		Check: func(sha256 string) error {
			if isNew {
				return nil
			}
			return stored.CheckFile(&importer.SourceFile{Name: f.From, SHA256: sha256})
		},
	})
	p.finishBytes()
	if err != nil {
		return nil, withImportAdvice(ctx, err)
	}
	m.From, m.File = source.URL(), &source.File
	return func() {
		if err := source.Close(); err != nil {
			fmt.Fprintln(p.out, "stop the temporary Postgres:", err)
		}
	}, nil
}

// sourceFlags returns the names of the flags that every command of the run needs again.
func (f importFlags) sourceFlags() string {
	flags := "--from and --to"
	if f.FromFormat != "" {
		flags = "--from-format, " + flags
	}
	if f.FirebaseHashConfig != "" {
		flags = "--firebase-hash-config, " + flags
	}
	return flags
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// printBytes prints on a terminal how much of a file was read.
func (p *progress) printBytes(read, size int64) {
	if p.terminal && size > 0 {
		fmt.Fprintf(p.out, "\r  %3d %% of %s", min(100, 100*read/size), formatBytes(size))
		p.isLineOpen = true
	}
}

func (p *progress) finishBytes() {
	if p.isLineOpen {
		fmt.Fprintln(p.out)
		p.isLineOpen = false
	}
}

// sourceText names the source of an import: the host and the database, or the file.
func sourceText(m *importer.Import) string {
	if m.File != nil {
		return m.File.Name
	}
	return hostAndDatabase(m.From)
}

// printFile prints what was read of a file.
func printFile(out io.Writer, f *importer.SourceFile) {
	if f == nil {
		return
	}
	printf(out, "\nThe file %s: %s, %s\n  sha256 %s\n", f.Name, f.Format, formatBytes(f.Bytes), f.SHA256)
	printNumbers(out, "Rows in the file", f.Rows)
	printNumbers(out, "Rows of other tables in the file, not read", f.Skipped)
	if f.ResetMails > 0 {
		printf(out, "\nPassword resets by mail: %d users have an email and no password\n", f.ResetMails)
	}
}
