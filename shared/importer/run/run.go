package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// The states of a run.
const (
	Running    = "running"
	Complete   = "complete"
	RolledBack = "rolled back"
	Finalized  = "finalized"
)

// Run is a run as it is stored in the target.
type Run struct {
	Name     string
	ID, Pass int
	State    string
	Plan     Plan
}

const ledgerVersion = "xenon ledger 1"

const versionQuery = `SELECT coalesce(obj_description(oid, 'pg_namespace'), '')
FROM pg_namespace
WHERE nspname = 'supabase_import'`

// hasLedger reports whether the target has the schema supabase_import. It returns an error if the schema has a version
// that this release cannot use.
func hasLedger(ctx context.Context, dst *pgx.Conn) (bool, error) {
	var version string
	err := dst.QueryRow(ctx, versionQuery).Scan(&version)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look for the ledger: %w", err)
	case version != ledgerVersion:
		return false, fmt.Errorf("%w: the schema supabase_import of the target is %q, and this release needs %q. Finish the "+
			"run or roll it back with the release that created the schema, or drop the schema if you do not need its data",
			ErrRefused, version, ledgerVersion)
	}
	return true, nil
}

const findRun = "SELECT id, pass, state, plan::text FROM supabase_import.run WHERE name = $1"

// Find reads a run. It returns ErrNoRun if the target has no run with this name.
func Find(ctx context.Context, dst *pgx.Conn, name string) (Run, error) {
	r := Run{Name: name}
	switch exists, err := hasLedger(ctx, dst); {
	case err != nil:
		return r, err
	case !exists:
		return r, noRunError(name)
	}
	var plan string
	err := dst.QueryRow(ctx, findRun, name).Scan(&r.ID, &r.Pass, &r.State, &plan)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return r, noRunError(name)
	case err != nil:
		return r, fmt.Errorf("read the run: %w", err)
	}
	return r, json.Unmarshal([]byte(plan), &r.Plan)
}

// HasMovedTables reports whether package tables has moved tables of the project for this run.
func (r *Run) HasMovedTables(ctx context.Context, dst *pgx.Conn) (exists bool, err error) {
	err = dst.QueryRow(ctx, "SELECT to_regclass('supabase_import.move') IS NOT NULL").Scan(&exists)
	if err != nil || !exists {
		return false, Wrap("look for moved tables", err)
	}
	err = dst.QueryRow(ctx, "SELECT EXISTS (SELECT FROM supabase_import.move WHERE run = $1)", r.ID).Scan(&exists)
	return exists, Wrap("look for moved tables", err)
}

func noRunError(name string) error { return fmt.Errorf("%w: %q", ErrNoRun, name) }

// readStoredMapping returns the mapping of the stored plan, or an error if the columns of the source or the target
// changed since.
func (r *Run) readStoredMapping(ctx context.Context, src, dst *pgx.Conn) (mapping.Mapping, error) {
	m, err := readMapping(ctx, src, dst, r.Plan.Options)
	if err != nil {
		return m, err
	}
	m.Target = r.plannedTarget(m.Target)
	m.AsOf = r.Plan.At.UTC().Format("2006-01-02 15:04:05.999999Z07:00")
	database := ""
	switch {
	case m.Source.Digest() != r.Plan.Source.Columns:
		database = "source"
	case m.Target.Digest() != r.Plan.Target.Columns:
		database = "target"
	default:
		return m, nil
	}
	return m, fmt.Errorf("%w: the columns of the %s changed after the run was planned: "+
		"roll the run back and plan it again, or revert the change", ErrRefused, database)
}

// plannedTarget returns the catalog of the target without columns for metadata and for plugins that were added after
// the run was planned. The run goes on and does not fill them, because the hashes in its ledger are those of rows
// without them.
func (r *Run) plannedTarget(t mapping.TargetCatalog) mapping.TargetCatalog {
	planned := r.withPlannedMetadata(t)
	if planned.Digest() == r.Plan.Target.Columns {
		return planned
	}
	if without := r.withPlannedMetadata(t.WithoutPluginColumns()); without.Digest() == r.Plan.Target.Columns {
		return without
	}
	return planned
}

// withPlannedMetadata returns the catalog of the target without columns for metadata that the run does not fill.
func (r *Run) withPlannedMetadata(t mapping.TargetCatalog) mapping.TargetCatalog {
	if r.Plan.MetadataColumns != nil {
		return t.WithMetadataColumns(r.Plan.MetadataColumns)
	}
	// The run of an older release has filled the columns if the target had them. The digest tells.
	if without := t.WithMetadataColumns(nil); without.Digest() == r.Plan.Target.Columns {
		return without
	}
	return t
}

// TargetTables reads the catalog of the target, without the columns for metadata that the run does not fill.
func (r *Run) TargetTables(ctx context.Context, dst *pgx.Conn) (mapping.TargetCatalog, error) {
	t, err := ReadTargetCatalog(ctx, dst, r.Plan.Options)
	return r.plannedTarget(t), err
}

// SourceTables reads the catalog of the source for the options of the run. It does not compare it with the plan.
func (r *Run) SourceTables(ctx context.Context, src, dst *pgx.Conn) (mapping.SourceCatalog, error) {
	m, err := readMapping(ctx, src, dst, r.Plan.Options)
	return m.Source, err
}

// checkOptions returns an error if a given option differs from that of the run. It ignores AllowDeletions and options
// that are not given.
func checkOptions(stored, given mapping.Options) error {
	a, b := reflect.ValueOf(stored), reflect.ValueOf(given)
	for i := range a.NumField() {
		field, value := a.Type().Field(i), a.Field(i).Interface()
		isSame := b.Field(i).IsZero() || reflect.DeepEqual(value, b.Field(i).Interface())
		if isSame || field.Name == "AllowDeletions" {
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		began := fmt.Sprintf("with %s %v", name, value)
		if a.Field(i).IsZero() {
			began = "without " + name
		}
		return fmt.Errorf("%w: the run %q began %s; to change it, roll the run back or use another name",
			ErrRefused, stored.Run, began)
	}
	return nil
}

// ReadMapping returns the mapping for the options and both catalogs, without a run. It returns ErrRefused if a run
// could not use one of the databases.
func ReadMapping(ctx context.Context, src, dst *pgx.Conn, o mapping.Options) (mapping.Mapping, error) {
	o, err := withDefaults(o)
	if err != nil {
		return mapping.Mapping{}, err
	}
	m, err := readMapping(ctx, src, dst, o)
	if err != nil {
		return m, err
	}
	if why := append(m.Source.Refusals(), m.Target.Refusals()...); len(why) > 0 {
		return m, Refuse(why)
	}
	err = src.QueryRow(ctx, "SELECT now()::text").Scan(&m.AsOf)
	return m, Wrap("read the time of the source", err)
}
