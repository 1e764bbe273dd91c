package run

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// SourceFile describes the file that an import reads instead of a database. Package dump fills it.
type SourceFile struct {
	Name   string `json:"name"`   // without its directory
	Format string `json:"format"` // such as "SQL dump"
	// Service is the service that exported the file, such as "Clerk". "" means that the file is from Supabase.
	Service string `json:"service,omitempty"`
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"`
	// Rows are the numbers of rows that were counted in the file, by table. A table that the file does not have is
	// missing.
	Rows    map[string]int64 `json:"rows"`
	Skipped map[string]int64 `json:"skipped"` // rows of tables that an import does not read
	Columns []string         `json:"columns"` // of auth.users in the file
	// UnknownColumns are columns of Supabase's tables that this release does not know. The ledger keeps their values.
	UnknownColumns map[string][]string `json:"unknownColumns"`
	// ResetMails is the number of users who need a password reset by mail, because the file has no password hashes.
	ResetMails int64    `json:"resetMails"`
	Warnings   []string `json:"warnings"`
}

// ServiceName returns the name of the service that the users come from: "Supabase", "Clerk" or "Firebase". A nil file
// means that the source is a database of Supabase.
func (f *SourceFile) ServiceName() string {
	if f == nil || f.Service == "" {
		return "Supabase"
	}
	return f.Service
}

// shortDigest returns the beginning of the digest, for messages.
func (f *SourceFile) shortDigest() string { return f.SHA256[:min(12, len(f.SHA256))] }

// CheckFile returns ErrRefused if the run began with another file than this one, or with a database. A nil file means
// that the source is a database.
func (r *Run) CheckFile(given *SourceFile) error {
	began := r.Plan.File
	switch {
	case began == nil && given == nil, began != nil && given != nil && began.SHA256 == given.SHA256:
		return nil
	case began == nil:
		return fmt.Errorf("%w: the run %q began with a database, and cannot continue with the file %s: use another name "+
			"with --run, or roll the run back", ErrRefused, r.Name, given.Name)
	case given == nil:
		return fmt.Errorf("%w: the run %q began with the file %s (sha256 %s…), and cannot continue with a database: give "+
			"the file with --from, use another name with --run, or roll the run back",
			ErrRefused, r.Name, began.Name, began.shortDigest())
	}
	return fmt.Errorf("%w: the run %q began with the file %s (sha256 %s…), but %s has other bytes (sha256 %s…). A run "+
		"reads one file: give the same file, or roll the run back and begin again with the new one",
		ErrRefused, r.Name, began.Name, began.shortDigest(), given.Name, given.shortDigest())
}

// addFile adds the description of the file to the plan, with its warnings.
func (p *planner) addFile() {
	f := p.env.File
	if f == nil {
		return
	}
	p.File = f
	p.Warnings = append(p.Warnings, f.Warnings...)
	for _, table := range slices.Sorted(maps.Keys(f.UnknownColumns)) {
		p.addWarning("%s has columns that this release does not know: %v. The ledger keeps their values",
			table, f.UnknownColumns[table])
	}
}

// ReadPlan returns the plan of a run. It returns ErrNoRun if the target has no run with this name, or rolled it back.
func ReadPlan(ctx context.Context, env *Env, name string) (plan Plan, err error) {
	err = env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		r, err := Find(ctx, dst, name)
		if err == nil && r.State == RolledBack {
			return noRunError(name)
		}
		plan = r.Plan
		return err
	})
	return plan, err
}
