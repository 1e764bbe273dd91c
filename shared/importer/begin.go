package importer

import (
	"context"
	_ "embed" // schema.sql
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed schema.sql
var schemaSQL string

const ledgerVersion = "xenon ledger 1"

// overlap is how far before its own beginning a pass's watermark lies: Supabase stamps updated_at before it commits.
const overlap = 10 * time.Minute

// hasLedger reports whether the target has the import's schema, and refuses one of another version.
func hasLedger(ctx context.Context, dst *pgx.Conn) (bool, error) {
	var version *string
	err := dst.QueryRow(ctx, "select coalesce(obj_description(oid, 'pg_namespace'), '') from pg_namespace where nspname = 'supabase_import'").Scan(&version)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look for the ledger: %w", err)
	case *version != ledgerVersion:
		return false, fmt.Errorf("%w: the target's schema supabase_import is %q, and this release works with %q. Finish or roll back with the release that made it, or drop the schema if nothing of it is needed", ErrRefused, *version, ledgerVersion)
	}
	return true, nil
}

// Begin opens a pass: it plans a run that is new, goes on with one that was interrupted, and starts the next pass of one
// that is complete. It takes the lease. quick limits a later pass to batches in which a row has a
// time after the watermark.
func (m *Import) Begin(ctx context.Context, o Options, quick bool) (Status, error) {
	asked := o
	o, err := o.defaults()
	if err != nil {
		return Status{}, err
	}
	var st Status
	err = m.askBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) error {
		lost, err := m.register(ctx, src, dst, o)
		if err != nil {
			return err
		}
		if err := m.take(ctx, o.Run); err != nil {
			return err
		}
		if err := m.open(ctx, src, dst, o, asked, quick, lost); err != nil {
			return err
		}
		st, err = status(ctx, dst, o.Run)
		return err
	})
	if err != nil {
		m.release(ctx)
	}
	return st, err
}

// register plans a run that is new, or was rolled back, and then returns who lost a contest; nil where the run was there.
func (m *Import) register(ctx context.Context, src, dst *pgx.Conn, o Options) (lost []ruling, err error) {
	there, err := hasLedger(ctx, dst)
	if err != nil {
		return nil, err
	}
	if there {
		var known bool
		if err := dst.QueryRow(ctx, "select exists (select from supabase_import.run where name = $1 and state <> 'rolled back')", o.Run).Scan(&known); err != nil {
			return nil, fmt.Errorf("look for the run: %w", err)
		}
		if known {
			return nil, nil
		}
	}
	p, mp, lost, err := m.plan(ctx, src, dst, o)
	if err != nil {
		return nil, err
	}
	if len(p.Refusals) > 0 {
		return nil, refused(p.Refusals)
	}
	bounds, err := column1(ctx, src, fmt.Sprintf("select id::text from (select id, row_number() over (order by id) as n from auth.users) u where (n - 1) %% %d = 0 order by id", o.BatchSize))
	if err != nil {
		return nil, fmt.Errorf("cut the users into batches: %w", err)
	}
	if len(bounds) == 0 {
		bounds = []string{lowest}
	}
	bounds[0] = lowest
	err = pgx.BeginFunc(ctx, dst, func(tx pgx.Tx) error {
		// Two runs that begin at once: the second waits here, and finds the run when it is let in.
		if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(hashtextextended('supabase_import', 0))"); err != nil {
			return err
		}
		if there, err := hasLedger(ctx, dst); err != nil {
			return err
		} else if !there {
			if err := run(ctx, dst, schemaSQL); err != nil {
				return fmt.Errorf("make the schema supabase_import: %w", err)
			}
		}
		text, err := json.Marshal(p)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "delete from supabase_import.batch b using supabase_import.run r where r.id = b.run and r.name = $1 and r.state = 'rolled back'", o.Run); err != nil {
			return fmt.Errorf("clear what was rolled back: %w", err)
		}
		tag, err := tx.Exec(ctx, `with r as (insert into supabase_import.run as r (name, plan, watermark, pass) values ($1, $2::jsonb, $3::timestamptz, 0)
  on conflict (name) do update set plan = excluded.plan, watermark = excluded.watermark, pass = 0, state = 'running', started_at = now(), undone = null where r.state = 'rolled back' returning id)
insert into supabase_import.batch (run, number, low, high) select r.id, n - 1, low, lead(low) over (order by n) from r, unnest($4::uuid[]) with ordinality b (low, n)`,
			o.Run, string(text), mp.asOf, bounds)
		if tag.RowsAffected() == 0 { // somebody else's plan holds, which may have other options
			lost = nil
		}
		return err
	})
	return lost, err
}

func refused(why []string) error {
	err := ErrRefused
	text := ""
	for _, w := range why {
		text += "\n  - " + w
	}
	return fmt.Errorf("%w:%s", err, text)
}

// stored reads the plan of a run.
func stored(ctx context.Context, dst *pgx.Conn, name string) (id, pass int, state string, p Plan, err error) {
	if there, err := hasLedger(ctx, dst); err != nil {
		return 0, 0, "", p, err
	} else if !there {
		return 0, 0, "", p, noRun(name)
	}
	var text string
	err = dst.QueryRow(ctx, "select id, pass, state, plan::text from supabase_import.run where name = $1", name).Scan(&id, &pass, &state, &text)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, 0, "", p, noRun(name)
	}
	if err != nil {
		return 0, 0, "", p, fmt.Errorf("read the run: %w", err)
	}
	return id, pass, state, p, json.Unmarshal([]byte(text), &p)
}

func noRun(name string) error { return fmt.Errorf("%w: %q", ErrNoRun, name) }

// open starts or resumes the pass: rulings that follow from the source alone, foreign accounts, which batches are open. lost
// are the losers of contests, if the plan has just found them; nil if not.
func (m *Import) open(ctx context.Context, src, dst *pgx.Conn, o, asked Options, quick bool, lost []ruling) error {
	id, pass, state, p, err := stored(ctx, dst, o.Run)
	if err != nil {
		return err
	}
	if state == "finalized" {
		return fmt.Errorf("%w: the run %q is finalized; what comes now needs a run of another name", ErrRefused, o.Run)
	}
	if asked.Profiles != "" && asked.Profiles != p.Options.Profiles {
		changed, err := m.changeProfiles(ctx, src, dst, id, state, &p, asked.Profiles)
		if err != nil {
			return err
		}
		quick = quick && !changed // no profile says that it changed
	}
	if err := agree(p.Options, asked); err != nil {
		return err
	}
	p.Options.AllowDeletions = o.AllowDeletions
	mp, err := m.mapping(ctx, src, dst, p)
	if err != nil {
		return err
	}
	if why := mp.dst.unfit(); len(why) > 0 {
		return refused(why)
	}
	var open bool
	if err := dst.QueryRow(ctx, "select exists (select from supabase_import.batch where run = $1 and pass < $2)", id, pass).Scan(&open); err != nil {
		return fmt.Errorf("look for open batches: %w", err)
	}
	if pass > 0 && (open || state == "running") { // interrupted, if only before its closing, or parts of it were parked: go on
		_, err := dst.Exec(ctx, "with b as (update supabase_import.batch set parked = null where run = $1) update supabase_import.run set state = 'running', finished_at = null where id = $1", id)
		return err
	}
	if err := unvanished(ctx, src, dst, id, p.Options); err != nil {
		return err
	}
	if lost == nil {
		if lost, err = m.contests(ctx, src, mp); err != nil {
			return err
		}
	}
	var hot []string
	if quick && pass > 0 {
		if hot, err = mp.touched(ctx, src, dst, id); err != nil {
			return err
		}
	}
	var now string
	if err := src.QueryRow(ctx, "select (now() - make_interval(secs => $1))::text", overlap.Seconds()).Scan(&now); err != nil {
		return fmt.Errorf("ask the source for the time: %w", err)
	}
	return pgx.BeginFunc(ctx, dst, func(tx pgx.Tx) error {
		if err := rule(ctx, tx, id, lost); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `update supabase_import.run set pass = pass + 1, state = 'running', finished_at = null, watermark = $2::timestamptz, undone = null where id = $1`, id, now); err != nil {
			return fmt.Errorf("open the pass: %w", err)
		}
		if quick && pass > 0 {
			_, err := tx.Exec(ctx, `update supabase_import.batch b set pass = $2 where run = $1 and copied
  and not exists (select from unnest($3::uuid[]) u where u >= b.low and (b.high is null or u < b.high))`, id, pass+1, hot)
			return err
		}
		return nil
	})
}

// rule replaces the rulings that the source decides, and marks users with a change in theirs to be looked at again, as
// well as those whom the target had refused something.
func rule(ctx context.Context, tx pgx.Tx, id int, lost []ruling) error {
	var sources, reasons, keys, users []string
	for _, l := range lost {
		sources, reasons, keys, users = append(sources, string(l.source)), append(reasons, l.reason), append(keys, l.key), append(users, l.user)
	}
	for _, sql := range []string{
		`create temp table ruled on commit drop as select s::supabase_import.source as source, r as reason, k as key, u as user_id from unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[]) x (s, r, k, u)`,
		`update supabase_import.ledger l set raw = null where run = $1 and (
  (source, key) in (select source, key from supabase_import.ruling x where run = $1 and (reason like 'target\_%' or not exists (select from ruled r where r.source = x.source and r.reason = x.reason and r.key = x.key)))
  or (source, key) in (select source, key from ruled r where not exists (select from supabase_import.ruling x where x.run = $1 and x.source = r.source and x.reason = r.reason and x.key = r.key)))`,
		`delete from supabase_import.ruling x where run = $1 and reason not like 'target\_%'`,
		`insert into supabase_import.ruling (run, user_id, source, key, reason) select $1, user_id, source, key, reason from ruled`,
		`delete from supabase_import.foreign_account where run = $1`,
		`insert into supabase_import.foreign_account select $1, a."providerId", a."accountId", a.id from account a
where a."providerId" <> 'credential' and not exists (select from supabase_import.ledger l where l.run = $1 and l.user_id = a."userId" and l.source = 'identity' and l.key = a.id and l.written is not null)`,
	} {
		args := []any{id}
		if len(sql) > 6 && sql[:6] == "create" {
			args = []any{sources, reasons, keys, users}
		}
		if _, err := tx.Exec(ctx, sql, args...); err != nil {
			return fmt.Errorf("write down the rulings: %w", err)
		}
	}
	return nil
}

// agree refuses options that contradict those that the run began with. What is not said is as it was.
func agree(was, asked Options) error {
	a, b := reflect.ValueOf(was), reflect.ValueOf(asked)
	for i := range a.NumField() {
		field := a.Type().Field(i)
		if b.Field(i).IsZero() || field.Name == "AllowDeletions" || reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
			continue
		}
		return fmt.Errorf("%w: the run %q began with %s %v; to change it, roll the run back or use another name", ErrRefused, was.Run, strings.Split(field.Tag.Get("json"), ",")[0], a.Field(i).Interface())
	}
	return nil
}

// mapping is the stored plan's mapping, if both catalogs are still what they were.
func (m *Import) mapping(ctx context.Context, src, dst *pgx.Conn, p Plan) (mapping, error) {
	mp, err := look(ctx, src, dst, p.Options)
	if err != nil {
		return mp, err
	}
	mp.asOf = p.At.UTC().Format("2006-01-02 15:04:05.999999Z07:00")
	for side, changed := range map[string]bool{"source": mp.src.digest() != p.Source.Columns, "target": mp.dst.digest() != p.Target.Columns} {
		if changed {
			return mp, fmt.Errorf("%w: the tables of the %s have other columns than when the run was planned: roll it back and plan anew, or undo the change", ErrRefused, side)
		}
	}
	return mp, nil
}

// unvanished refuses a pass in which most users are suddenly gone: rather a wrong database than a mass deletion.
func unvanished(ctx context.Context, src, dst *pgx.Conn, id int, o Options) error {
	var now, then int64
	if err := src.QueryRow(ctx, "select count(*) from auth.users").Scan(&now); err != nil {
		return fmt.Errorf("count auth.users: %w", err)
	}
	if err := dst.QueryRow(ctx, "select count(*) from supabase_import.ledger where run = $1 and source = 'user' and outcome <> 'deleted'", id).Scan(&then); err != nil {
		return fmt.Errorf("count the ledger: %w", err)
	}
	if now < then/2 && !o.AllowDeletions {
		return fmt.Errorf("%w: auth.users has %d rows and the run has seen %d: if the others were really deleted, say --allow-deletions", ErrRefused, now, then)
	}
	return nil
}

// touched lists users whose rows bear a time after the last pass began.
func (m mapping) touched(ctx context.Context, src, dst *pgx.Conn, id int) ([]string, error) {
	var since string
	if err := dst.QueryRow(ctx, "select watermark::text from supabase_import.run where id = $1", id).Scan(&since); err != nil {
		return nil, fmt.Errorf("read the watermark: %w", err)
	}
	sql := ""
	for _, t := range []struct {
		table
		key string
	}{{m.src.users, "p.id"}, {m.src.identities, "p.user_id"}, {m.src.factors, "p.user_id"}, {m.src.passkeys, "p.user_id"}, {m.src.profiles, m.profileUser()}} {
		for _, c := range []string{"created_at", "updated_at"} {
			if t.there() && t.has(c) {
				if sql != "" {
					sql += " union "
				}
				sql += "select " + t.key + "::text from " + t.sql() + " p where p." + c + " >= " + literal(since) + " and p." + c + " < now() + interval '1 day'" // what lies far ahead is no change
			}
		}
	}
	ids, err := column1(ctx, src, sql)
	if err != nil {
		return nil, fmt.Errorf("look for what changed: %w", err)
	}
	return ids, nil
}
