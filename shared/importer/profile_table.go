package importer

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// defaultProfiles is the profile table where none is named. It may be absent.
const defaultProfiles = "public.profiles"

// unfitProfiles lists what keeps the profile table from being imported.
func (m mapping) unfitProfiles(ctx context.Context, src *pgx.Conn) ([]string, error) {
	t := m.src.profiles
	named := t.name != defaultProfiles
	switch {
	case t.name == "" || !named && !t.there():
		return nil, nil
	case !t.exists:
		return absentProfiles(ctx, src, t.name)
	case !t.readable:
		return []string{t.name + " may not be read by this role: use the role postgres, or grant select on it"}, nil
	case t.remote:
		return []string{t.name + " is a foreign table, whose rows lie on another server: name a table of this database, or say --profiles none"}, nil
	}
	c, ok := t.column("user_id")
	if !ok || !slices.Contains([]string{"uuid", "text", "character varying"}, c.typ) {
		return []string{t.name + " has no column user_id that is a uuid or text, by which the import knows whose profile a row is: name another table, name a view that has it, or say --profiles none"}, nil
	}
	if placed := m.profilePlaces().Placed; named && len(placed) == 0 {
		return []string{fmt.Sprintf("%s is no table of learner profiles: none of its columns has a place in user_profile, which has %s: name another table, or say --profiles none",
			t.name, strings.Join(slices.Concat(choices, []string{"time_per_week", "preferred_language"}), ", "))}, nil
	}
	if c.typ == "uuid" {
		return nil, nil
	}
	var wrong bool
	err := src.QueryRow(ctx, "select count(*) > 0 and bool_and(coalesce(p.user_id, '') !~* '"+uuidPattern+"') from "+t.sql()+" p").Scan(&wrong)
	if hidden(err) {
		return nil, nil // countRows says so
	}
	if err != nil {
		return nil, fmt.Errorf("look for uuids in %s: %w", t.name, err)
	}
	if wrong {
		return []string{t.name + ".user_id holds no uuid in any row, so that no row has a user: name another table, or say --profiles none"}, nil
	}
	return nil, nil
}

// absentProfiles explains how names are written, with the tables that may be meant.
func absentProfiles(ctx context.Context, src *pgx.Conn, name string) ([]string, error) {
	alike, err := column1(ctx, src, `select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm') and lower(n.nspname || '.' || c.relname) = lower($1) order by 1`, strings.ReplaceAll(name, `"`, ""))
	if err != nil {
		return nil, fmt.Errorf("look for tables named like the profile table: %w", err)
	}
	why := "there is no table " + name + " for the profiles in the source; the name is taken as it is written, with its schema and its capitals and without quotes"
	if len(alike) > 0 {
		why += ": " + strings.Join(alike, " or ") + " is there"
	}
	return []string{why}, nil
}

// ProfileColumns says where the columns of the profile table go.
type ProfileColumns struct {
	Placed  []string `json:"placed"`  // into user_profile
	Residue []string `json:"residue"` // into the ledger's residue
}

func (m mapping) profilePlaces() ProfileColumns {
	p := ProfileColumns{Placed: []string{}, Residue: []string{}}
	if !m.src.profiles.there() {
		return p
	}
	times := []string{"created_at", "updated_at"}
	for _, c := range m.src.profiles.columns {
		place := slices.ContainsFunc(m.profileColumns(), func(to mapped) bool { return to.name == c.name })
		switch {
		case c.name == "user_id" || c.generated || slices.Contains(times, c.name) && strings.HasPrefix(c.typ, "timestamp"):
		case place && !slices.Contains(times, c.name):
			p.Placed = append(p.Placed, c.name)
		default:
			p.Residue = append(p.Residue, c.name)
		}
	}
	return p
}

// changeProfiles lets a run that has copied no profile yet take another profile table. What the ledger says about rows
// of the former one goes. It reports whether the choice changed.
func (m *Import) changeProfiles(ctx context.Context, src, dst *pgx.Conn, id int, state string, p *Plan, table string) (bool, error) {
	var copied bool
	err := dst.QueryRow(ctx, "select exists (select from supabase_import.ledger where run = $1 and source = 'profile' and (written is not null or outcome = 'kept'))", id).Scan(&copied)
	if err != nil || copied {
		return false, named("look for copied profiles", err)
	}
	o := p.Options
	o.Profiles = table
	mp, err := look(ctx, src, dst, o)
	if err != nil {
		return false, err
	}
	why, err := mp.unfitProfiles(ctx, src)
	if err != nil {
		return false, err
	}
	if why = append(mp.src.unreadable(), why...); len(why) > 0 {
		return false, refused(why)
	}
	p.Options, p.Source.Columns, p.ProfileColumns = o, mp.src.digest(), mp.profilePlaces()
	text, err := json.Marshal(p)
	if err != nil {
		return false, err
	}
	err = pgx.BeginFunc(ctx, dst, func(tx pgx.Tx) error {
		for _, sql := range []string{
			"delete from supabase_import.ledger where run = $1 and source = 'profile'",
			"delete from supabase_import.quarantine where run = $1 and source = 'profile'",
			"delete from supabase_import.ruling where run = $1 and source = 'profile'",
		} {
			if _, err := tx.Exec(ctx, sql, id); err != nil {
				return err
			}
		}
		if state == "running" { // batches that the pass is through with have profiles to look at now
			if _, err := tx.Exec(ctx, "update supabase_import.batch b set pass = least(b.pass, r.pass - 1) from supabase_import.run r where r.id = b.run and b.run = $1 and r.pass > 0", id); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, "update supabase_import.run set plan = $2::jsonb where id = $1", id, string(text))
		return err
	})
	return err == nil, named("change the profile table", err)
}
