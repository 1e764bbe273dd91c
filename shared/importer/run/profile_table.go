package run

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// checkProfileTable returns the reasons why the profile table cannot be imported, nil if there are none.
func checkProfileTable(ctx context.Context, src *pgx.Conn, m mapping.Mapping) ([]string, error) {
	t := m.Source.Profiles
	isOptional := t.Name == mapping.DefaultProfiles && !m.Options.RenamesProfileColumns()
	if t.Name != "" && !isOptional && !t.Exists {
		return missingProfileTable(ctx, src, t.Name)
	}
	if why := m.ProfileTableRefusals(); len(why) > 0 || !t.IsUsable() {
		return why, nil
	}
	switch c, _ := t.Column("user_id"); {
	case m.Options.ProfileKey != "" && !c.Unique:
		return checkProfileKey(ctx, src, t)
	case c.Type == "uuid":
		return nil, nil
	}
	var noUUID bool
	err := src.QueryRow(ctx, `SELECT count(*) > 0 AND bool_and(coalesce(p.user_id, '') !~* '`+mapping.UUIDPattern+`')
FROM `+t.From()+" p").Scan(&noUUID)
	switch {
	case isPermissionDenied(err):
		return nil, nil // countSource adds a refusal about this table
	case err != nil:
		return nil, fmt.Errorf("look for UUIDs in %s: %w", t.Name, err)
	case noUUID:
		return []string{t.Name + ".user_id has no UUID in any row, so that no row belongs to a user: use another table, " +
			"or --profiles none"}, nil
	}
	return nil, nil
}

// checkProfileKey returns a refusal if the column of --profile-key has NULLs or duplicates. The caller has found that
// no constraint prevents them.
func checkProfileKey(ctx context.Context, src *pgx.Conn, t mapping.Table) ([]string, error) {
	var nulls, duplicates int64
	err := src.QueryRow(ctx, "SELECT count(*) - count(p.user_id), count(p.user_id) - count(DISTINCT p.user_id)\nFROM "+
		t.From()+" p").Scan(&nulls, &duplicates)
	if isPermissionDenied(err) {
		return nil, nil // countSource adds a refusal about this table
	}
	if err != nil {
		return nil, fmt.Errorf("look for NULLs and duplicates in the key of %s: %w", t.Name, err)
	}
	key, _ := t.Column("user_id")
	for _, c := range []struct {
		rows int64
		why  string
	}{{nulls, "NULL"}, {duplicates, "the id of a user that another row has"}} {
		if c.rows > 0 {
			return []string{fmt.Sprintf("%s.%s is %s in %s, but --profile-key needs a column with a different id in each row; "+
				"columns of type uuid that are NOT NULL and unique: %s", t.Name, key.SourceName(), c.why,
				CountNoun(c.rows, "row", "rows"), t.KeyColumns())}, nil
		}
	}
	return nil, nil
}

// similarTables finds the tables whose names equal $1 when case is ignored.
const similarTables = `SELECT n.nspname || '.' || c.relname
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND lower(n.nspname || '.' || c.relname) = lower($1)
ORDER BY 1`

// missingProfileTable returns a refusal that names the tables with a similar name.
func missingProfileTable(ctx context.Context, src *pgx.Conn, name string) ([]string, error) {
	similar, err := QueryTexts(ctx, src, similarTables, strings.ReplaceAll(name, `"`, ""))
	if err != nil {
		return nil, fmt.Errorf("look for tables with a name like that of the profile table: %w", err)
	}
	why := "the source has no table " + name + " for the profiles; the name needs the schema and the exact case, " +
		"without quotes"
	if len(similar) > 0 {
		why += "; the source has " + strings.Join(similar, ", ")
	}
	return []string{why}, nil
}

const (
	hasCopiedProfiles = `SELECT EXISTS (
  SELECT FROM supabase_import.ledger
  WHERE run = $1 AND source = 'profile' AND (written IS NOT NULL OR outcome = 'kept'))`

	deleteProfileEntries    = "DELETE FROM supabase_import.ledger WHERE run = $1 AND source = 'profile'"
	deleteProfileQuarantine = "DELETE FROM supabase_import.quarantine WHERE run = $1 AND source = 'profile'"
	// The table ruling stores rejections.
	deleteProfileRejections = "DELETE FROM supabase_import.ruling WHERE run = $1 AND source = 'profile'"

	// reopenBatches opens the batches that are done in this pass, because they now have profiles to copy.
	reopenBatches = `UPDATE supabase_import.batch b SET pass = least(b.pass, r.pass - 1)
FROM supabase_import.run r
WHERE r.id = b.run AND b.run = $1 AND r.pass > 0`

	storePlan = "UPDATE supabase_import.run SET plan = $2::jsonb WHERE id = $1"
)

// withProfileOptions returns the options of the run, with the given options about profiles. Options that are not given
// stay as they are, unless another table is given.
func (r *Run) withProfileOptions(given mapping.Options) mapping.Options {
	o := r.Plan.Options
	table := given.Profiles
	if table == "" && given.RenamesProfileColumns() && o.Profiles == mapping.NoProfiles {
		table = mapping.DefaultProfiles
	}
	if table != "" && table != o.Profiles {
		o.Profiles, o.ProfileKey, o.ProfileColumns = table, "", nil
	}
	if given.ProfileKey != "" {
		o.ProfileKey = given.ProfileKey
	}
	if len(given.ProfileColumns) > 0 {
		o.ProfileColumns = given.ProfileColumns
	}
	return o
}

// changeProfileTable changes the profile table of a run that has copied no profile yet, or the names of its columns, if
// the given options differ from those of the run. It deletes what the ledger and the quarantine have of the profiles.
// It reports whether it changed something.
func (r *Run) changeProfileTable(ctx context.Context, src, dst *pgx.Conn, given mapping.Options) (bool, error) {
	o := r.withProfileOptions(given)
	if reflect.DeepEqual(o, r.Plan.Options) {
		return false, nil
	}
	var copied bool
	if err := dst.QueryRow(ctx, hasCopiedProfiles, r.ID).Scan(&copied); err != nil || copied {
		return false, Wrap("look for copied profiles", err)
	}
	if _, err := withDefaults(o); err != nil {
		return false, err
	}
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

// withProfile returns the options of a new run with the fields of the profile. Without a profile API the run imports no
// profiles.
func (e *Env) withProfile(o mapping.Options) (mapping.Options, error) {
	o.ProfileFields = e.ProfileFields
	if !e.ProfilesOff {
		return o, nil
	}
	if o.ChoosesProfiles() && o.Profiles != mapping.NoProfiles || len(o.ProfileValues) > 0 {
		return o, fmt.Errorf("%w: PROFILE is off, so the import leaves out the profiles: set PROFILE=on, or leave out the "+
			"options about profiles", ErrRefused)
	}
	o.Profiles = mapping.NoProfiles
	return o, nil
}
