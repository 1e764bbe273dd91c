package supabase

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ongoing is a run as its workers see it.
type ongoing struct {
	id, pass int
	epoch    int64
	batches  int
	foreign  bool // the target has accounts that the run did not write
	mapping
}

// batch is a range of user ids.
type batch struct {
	number int
	scope
	copied bool
}

// moved is what a batch did.
type moved struct{ rows, written, unchanged, quarantined int64 }

func (a moved) plus(b moved) moved {
	return moved{a.rows + b.rows, a.written + b.written, a.unchanged + b.unchanged, a.quarantined + b.quarantined}
}

// worker has one connection to either side and does one batch after the other.
type worker struct {
	m        *Import
	run      *ongoing
	src, dst *pgx.Conn
}

func (w *worker) close() {
	closed(w.src)
	closed(w.dst)
	w.src, w.dst = nil, nil
}

// ready connects what is not connected.
func (w *worker) ready(ctx context.Context) error {
	if w.src == nil || w.src.IsClosed() {
		src, err := w.m.source(ctx)
		if err != nil {
			return err
		}
		w.src = src
	}
	if w.dst == nil || w.dst.IsClosed() {
		dst, err := w.m.target(ctx, workerSession)
		if err != nil {
			return err
		}
		if err := run(ctx, dst, w.run.stages()); err != nil {
			closed(dst)
			return fmt.Errorf("make the staging tables: %w", err)
		}
		w.dst = dst
	}
	return nil
}

// patiently calls f with connections that work, and again with new ones when they broke.
func (w *worker) patiently(ctx context.Context, f func(context.Context) error) error {
	return again(ctx, func() error {
		err := w.ready(ctx)
		if err == nil {
			err = f(ctx)
		}
		if err != nil && kindOf(err) == transient {
			w.close() // whatever state they are in
		}
		return err
	})
}

// batch brings one batch up to date and marks it done: wholly the first time, later what has changed.
func (w *worker) batch(ctx context.Context, b batch) (moved, error) {
	var did moved
	s := b.scope
	if b.copied {
		var changed []string
		err := w.patiently(ctx, func(ctx context.Context) (err error) {
			changed, did, err = w.changed(ctx, b.scope)
			return err
		})
		if err != nil {
			return did, err
		}
		s.ids = changed
	}
	if !b.copied || len(s.ids) > 0 {
		d, err := w.copy(ctx, b, s)
		if err != nil {
			return did, err
		}
		did = did.plus(d)
	}
	return did, w.patiently(ctx, func(ctx context.Context) error { return w.mark(ctx, b, did) })
}

// mark writes down that the batch is done in this pass.
func (w *worker) mark(ctx context.Context, b batch, did moved) error {
	// The range is written out, so that the index of the ledger serves both of its ends.
	tag, err := w.dst.Exec(ctx, `update supabase_import.batch b set pass = r.pass, copied = true, parked = null, rows = $3,
  quarantined = (select count(*) from supabase_import.ledger l where l.run = r.id and l.outcome = 'quarantined' and `+b.on("l.user_id")+`)
from supabase_import.run r where r.id = b.run and b.run = $1 and b.number = $2 and r.epoch = $4`, w.run.id, b.number, did.rows, w.run.epoch)
	if err == nil && tag.RowsAffected() == 0 {
		return lost()
	}
	if err == nil {
		err = w.prolong(ctx)
	}
	return err
}

// prolong renews a shared lease, which no connection of its own does.
func (w *worker) prolong(ctx context.Context) error {
	if !w.m.Shared {
		return nil
	}
	_, err := w.dst.Exec(ctx, "update supabase_import.run set held_until = now() + $3::interval where id = $1 and epoch = $2", w.run.id, w.run.epoch, leaseTime)
	return err
}

func lost() error { return fmt.Errorf("%w: somebody else took it over", ErrHeld) }

// copy brings over the users of s. What the target refuses is narrowed down, by halves, to the row that is to blame.
func (w *worker) copy(ctx context.Context, b batch, s scope) (moved, error) {
	did, err := w.settle(ctx, b, s)
	if err == nil || kindOf(err) != data {
		return did, err
	}
	halves, e := w.halve(ctx, s)
	switch {
	case e != nil:
		return did, e
	case len(halves) == 1:
		return w.condemn(ctx, b, halves[0], err)
	}
	if len(halves) > 0 {
		did, err = moved{}, nil
	}
	for _, half := range halves {
		d, err := w.copy(ctx, b, half)
		if did = did.plus(d); err != nil {
			return did, err
		}
	}
	return did, err
}

// halve cuts a scope in two, or returns its only user; nothing when there is nobody. As long as there are several users
// the ids of profiles are not asked for: if time was too short for a table, it would be so again.
func (w *worker) halve(ctx context.Context, s scope) (halves []scope, err error) {
	ids := s.ids
	err = w.patiently(ctx, func(ctx context.Context) (err error) {
		if s.ids == nil {
			ids, err = column1(ctx, w.src, "select u.id::text from auth.users u where "+s.on("u.id")+" order by u.id")
		}
		if err == nil && len(ids) < 2 && s.ids == nil && w.run.src.profiles.there() {
			ids, err = column1(ctx, w.src, "select u.id::text from auth.users u where "+s.on("u.id")+" union select "+w.run.profileKey()+"::text from "+w.run.src.profiles.sql()+" p where "+s.on(w.run.profileKey()))
			s.ids = ids
		}
		return err
	})
	first, second := s, s
	switch half := len(ids) / 2; {
	case err != nil || len(ids) == 0:
		return nil, err
	case len(ids) == 1:
		first.ids = ids
		return []scope{first}, nil
	case s.ids != nil:
		first.ids, second.ids = ids[:half], ids[half:]
	default:
		first.high, second.low = ids[half], ids[half]
	}
	return []scope{first, second}, nil
}

// condemn puts aside as little as possible of one user: the profile, else an identity, else all of them, else the whole.
func (w *worker) condemn(ctx context.Context, b batch, s scope, cause error) (moved, error) {
	var pg *pgconn.PgError
	if !errors.As(cause, &pg) || pg.Code == timedOut {
		return moved{}, cause
	}
	user := s.ids[0]
	var identities []string
	err := w.patiently(ctx, func(ctx context.Context) (err error) {
		identities, err = column1(ctx, w.src, "select i.id::text from auth.identities i where i.provider not in ('email', 'phone') and "+s.on("i.user_id")+" order by i.id")
		return err
	})
	if err != nil {
		return moved{}, err
	}
	suspects := []suspect{{Profile, []string{user}}}
	for _, id := range identities {
		suspects = append(suspects, suspect{Identity, []string{id}})
	}
	suspects = append(suspects, suspect{Identity, identities}, suspect{User, []string{user}})
	for _, x := range suspects {
		if err := w.patiently(ctx, func(ctx context.Context) error { return w.accuse(ctx, user, x, pg.Code) }); err != nil {
			return moved{}, err
		}
		did, err := w.attempts(ctx, b, s, false)
		if err == nil || kindOf(err) != data {
			return did, err
		}
		cause = err
	}
	return moved{}, cause
}

// suspect is rows of one user that the target may have refused.
type suspect struct {
	source Source
	keys   []string
}

// accuse rules that the target refuses these rows of a user, and no others.
func (w *worker) accuse(ctx context.Context, user string, x suspect, state string) error {
	_, err := w.dst.Exec(ctx, `with before as (delete from supabase_import.ruling where run = $1 and user_id = $2::uuid and reason = 'target_error'
  and not (source = $3::supabase_import.source and key = any($4::uuid[])))
insert into supabase_import.ruling (run, user_id, source, key, reason, detail) select $1, $2::uuid, $3::supabase_import.source, key, 'target_error', 'SQLSTATE ' || $5::text from unnest($4::uuid[]) key
on conflict (run, user_id, source, key, reason) do update set detail = excluded.detail`, w.run.id, user, string(x.source), x.keys, state)
	return err
}

func column1(ctx context.Context, db *pgx.Conn, sql string, args ...any) ([]string, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if ids == nil {
		ids = []string{}
	}
	return ids, err
}

// settle copies with new rulings until there is no new one.
func (w *worker) settle(ctx context.Context, b batch, s scope) (moved, error) {
	return w.attempts(ctx, b, s, true)
}

// errRuled says that the target had something to say first; the projection knows it next time.
var errRuled = errors.New("a ruling was made")

func (w *worker) attempts(ctx context.Context, b batch, s scope, first bool) (moved, error) {
	var did moved
	for range 5 {
		err := w.patiently(ctx, func(ctx context.Context) (err error) {
			did, err = w.attempt(ctx, b, s, first)
			return err
		})
		if !errors.Is(err, errRuled) {
			return did, err
		}
		first = false
	}
	return did, fmt.Errorf("batch %d: the target keeps changing under it", b.number)
}

// attempt is one transaction on either side.
func (w *worker) attempt(ctx context.Context, b batch, s scope, first bool) (did moved, err error) {
	defer func() {
		if err != nil && !errors.Is(err, errRuled) {
			w.rollback(ctx)
		}
	}()
	if err := run(ctx, w.dst, "begin"); err != nil {
		return did, fmt.Errorf("begin at the target: %w", err)
	}
	fresh, rules, err := w.prepare(ctx, s, first)
	if err != nil {
		return did, err
	}
	if err := w.stage(ctx, s, rules); err != nil {
		return did, err
	}
	if !fresh || w.run.foreign {
		if ruled, err := w.judge(ctx, s, fresh); err != nil || ruled {
			return did, orRuled(err)
		}
	}
	return w.write(ctx, b, s, fresh)
}

func orRuled(err error) error {
	if err == nil {
		return errRuled
	}
	return err
}

func (w *worker) rollback(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	for _, db := range []*pgx.Conn{w.src, w.dst} {
		if db != nil && !db.IsClosed() && run(ctx, db, "rollback") != nil {
			closed(db)
		}
	}
}

// prepare reads what was ruled about the scope, and whether anything of it is in the target yet. The first attempt asks
// anew what the target thinks. Until the end of the transaction nobody else can take the run over.
func (w *worker) prepare(ctx context.Context, s scope, first bool) (fresh bool, r rulings, err error) {
	if first {
		if err := run(ctx, w.dst, fmt.Sprintf("delete from supabase_import.ruling l where l.run = %d and %s and l.reason like 'target\\_%%'", w.run.id, s.on("l.user_id"))); err != nil {
			return false, nil, fmt.Errorf("clear rulings: %w", err)
		}
	}
	if r, err = readRulings(ctx, w.dst, w.run.id, s); err != nil {
		return false, nil, err
	}
	err = w.dst.QueryRow(ctx, fmt.Sprintf(`select not exists (select from supabase_import.ledger l where l.run = %[1]d and %[2]s) and not exists (select from "user" u where %[3]s)
  and not exists (select from user_profile p where %[4]s), r.epoch = %[5]d from supabase_import.run r where r.id = %[1]d for key share of r`,
		w.run.id, s.on("l.user_id"), s.on("u.id"), s.on("p.user_id"), w.run.epoch)).Scan(&fresh, new(held))
	if err != nil {
		return false, nil, fmt.Errorf("look at the target: %w", err)
	}
	return fresh, r, nil
}

// held scans whether the run is still ours.
type held struct{}

// Scan implements sql.Scanner.
func (*held) Scan(v any) error {
	if ours, _ := v.(bool); !ours {
		return lost()
	}
	return nil
}

func readRulings(ctx context.Context, db *pgx.Conn, id int, s scope) (rulings, error) {
	r := rulings{}
	rows, err := db.Query(ctx, fmt.Sprintf("select source::text, reason, key::text from supabase_import.ruling l where l.run = %d and %s", id, s.on("l.user_id")))
	if err != nil {
		return nil, fmt.Errorf("read rulings: %w", err)
	}
	var src, reason, key string
	_, err = pgx.ForEachRow(rows, []any{&src, &reason, &key}, func() error {
		k := ruled{Source(src), reason}
		r[k] = append(r[k], key)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read rulings: %w", err)
	}
	return r, nil
}

// stage streams the scope from one snapshot of the source into the target's temporary tables.
func (w *worker) stage(ctx context.Context, s scope, r rulings) error {
	if err := run(ctx, w.src, "begin isolation level repeatable read read only"); err != nil {
		return fmt.Errorf("begin at the source: %w", err)
	}
	list := func(cols []mapped) string { return strings.Join(names(cols), ", ") }
	const common = "key, user_id, raw, reason, fields, original, residue"
	if err := pump(ctx, w.src, w.dst, w.run.users(s, r), "stage_user ("+common+", "+list(w.run.userColumns())+", password)"); err != nil {
		return fmt.Errorf("users: %w", err)
	}
	if err := pump(ctx, w.src, w.dst, w.run.identities(s, r), "stage_identity ("+common+", folded, "+list(w.run.accountColumns())+")"); err != nil {
		return fmt.Errorf("identities: %w", err)
	}
	if w.run.src.profiles.there() {
		if err := pump(ctx, w.src, w.dst, w.run.profiles(s, r), "stage_profile ("+common+", "+list(w.run.profileColumns())+")"); err != nil {
			return fmt.Errorf("profiles: %w", err)
		}
	}
	if q := w.run.others(s); q != "" {
		if err := pump(ctx, w.src, w.dst, q, "stage_other ("+common+", source)"); err != nil {
			return fmt.Errorf("second factors: %w", err)
		}
	}
	if err := run(ctx, w.src, "commit"); err != nil {
		return fmt.Errorf("commit at the source: %w", err)
	}
	return nil
}

// judge classifies what is staged, and makes the rulings that follow; true if there was one, and then it is committed.
func (w *worker) judge(ctx context.Context, s scope, fresh bool) (bool, error) {
	sql := ""
	if !fresh {
		sql = nestless + vanished(w.run.id, s, "deleted_in_source")
		for _, p := range w.run.parts() {
			sql += p.classify(w.run.id, s, false)
		}
		sql += "reset enable_nestloop;\n" + dependants
	}
	if err := run(ctx, w.dst, sql); err != nil {
		return false, fmt.Errorf("classify: %w", err)
	}
	insert := fmt.Sprintf("insert into supabase_import.ruling (run, user_id, source, key, reason) select distinct %d, ", w.run.id)
	const once = " on conflict do nothing;\n"
	return w.rule(ctx, insert+`s.user_id, 'user'::supabase_import.source, s.key, 'target_id_taken' from stage_user s where s.action = 'taken'`+once+
		insert+`s.user_id, 'profile'::supabase_import.source, s.key, 'target_profile_taken' from stage_profile s where s.action = 'taken'`+once+
		insert+`s.user_id, 'identity'::supabase_import.source, s.key, 'target_account_taken' from stage_identity s where s.action = 'taken'`+once+
		insert+fmt.Sprintf(`s.user_id, 'identity'::supabase_import.source, s.key, 'target_account_taken' from stage_identity s
join supabase_import.foreign_account f on f.run = %d and f."providerId" = s."providerId" and f."accountId" = s."accountId" and f.id <> s.key
where s.action in ('new', 'update') and s.reason is null and not s.folded`, w.run.id)+once)
}

// rule carries out statements that make rulings, and commits if any row came of them.
func (w *worker) rule(ctx context.Context, sql string) (bool, error) {
	results, err := w.dst.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return false, fmt.Errorf("make rulings: %w", err)
	}
	var n int64
	for _, r := range results {
		n += r.CommandTag.RowsAffected()
	}
	if n == 0 {
		return false, nil
	}
	return true, run(ctx, w.dst, "commit")
}

// write carries out what was decided, and commits. An address that turns out to be taken is a ruling.
func (w *worker) write(ctx context.Context, b batch, s scope, fresh bool) (did moved, err error) {
	sql := "savepoint staged;\n"
	if !fresh {
		sql += removals + w.run.changes()
	}
	sql += w.run.insertions() + w.run.ledger(w.run.id, w.run.pass, s, fresh)
	if err := run(ctx, w.dst, sql); err != nil {
		var pg *pgconn.PgError
		if errors.As(err, &pg) && pg.Code == "23505" {
			ruled, e := w.collide(ctx)
			if e != nil || ruled {
				return did, orRuled(e)
			}
		}
		return did, fmt.Errorf("write batch %d: %w", b.number, err)
	}
	if err := w.dst.QueryRow(ctx, tally).Scan(&did.rows, &did.written, &did.unchanged, &did.quarantined); err != nil {
		return did, fmt.Errorf("count batch %d: %w", b.number, err)
	}
	if err := run(ctx, w.dst, "commit"); err != nil {
		return did, fmt.Errorf("commit batch %d: %w", b.number, err)
	}
	return did, nil
}

// collide finds out whose address or number is taken. A row of ours that is untouched steps aside, and is looked at again
// in its own batch; against anybody else's, ours loses.
func (w *worker) collide(ctx context.Context) (bool, error) {
	user := w.run.parts()[0]
	columns := []struct{ name, reason, aside string }{{"email", "target_email_taken", "u.id || '@moving." + addressSuffix + "'"}}
	if w.run.full() {
		columns = append(columns, struct{ name, reason, aside string }{`"phoneNumber"`, "target_phone_taken", "null"})
	}
	sql := "rollback to savepoint staged;\n"
	for _, c := range columns {
		holder := fmt.Sprintf(`u.%[1]s = s.%[1]s and u.id <> s.key and s.reason is null and s.action in ('new', 'update')`, c.name)
		sql += fmt.Sprintf(`with aside as (update "user" u set %[1]s = %[2]s from stage_user s, supabase_import.ledger l
  where %[3]s and l.run = %[4]d and l.user_id = u.id and l.source = 'user' and l.written = %[5]s returning u.id, %[5]s as hash)
update supabase_import.ledger l set raw = null, written = a.hash from aside a where l.run = %[4]d and l.user_id = a.id and l.source = 'user';
insert into supabase_import.ruling (run, user_id, source, key, reason) select distinct %[4]d, s.key, 'user'::supabase_import.source, s.key, '%[6]s' from stage_user s
  join "user" u on %[3]s on conflict do nothing;
`, c.name, c.aside, holder, w.run.id, hashed(row("u", user.cols)), c.reason)
	}
	return w.rule(ctx, sql)
}

// changed compares fingerprints, user by user, and lists the users with a difference. Users without one are counted.
func (w *worker) changed(ctx context.Context, s scope) ([]string, moved, error) {
	read := func(db *pgx.Conn, sql string) (map[string]string, error) {
		sums := map[string]string{}
		rows, err := db.Query(ctx, sql)
		if err != nil {
			return nil, err
		}
		var id, sum string
		var n int64
		_, err = pgx.ForEachRow(rows, []any{&id, &sum, &n}, func() error {
			sums[id] = fmt.Sprintf("%s/%d", sum, n)
			return nil
		})
		return sums, err
	}
	now, err := read(w.src, "select user_id::text, sum(raw)::text, count(*) from ("+w.run.fingerprints(s)+") f group by user_id")
	if err != nil {
		return nil, moved{}, fmt.Errorf("fingerprints of the source: %w", err)
	}
	then, err := read(w.dst, fmt.Sprintf("select user_id::text, coalesce(sum(raw), 0)::text, count(raw) from supabase_import.ledger l where l.run = %d and l.outcome <> 'deleted' and %s group by user_id having count(raw) > 0",
		w.run.id, s.on("l.user_id")))
	if err != nil {
		return nil, moved{}, fmt.Errorf("fingerprints of the ledger: %w", err)
	}
	var changed []string
	var same moved
	for id, sum := range now {
		if then[id] != sum {
			changed = append(changed, id)
			continue
		}
		_, n, _ := strings.Cut(sum, "/")
		var count int64
		_, _ = fmt.Sscan(n, &count)
		same.rows += count
		same.unchanged += count
	}
	for id := range then {
		if _, ok := now[id]; !ok {
			changed = append(changed, id)
		}
	}
	return changed, same, nil
}
