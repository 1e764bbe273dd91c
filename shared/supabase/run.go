package supabase

import (
	"context"
	_ "embed" // schema.sql
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
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
// that is complete. It takes the lease. quick limits a later pass to users whose rows say that they changed (watermark).
func (m *Import) Begin(ctx context.Context, o Options, quick bool) (Status, error) {
	asked := o
	o, err := o.defaults()
	if err != nil {
		return Status{}, err
	}
	var st Status
	err = m.askBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) error {
		if err := m.register(ctx, src, dst, o); err != nil {
			return err
		}
		if err := m.take(ctx, o.Run); err != nil {
			return err
		}
		if err := m.open(ctx, src, dst, o, asked, quick); err != nil {
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

// register plans a run that is new, or was rolled back.
func (m *Import) register(ctx context.Context, src, dst *pgx.Conn, o Options) error {
	there, err := hasLedger(ctx, dst)
	if err != nil {
		return err
	}
	if there {
		var known bool
		if err := dst.QueryRow(ctx, "select exists (select from supabase_import.run where name = $1 and state <> 'rolled back')", o.Run).Scan(&known); err != nil {
			return fmt.Errorf("look for the run: %w", err)
		}
		if known {
			return nil
		}
	}
	p, mp, err := m.plan(ctx, src, dst, o)
	if err != nil {
		return err
	}
	if len(p.Refusals) > 0 {
		return refused(p.Refusals)
	}
	bounds, err := column1(ctx, src, fmt.Sprintf("select id::text from (select id, row_number() over (order by id) as n from auth.users) u where (n - 1) %% %d = 0 order by id", o.BatchSize))
	if err != nil {
		return fmt.Errorf("cut the users into batches: %w", err)
	}
	if len(bounds) == 0 {
		bounds = []string{lowest}
	}
	bounds[0] = lowest
	return pgx.BeginFunc(ctx, dst, func(tx pgx.Tx) error {
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
		_, err = tx.Exec(ctx, `with r as (insert into supabase_import.run as r (name, plan, watermark, pass) values ($1, $2::jsonb, $3::timestamptz, 0)
  on conflict (name) do update set plan = excluded.plan, watermark = excluded.watermark, pass = 0, state = 'running', started_at = now(), undone = null where r.state = 'rolled back' returning id)
insert into supabase_import.batch (run, number, low, high) select r.id, n - 1, low, lead(low) over (order by n) from r, unnest($4::uuid[]) with ordinality b (low, n)`,
			o.Run, string(text), mp.asOf, bounds)
		return err
	})
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

// open starts or resumes the pass: rulings that follow from the source alone, foreign accounts, which batches are open.
func (m *Import) open(ctx context.Context, src, dst *pgx.Conn, o, asked Options, quick bool) error {
	id, pass, state, p, err := stored(ctx, dst, o.Run)
	if err != nil {
		return err
	}
	if state == "finalized" {
		return fmt.Errorf("%w: the run %q is finalized; what comes now needs a run of another name", ErrRefused, o.Run)
	}
	if err := agree(p.Options, asked); err != nil {
		return err
	}
	p.Options.AllowDeletions = o.AllowDeletions
	mp, err := m.mapping(ctx, src, dst, p)
	if err != nil {
		return err
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
	lost, err := mp.contests(ctx, src)
	if err != nil {
		return err
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
	}{{m.src.users, "id"}, {m.src.identities, "user_id"}, {m.src.factors, "user_id"}, {m.src.passkeys, "user_id"}, {m.src.profiles, "user_id"}} {
		for _, c := range []string{"created_at", "updated_at"} {
			if t.there() && t.has(c) {
				if sql != "" {
					sql += " union "
				}
				sql += "select " + t.key + "::text from " + t.sql() + " where " + c + " >= " + literal(since) + " and " + c + " < now() + interval '1 day'" // what lies far ahead is no change
			}
		}
	}
	ids, err := column1(ctx, src, sql)
	if err != nil {
		return nil, fmt.Errorf("look for what changed: %w", err)
	}
	return ids, nil
}

// Run is Begin and then every open batch, concurrency at a time (0 is 2), and the closing of the pass.
func (m *Import) Run(ctx context.Context, o Options, quick bool, concurrency int) (Status, error) {
	st, err := m.Begin(ctx, o, quick)
	if err != nil {
		return st, err
	}
	defer m.release(ctx)
	if concurrency <= 0 {
		concurrency = 2
	}
	if err := m.work(ctx, st.Run, 0, 1, concurrency); err != nil {
		return st, err
	}
	return m.Close(ctx, st.Run)
}

// CopyLane works on the open batches whose number is lane modulo lanes until none is left (true) or ctx is about to end
// (false: call again). Begin has to come first, in this or another process of the same Holder. A batch that the target
// refuses for good is parked; any other error ends the lane.
func (m *Import) CopyLane(ctx context.Context, run string, lane, lanes int) (done bool, err error) {
	err = m.work(ctx, run, lane, lanes, 1)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return false, nil
	}
	return err == nil, err
}

// work does the open batches of a lane with some workers. It asks again when they are done: a crash of the target may have
// taken some back.
func (m *Import) work(ctx context.Context, name string, lane, lanes, concurrency int) error {
	r, err := m.join(ctx, name)
	if err != nil {
		return err
	}
	for {
		open, done, err := m.openBatches(ctx, r, lane, lanes)
		if err != nil || len(open) == 0 {
			return err
		}
		if err := m.workOn(ctx, r, name, open, done, concurrency); err != nil {
			return err
		}
	}
}

func (m *Import) workOn(ctx context.Context, r *ongoing, name string, open []batch, done, concurrency int) error {
	queue := make(chan batch)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(queue)
		for _, b := range open {
			select {
			case queue <- b:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	var mu sync.Mutex
	for range min(concurrency, max(1, len(open))) {
		g.Go(func() error {
			w := &worker{m: m, run: r}
			defer w.close()
			for b := range queue {
				began := m.Now()
				did, err := w.batch(ctx, b)
				parked := ""
				if err != nil && kindOf(err) == data && ctx.Err() == nil {
					parked, err = withoutDetail(err), m.park(ctx, w, b, err)
				}
				if err != nil {
					return fmt.Errorf("batch %d: %w", b.number, err)
				}
				mu.Lock()
				done++
				m.tell(Event{
					Run: name, Action: "copy", Pass: r.pass, Batch: b.number, Batches: r.batches, Done: done, Rows: did.rows,
					Copied: did.written, Identical: did.unchanged, Quarantined: did.quarantined, Took: m.Now().Sub(began), Parked: parked,
				})
				mu.Unlock()
			}
			return nil
		})
	}
	return g.Wait()
}

func (m *Import) tell(e Event) {
	if m.Progress != nil {
		m.Progress(e)
	}
}

// openBatches lists what is to be done in a lane, and how many batches of the run are done.
func (m *Import) openBatches(ctx context.Context, r *ongoing, lane, lanes int) (open []batch, done int, err error) {
	err = m.ask(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		if err := dst.QueryRow(ctx, "select count(*) from supabase_import.batch where run = $1 and pass >= $2", r.id, r.pass).Scan(&done); err != nil {
			return err
		}
		open = nil
		rows, err := dst.Query(ctx, `select number, low::text, coalesce(high::text, ''), copied from supabase_import.batch
where run = $1 and pass < $2 and parked is null and number % $4 = $3 order by number`, r.id, r.pass, lane, lanes)
		if err != nil {
			return err
		}
		var b batch
		_, err = pgx.ForEachRow(rows, []any{&b.number, &b.low, &b.high, &b.copied}, func() error { open = append(open, b); return nil })
		return err
	})
	return open, done, err
}

// ask does something with a connection to the target, again when it breaks.
func (m *Import) ask(ctx context.Context, f func(context.Context, *pgx.Conn) error) error {
	return again(ctx, func() error {
		dst, err := m.target(ctx, "")
		if err != nil {
			return err
		}
		defer closed(dst)
		return f(ctx, dst)
	})
}

// park puts a batch aside, so that the rest can finish.
func (m *Import) park(ctx context.Context, w *worker, b batch, why error) error {
	return m.ask(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		_, err := dst.Exec(ctx, "update supabase_import.batch set parked = $3 where run = $1 and number = $2", w.run.id, b.number, withoutDetail(why))
		return err
	})
}

// Park puts the lane's open batches aside, so that the rest can finish. The next pass tries them again.
func (m *Import) Park(ctx context.Context, run string, lane, lanes int, why string) error {
	return m.ask(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		_, err := dst.Exec(ctx, `update supabase_import.batch b set parked = $4 from supabase_import.run r
where r.id = b.run and r.name = $1 and b.pass < r.pass and b.number % $3 = $2`, run, lane, lanes, why)
		return err
	})
}

// Close ends the pass: the run is complete when no batch is open or parked.
func (m *Import) Close(ctx context.Context, run string) (st Status, err error) {
	err = m.ask(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		if _, err := dst.Exec(ctx, `update supabase_import.run r set state = 'complete', finished_at = now() where name = $1 and state = 'running'
  and not exists (select from supabase_import.batch b where b.run = r.id and b.pass < r.pass)`, run); err != nil {
			return fmt.Errorf("close the pass: %w", err)
		}
		// The tables are new to the planner, and verification and the first people to sign in come before autovacuum does.
		if _, err := dst.Exec(ctx, `analyze "user", account, user_profile, supabase_import.ledger, supabase_import.quarantine`); err != nil {
			return fmt.Errorf("gather statistics: %w", err)
		}
		st, err = status(ctx, dst, run)
		return err
	})
	return st, err
}

// Status reads where a run stands. ErrNoRun when there is none.
func (m *Import) Status(ctx context.Context, run string) (st Status, err error) {
	err = m.ask(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		st, err = status(ctx, dst, run)
		return err
	})
	return st, err
}

func status(ctx context.Context, dst *pgx.Conn, name string) (Status, error) {
	st := Status{Counts: Counts{}, Reasons: Reasons{}, Parked: []Parked{}}
	id, _, _, _, err := stored(ctx, dst, name)
	if err != nil {
		return st, err
	}
	var finished *time.Time
	err = dst.QueryRow(ctx, `select name, state, pass, started_at, finished_at, (select count(*) from supabase_import.batch b where b.run = r.id),
  (select count(*) from supabase_import.batch b where b.run = r.id and b.pass >= r.pass) from supabase_import.run r where id = $1`, id).
		Scan(&st.Run, &st.State, &st.Pass, &st.StartedAt, &finished, &st.Batches, &st.Done)
	if err != nil {
		return st, fmt.Errorf("read the run: %w", err)
	}
	if finished != nil {
		st.FinishedAt = *finished
	}
	rows, err := dst.Query(ctx, "select number, parked from supabase_import.batch where run = $1 and parked is not null order by number limit 20", id)
	if err != nil {
		return st, fmt.Errorf("read parked batches: %w", err)
	}
	if st.Parked, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Parked]); err != nil {
		return st, fmt.Errorf("read parked batches: %w", err)
	}
	rows, err = dst.Query(ctx, "select source::text, outcome::text, count(*) from supabase_import.ledger where run = $1 group by 1, 2", id)
	if err != nil {
		return st, fmt.Errorf("count the ledger: %w", err)
	}
	var src, what string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&src, &what, &n}, func() error {
		if st.Counts[Source(src)] == nil {
			st.Counts[Source(src)] = map[Outcome]int64{}
		}
		st.Counts[Source(src)][Outcome(what)] = n
		return nil
	})
	if err != nil {
		return st, fmt.Errorf("count the ledger: %w", err)
	}
	rows, err = dst.Query(ctx, "select source::text || case when field <> '' then '.' || field else '' end, reason, count(*) from supabase_import.quarantine where run = $1 and resolved is null group by 1, 2", id)
	if err != nil {
		return st, fmt.Errorf("count the quarantine: %w", err)
	}
	_, err = pgx.ForEachRow(rows, []any{&src, &what, &n}, func() error { st.Reasons[src+" "+what] = n; return nil })
	if err != nil {
		return st, fmt.Errorf("count the quarantine: %w", err)
	}
	return st, nil
}
