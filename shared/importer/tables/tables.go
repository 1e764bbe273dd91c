// Package tables moves the tables of a Supabase project that the import of users does not copy, with everything that
// belongs to them: types, functions, views, indexes, foreign keys, triggers and row security. Foreign keys to
// auth.users become foreign keys to "user".
//
// pg_dump writes the DDL. When a move begins, one transaction of the target tries every statement while the tables are
// empty, and keeps those that create the tables. Then parts of tables are copied in parallel, each in one transaction.
// Indexes, foreign keys, triggers and policies follow after all rows. The target stores what is done, so that a move
// continues where it stopped. A move never writes to the source.
package tables

import (
	"fmt"
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/schema"
)

// Options are the choices of a move.
type Options struct {
	// Schemas are the schemas to move. Empty means all schemas of the project.
	Schemas []string `json:"schemas"`
	// Exclude are tables that are not moved, such as "public.audit_log".
	Exclude []string `json:"exclude"`
	// Orphans says what happens to rows that refer to a row that the target does not have, such as a user that the import
	// rejected: Keep, Null or Quarantine.
	Orphans string `json:"orphans"`
	// Triggers makes triggers of auth.users again on "user". It also applies to a move that has begun without it.
	Triggers bool `json:"triggers,omitempty"`
}

// What happens to rows that refer to a row that the target does not have.
const (
	Keep       = "keep"       // the row stays as it is, and the foreign key stays NOT VALID
	Null       = "null"       // the reference is set to NULL where the columns allow it
	Quarantine = "quarantine" // the row is moved to supabase_import.moved_row
)

func (o Options) withDefaults() (Options, error) {
	if o.Orphans == "" {
		o.Orphans = Keep
	}
	if !slices.Contains([]string{Keep, Null, Quarantine}, o.Orphans) {
		return o, fmt.Errorf("%w: orphans must be %s, %s or %s", run.ErrRefused, Keep, Null, Quarantine)
	}
	return o, nil
}

// ErrNoMove means that the run has moved no tables.
var ErrNoMove = fmt.Errorf("%w: the run has moved no tables", run.ErrRefused)

// The states of a move.
const (
	copying   = "copying"   // some parts are not copied
	finishing = "finishing" // all rows are copied; indexes, foreign keys or policies are missing
	Complete  = "complete"
	// RolledBack is the state of a move of which a rollback has kept some objects.
	RolledBack = "rolled back"
)

// Result describes a move.
type Result struct {
	Run    string `json:"run"`
	State  string `json:"state"` // "copying", "finishing", Complete or RolledBack
	DryRun bool   `json:"dryRun,omitempty"`
	// Open is the number of steps that are missing: parts to copy, objects and foreign keys to create, tables to count.
	Open    int      `json:"open"`
	Schemas []string `json:"schemas"`
	// LeftBehind lists what the options exclude: schemas of the project that are not among Schemas, such as "schema app",
	// and tables, such as "table public.audit_log".
	LeftBehind []string `json:"leftBehind"`
	Tables     []Table  `json:"tables"`
	// Objects has the number of statements that are done, by kind as pg_dump names them, such as "INDEX".
	Objects map[string]int `json:"objects"`
	LeftOut []LeftOut      `json:"leftOut"`
	Keys    []Key          `json:"keys"`
	// Keyless are the tables without a primary key, once the move is complete. A Follower copies them again at the end.
	Keyless []Keyless `json:"keyless,omitempty"`
}

// Table is the state of a table, or of a partition.
type Table struct {
	Name string `json:"name"`
	// Rows is the number of copied rows. Rows that were quarantined afterwards are included.
	Rows   int64 `json:"rows"`
	Parts  int   `json:"parts"`
	Copied int   `json:"copied"` // number of copied parts
	// Nulled and Quarantined are the numbers of changes of moved_row.
	Nulled      int64 `json:"nulled"`
	Quarantined int64 `json:"quarantined"`
	// Outdated is the number of rows that changed in the source since, and whose new version the target rejects.
	Outdated int64  `json:"outdated,omitempty"`
	Failed   string `json:"failed,omitempty"` // why the rows were not copied
}

// LeftOut is an object that the target does not get.
type LeftOut struct {
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Key is the state of a foreign key.
type Key struct {
	Table   string `json:"table"`
	Name    string `json:"name"`
	Parent  string `json:"parent"`
	State   string `json:"state"`   // "open", "valid", "not valid" or "left out"
	Orphans int64  `json:"orphans"` // rows that refer to a row that does not exist; with Keep they are still there
	Reason  string `json:"reason,omitempty"`
}

// Rows returns the number of copied rows of all tables.
func (r Result) Rows() (n int64) {
	for _, t := range r.Tables {
		n += t.Rows
	}
	return n
}

// Problems returns what an operator has to look at, one line each.
func (r Result) Problems() (lines []string) {
	for _, t := range r.Tables {
		if t.Failed != "" {
			lines = append(lines, t.Name+" was not copied: "+t.Failed)
		}
	}
	for _, t := range r.Tables {
		if t.Outdated > 0 {
			lines = append(lines, fmt.Sprintf("%s has %d rows whose new version the target rejects: see "+
				"supabase_import.moved_row", t.Name, t.Outdated))
		}
	}
	for _, o := range r.LeftOut {
		if o.Kind == userTrigger {
			reason := o.Reason
			if !strings.HasPrefix(reason, notAgain) {
				reason = "not made: " + reason
			}
			lines = append(lines, fmt.Sprintf("the trigger %s on auth.users was %s", o.Name, reason))
			continue
		}
		lines = append(lines, fmt.Sprintf("%s %s was left out: %s", o.Kind, o.Name, o.Reason))
	}
	for _, k := range r.Keys {
		if k.Reason != "" {
			lines = append(lines, fmt.Sprintf("the foreign key %s of %s is %s: %s", k.Name, k.Table, k.State, k.Reason))
		}
	}
	return lines
}

// userTable returns the qualified name of Xenon's table "user" in the target.
func userTable(env *run.Env) string { return mapping.Quote(targetSchema(env)) + `."user"` }

// targetSchema returns the schema of Xenon's tables in the target.
func targetSchema(env *run.Env) string {
	if env.Schema == "" {
		return schema.Public
	}
	return env.Schema
}
