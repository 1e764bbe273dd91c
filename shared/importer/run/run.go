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

// hasLedger reports whether the target has the import's schema, and refuses one of another version.
func hasLedger(ctx context.Context, dst *pgx.Conn) (bool, error) {
	var version string
	err := dst.QueryRow(ctx, versionQuery).Scan(&version)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look for the ledger: %w", err)
	case version != ledgerVersion:
		return false, fmt.Errorf("%w: the target's schema supabase_import is %q, and this release works with %q. "+
			"Finish or roll back with the release that made it, or drop the schema if nothing of it is needed",
			ErrRefused, version, ledgerVersion)
	}
	return true, nil
}

const findRun = "SELECT id, pass, state, plan::text FROM supabase_import.run WHERE name = $1"

// Find reads a run. ErrNoRun when there is none.
func Find(ctx context.Context, dst *pgx.Conn, name string) (Run, error) {
	r := Run{Name: name}
	switch exists, err := hasLedger(ctx, dst); {
	case err != nil:
		return r, err
	case !exists:
		return r, noRun(name)
	}
	var plan string
	err := dst.QueryRow(ctx, findRun, name).Scan(&r.ID, &r.Pass, &r.State, &plan)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return r, noRun(name)
	case err != nil:
		return r, fmt.Errorf("read the run: %w", err)
	}
	return r, json.Unmarshal([]byte(plan), &r.Plan)
}

func noRun(name string) error { return fmt.Errorf("%w: %q", ErrNoRun, name) }

// mapping is the stored plan's mapping, if both catalogs are still what they were.
func (r *Run) mapping(ctx context.Context, src, dst *pgx.Conn) (mapping.Mapping, error) {
	m, err := readMapping(ctx, src, dst, r.Plan.Options)
	if err != nil {
		return m, err
	}
	m.AsOf = r.Plan.At.UTC().Format("2006-01-02 15:04:05.999999Z07:00")
	side := ""
	switch {
	case m.Source.Digest() != r.Plan.Source.Columns:
		side = "source"
	case m.Target.Digest() != r.Plan.Target.Columns:
		side = "target"
	default:
		return m, nil
	}
	return m, fmt.Errorf("%w: the tables of the %s have other columns than when the run was planned: "+
		"roll it back and plan anew, or undo the change", ErrRefused, side)
}

// SourceTables reads what of the source the run reads now, whether or not it is what was planned.
func (r *Run) SourceTables(ctx context.Context, src, dst *pgx.Conn) (mapping.SourceCatalog, error) {
	m, err := readMapping(ctx, src, dst, r.Plan.Options)
	return m.Source, err
}

// agree refuses options that contradict those that the run began with. An option that is not given stays as it was.
func agree(was, asked mapping.Options) error {
	a, b := reflect.ValueOf(was), reflect.ValueOf(asked)
	for i := range a.NumField() {
		field, value := a.Type().Field(i), a.Field(i).Interface()
		isSame := b.Field(i).IsZero() || reflect.DeepEqual(value, b.Field(i).Interface())
		if isSame || field.Name == "AllowDeletions" {
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		return fmt.Errorf("%w: the run %q began with %s %v; to change it, roll the run back or use another name",
			ErrRefused, was.Run, name, value)
	}
	return nil
}

// ReadMapping reads both catalogs for options that no run has yet.
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
	return m, Wrap("ask the source for the time", err)
}
