package run

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// checkProfileTable lists what keeps the profile table from being imported.
func checkProfileTable(ctx context.Context, src *pgx.Conn, m mapping.Mapping) ([]string, error) {
	t := m.Source.Profiles
	if t.Name != "" && t.Name != mapping.DefaultProfiles && !t.Exists {
		return absentProfileTable(ctx, src, t.Name)
	}
	if why := m.ProfileTableRefusals(); len(why) > 0 || !t.Usable() {
		return why, nil
	}
	if c, _ := t.Column("user_id"); c.Type == "uuid" {
		return nil, nil
	}
	var noUUID bool
	err := src.QueryRow(ctx, `SELECT count(*) > 0 AND bool_and(coalesce(p.user_id, '') !~* '`+mapping.UUIDPattern+`')
FROM `+t.SQL()+" p").Scan(&noUUID)
	switch {
	case isNoGrant(err):
		return nil, nil // countSource says so
	case err != nil:
		return nil, fmt.Errorf("look for uuids in %s: %w", t.Name, err)
	case noUUID:
		return []string{t.Name + ".user_id holds no uuid in any row, so that no row has a user: name another table, " +
			"or say --profiles none"}, nil
	}
	return nil, nil
}

const tablesAlike = `SELECT n.nspname || '.' || c.relname
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND lower(n.nspname || '.' || c.relname) = lower($1)
ORDER BY 1`

// absentProfileTable explains how names are written, with the tables that may be meant.
func absentProfileTable(ctx context.Context, src *pgx.Conn, name string) ([]string, error) {
	alike, err := QueryTexts(ctx, src, tablesAlike, strings.ReplaceAll(name, `"`, ""))
	if err != nil {
		return nil, fmt.Errorf("look for tables named like the profile table: %w", err)
	}
	why := "there is no table " + name + " for the profiles in the source; the name is taken as it is written, with its " +
		"schema and its capitals and without quotes"
	if len(alike) > 0 {
		why += ": " + strings.Join(alike, " or ") + " is there"
	}
	return []string{why}, nil
}

const (
	hasCopiedProfiles = `SELECT EXISTS (
  SELECT FROM supabase_import.ledger
  WHERE run = $1 AND source = 'profile' AND (written IS NOT NULL OR outcome = 'kept'))`

	deleteProfileEntries    = "DELETE FROM supabase_import.ledger WHERE run = $1 AND source = 'profile'"
	deleteProfileQuarantine = "DELETE FROM supabase_import.quarantine WHERE run = $1 AND source = 'profile'"
	deleteProfileRejections = "DELETE FROM supabase_import.ruling WHERE run = $1 AND source = 'profile'"

	// reopenBatches: batches that the pass has done have profiles to copy now.
	reopenBatches = `UPDATE supabase_import.batch b SET pass = least(b.pass, r.pass - 1)
FROM supabase_import.run r
WHERE r.id = b.run AND b.run = $1 AND r.pass > 0`

	storePlan = "UPDATE supabase_import.run SET plan = $2::jsonb WHERE id = $1"
)

// changeProfileTable lets a run that has copied no profile yet take another profile table. What the ledger has of the
// rows of the former one is deleted. It reports whether the choice changed.
func (r *Run) changeProfileTable(ctx context.Context, src, dst *pgx.Conn, table string) (bool, error) {
	var copied bool
	if err := dst.QueryRow(ctx, hasCopiedProfiles, r.ID).Scan(&copied); err != nil || copied {
		return false, Wrap("look for copied profiles", err)
	}
	o := r.Plan.Options
	o.Profiles = table
	m, err := readMapping(ctx, src, dst, o)
	if err != nil {
		return false, err
	}
	why, err := checkProfileTable(ctx, src, m)
	if err != nil {
		return false, err
	}
	if why = slices.Concat(m.Source.Refusals(), why); len(why) > 0 {
		return false, Refuse(why)
	}
	r.Plan.Options, r.Plan.Source.Columns, r.Plan.ProfileColumns = o, m.Source.Digest(), m.ProfilePlaces()
	plan, err := json.Marshal(r.Plan)
	if err != nil {
		return false, err
	}
	err = pgx.BeginFunc(ctx, dst, func(tx pgx.Tx) error {
		for _, sql := range []string{deleteProfileEntries, deleteProfileQuarantine, deleteProfileRejections} {
			if _, err := tx.Exec(ctx, sql, r.ID); err != nil {
				return err
			}
		}
		if r.State == Running {
			if _, err := tx.Exec(ctx, reopenBatches, r.ID); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, storePlan, r.ID, string(plan))
		return err
	})
	return err == nil, Wrap("change the profile table", err)
}
