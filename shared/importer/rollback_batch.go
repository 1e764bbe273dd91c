package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// undoTables hold what is known of the users of a batch: ours are those whom the run wrote, goes says that what the run
// brought of them is removed; holding names the tables whose rows keep a user, n rows each.
const undoTables = `create temp table undo (user_id uuid primary key, ours boolean not null, touched boolean not null, goes boolean not null) on commit delete rows;
create temp table holding (user_id uuid not null, name text not null, n bigint not null) on commit delete rows;
`

// sortOut fills the working table: it compares every row that the run wrote with what is there now.
func (r *rollback) sortOut(s scope) string {
	var sql strings.Builder
	fmt.Fprintf(&sql, `delete from undo; delete from holding;
insert into undo
select user_id, ours, touched, not touched or %t from (
  select user_id, bool_or(ours) as ours, bool_or(changed) or bool_or(ours) and bool_or(added) as touched from (
    select l.user_id, true as known, l.source = 'user' and l.written is not null as ours, false as changed, false as added
    from supabase_import.ledger l where l.run = %d and %s`, r.Force, r.id, s.on("l.user_id"))
	for _, p := range r.parts() {
		fmt.Fprintf(&sql, `
    union all select l.user_id, false, false, true, false
    from (select * from supabase_import.ledger l where l.run = %d and l.source = '%s' and l.%[3]s is not null and %[4]s) l
    left join (select %[5]s as key, %[6]s as owner, %[7]s as hash from %[8]s and %[9]s) e on e.key = l.key and e.owner = l.user_id
    where e.hash is distinct from l.%[3]s`,
			r.id, p.source, p.hash, s.on("l.user_id"), p.key, p.owner, hashed(row("e", p.cols)), p.from, s.on(p.owner))
		if p.action != "action" || p.source != User {
			fmt.Fprintf(&sql, `
    union all select %[1]s, false, false, false, true from %[2]s and %[3]s
      and not exists (select from supabase_import.ledger l where l.run = %[4]d and l.source = '%[5]s' and l.user_id = %[1]s and l.key = %[6]s and l.%[7]s is not null and %[8]s)`,
				p.owner, p.from, s.on(p.owner), r.id, p.source, p.key, p.hash, s.on("l.user_id"))
		}
	}
	sql.WriteString(`
  ) x group by user_id having bool_or(known)) y;
analyze undo`)
	return sql.String()
}

// Which rows go: all that hang on a user who goes, and of a user who was there before, those that the run wrote. Each is a
// condition on undo o and its table.
func (r *rollback) going(s scope) (users, accounts, profiles, sessions string) {
	ours := func(src Source, key, hash string) string {
		return fmt.Sprintf("exists (select from supabase_import.ledger l where l.run = %d and l.user_id = o.user_id and l.source = '%s' and l.key = %s and l.%s is not null)", r.id, src, key, hash)
	}
	users = `o.goes and o.ours and u.id = o.user_id and ` + s.on("u.id")
	accounts = `o.goes and a."userId" = o.user_id and ` + s.on(`a."userId"`) + ` and (o.ours
  or a."providerId" = 'credential' and a.id = o.user_id and ` + ours(User, "a.id", "credential") + `
  or a."providerId" <> 'credential' and ` + ours(Identity, "a.id", "written") + ")"
	profiles = `o.goes and p.user_id = o.user_id and ` + s.on("p.user_id") + " and (o.ours or " + ours(Profile, "p.user_id", "written") + ")"
	sessions = `o.goes and o.ours and n."userId" = o.user_id and ` + s.on(`n."userId"`)
	return users, accounts, profiles, sessions
}

// findHolding finds users to whom rows of other tables refer: they stay. Without Cascade every such row keeps its user;
// with it, those that Postgres would not delete or change along. Where the four tables refer to each other it looks
// again, since a row whose user stays after all may refer to another user.
func (r *rollback) findHolding(ctx context.Context, s scope) error {
	if len(r.references) == 0 {
		return nil
	}
	keeps := "r.effect <> '" + removed + "'"
	if r.Cascade {
		keeps = "r.effect = '" + string(holds) + "'"
	}
	for again := true; again; {
		if err := run(ctx, r.dst, r.goingRows(s)); err != nil {
			return fmt.Errorf("list what goes: %w", err)
		}
		for step, n := 0, int64(1); n > 0 && (step == 0 || r.Cascade); step++ {
			var err error
			if n, err = reach(ctx, r.dst, r.references, step); err != nil {
				return err
			}
		}
		tag, err := r.dst.Exec(ctx, `with h as (insert into holding select r.key, r.name, count(distinct (r.rel, r.tid)) from reached r where `+keeps+` group by 1, 2 returning user_id)
update undo o set goes = false, touched = true where o.goes and o.user_id in (select user_id from h)`)
		if err != nil {
			return fmt.Errorf("keep users to whom rows of other tables refer: %w", err)
		}
		again = tag.RowsAffected() > 0 && slices.ContainsFunc(r.references, func(r reference) bool { return r.ours })
	}
	return nil
}

// goingRows lists the rows that would go.
func (r *rollback) goingRows(s scope) string {
	users, accounts, profiles, sessions := r.going(s)
	list := func(alias, from, condition string) string {
		return fmt.Sprintf("insert into reached select 'user', o.user_id, 0, %[1]s.tableoid, %[1]s.ctid, null, '%[2]s' from %[3]s, undo o where %[4]s;\n", alias, removed, from, condition)
	}
	return "delete from reached;\n" + list("u", `"user" u`, users) + list("a", "account a", accounts) + list("p", "user_profile p", profiles) +
		list("n", "session n", sessions) + "analyze reached;\n"
}

// count says what goes and who stays.
func (r *rollback) count(ctx context.Context, s scope) (Undone, error) {
	users, accounts, profiles, sessions := r.going(s)
	u := noneUndone()
	var user, account, profile int64
	err := r.dst.QueryRow(ctx, `select (select count(*) from "user" u, undo o where `+users+`), (select count(*) from account a, undo o where `+accounts+`),
  (select count(*) from user_profile p, undo o where `+profiles+`), (select count(*) from session n, undo o where `+sessions+`),
  (select count(*) from undo o where not goes), (select count(distinct user_id) from holding), array(select user_id::text from undo o where not goes order by user_id limit `+fmt.Sprint(touchedNamed)+`),
  (select coalesce(json_object_agg(name, n), '{}') from (`+othersGoing(deletes)+`) x), (select coalesce(json_object_agg(name, n), '{}') from (`+othersGoing(changes)+`) x),
  (select coalesce(json_object_agg(name, n), '{}') from (select name, sum(n) as n from holding where n > 0 group by 1) x),
  (select coalesce(json_object_agg(user_id, tables), '{}') from (select user_id, string_agg(case when n > 0 then name || ': ' || n else name end, ', ' order by name) as tables
    from holding group by 1 order by 1 limit `+fmt.Sprint(touchedNamed)+`) x)`).
		Scan(&user, &account, &profile, &u.Sessions, &u.Left, &u.Held, &u.Touched, &u.Cascaded, &u.Changed, &u.Holding, &u.Because)
	u.Removed = map[string]int64{"user": user, "account": account, "user_profile": profile}
	if err == nil {
		err = r.dst.QueryRow(ctx, restored(r.id, s)).Scan(&u.Restored)
	}
	return u, named("count", err)
}

// othersGoing counts rows of other tables that go with users who go, or are changed by it, by table.
func othersGoing(e effect) string {
	return `select name, count(*) as n from (select distinct on (g.rel, g.tid) g.name, g.effect from reached g join undo o on o.user_id = g.key
  where o.goes and g.effect in ('` + string(deletes) + `', '` + string(changes) + `') order by g.rel, g.tid, g.effect desc) y where effect = '` + string(e) + `' group by 1`
}

// keepOthers writes the rows of other tables that go or are changed into the quarantine, as they are before.
func (r *rollback) keepOthers() string {
	sql, done := "", map[string]bool{}
	for _, ref := range r.references {
		if done[ref.from] {
			continue
		}
		done[ref.from] = true
		sql += fmt.Sprintf(`insert into supabase_import.quarantine (run, user_id, source, key, field, reason, detail, original, resolved)
select distinct on (g.rel, g.tid) %d, g.key, 'user', gen_random_uuid(), g.name, 'cascaded', case g.effect when '%s' then 'deleted' else 'reference removed' end, to_jsonb(c), now()
from reached g join undo o on o.user_id = g.key join %s c on c.tableoid = g.rel and c.ctid = g.tid
where o.goes and g.effect in ('%[2]s', '%[4]s') order by g.rel, g.tid, g.effect desc;
`, r.id, deletes, ref.from, changes)
	}
	return sql
}

// deletions deletes what goes, children first, and checks every foreign key at once, deferred ones too.
func (r *rollback) deletions(s scope, more string) string {
	users, accounts, profiles, _ := r.going(s)
	return `delete from account a using undo o where ` + accounts + more + `;
delete from user_profile p using undo o where ` + profiles + more + `;
delete from "user" u using undo o where ` + users + more + `;
set constraints all immediate;
`
}

// narrow finds, by halves, the users whom the target refuses to delete for a reason that no foreign key shows, such as
// a trigger, and keeps them.
func (r *rollback) narrow(ctx context.Context, s scope, ids []string, why string) (found bool, err error) {
	if len(ids) == 1 {
		_, err := r.dst.Exec(ctx, "with o as (update undo set goes = false, touched = true where user_id = $1::uuid) insert into holding values ($1::uuid, $2, 0)", ids[0], why)
		return true, named("keep a user", err)
	}
	for _, half := range [][]string{ids[:len(ids)/2], ids[len(ids)/2:]} {
		why, err := r.try(ctx, r.deletions(s, " and o.user_id = any("+uuids(half)+")"))
		if err != nil {
			return found, err
		}
		if why == "" {
			if err := run(ctx, r.dst, "rollback to savepoint trial"); err != nil {
				return found, err
			}
			continue
		}
		one, err := r.narrow(ctx, s, half, why)
		if err != nil {
			return found, err
		}
		found = found || one
	}
	return found, nil
}

// try carries out statements behind a savepoint. why is the target's refusal, and then nothing was done; "" if there is
// none.
func (r *rollback) try(ctx context.Context, sql string) (why string, err error) {
	err = run(ctx, r.dst, "savepoint trial;\n"+sql)
	if err == nil {
		return "", nil
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || kindOf(err) != data {
		return "", fmt.Errorf("remove: %w", err)
	}
	return refusal(pg), run(ctx, r.dst, "rollback to savepoint trial")
}

// remove deletes what goes and what the ledger says of it. What changed here, and rows of other tables, are kept in the
// quarantine, where nothing is waited for any more.
func (r *rollback) remove(s scope, b batch) string {
	users, accounts, profiles, _ := r.going(s)
	keep := func(src Source, id, owner, row, table, condition string) string {
		return fmt.Sprintf(`insert into supabase_import.quarantine as q (run, user_id, source, key, field, reason, original, resolved)
select %d, %s, '%s', %s, '', 'rolled_back', to_jsonb(%s), now() from %s, undo o where o.touched and %s
on conflict (run, user_id, source, key, field, reason) do update set original = excluded.original, last_seen = now(), resolved = now();
`, r.id, owner, src, id, row, table, condition)
	}
	sql := ""
	if r.Force {
		sql = keep(User, "u.id", "u.id", "u", `"user" u`, users) + keep(Identity, "a.id", `a."userId"`, "a", "account a", accounts) +
			keep(Profile, "p.user_id", "p.user_id", "p", "user_profile p", profiles)
	}
	if r.Cascade {
		sql += r.keepOthers()
	}
	return sql + r.deletions(s, "") + restore(r.id) + fmt.Sprintf(`delete from supabase_import.ledger l using undo o where l.run = %[1]d and l.user_id = o.user_id and o.goes and %[2]s;
delete from supabase_import.ruling l where l.run = %[1]d and %[2]s and not exists (select from undo o where o.user_id = l.user_id and not o.goes);
update supabase_import.quarantine l set resolved = now() where l.run = %[1]d and %[2]s and l.resolved is null and l.reason <> '%[4]s' and not exists (select from undo o where o.user_id = l.user_id and not o.goes);
update supabase_import.batch set copied = false, pass = 0, rows = 0, took = null,
  quarantined = (select count(*) from supabase_import.ledger l where l.run = %[1]d and %[2]s and l.outcome = 'quarantined') where run = %[1]d and number = %[3]d`,
		r.id, s.on("l.user_id"), b.number, addressReleased)
}

// batch undoes one batch in one transaction, together with the note of it. The transaction has one view of the target:
// should anybody change a user after it was looked at, the deletion fails, and all is looked at again.
func (r *rollback) batch(ctx context.Context, i int) error {
	if err := run(ctx, r.dst, "begin isolation level repeatable read"); err != nil {
		return err
	}
	if !r.DryRun {
		if done, err := r.hold(ctx, r.batches[i]); err != nil || done {
			return err
		}
	}
	return r.step(ctx, i)
}

// step undoes one batch in a transaction that is open, and ends it where the batch stands alone.
func (r *rollback) step(ctx context.Context, i int) error {
	b, began := r.batches[i], r.m.Now()
	e := Event{Run: r.run, Action: "rollback", DryRun: r.DryRun, Batch: b.number, Batches: len(r.batches), Done: i + 1}
	err := r.dst.QueryRow(ctx, fmt.Sprintf("select count(*) from supabase_import.ledger l where l.run = %d and %s", r.id, b.on("l.user_id"))).Scan(&e.Rows)
	if err != nil {
		return fmt.Errorf("count the ledger: %w", err)
	}
	u, err := r.settle(ctx, b)
	if err != nil {
		return err
	}
	so := r.so.plus(u)
	so.Next = b.number + 1
	if err := r.end(ctx, so); err != nil {
		return err
	}
	r.so = so
	for _, n := range u.Removed {
		e.Copied += n
	}
	e.Took = r.m.Now().Sub(began)
	r.m.tell(e)
	return nil
}

// settle decides who of a batch goes, counts, and removes them. A dry run deletes the rows, too, to see whether it can,
// and leaves the ledger alone.
func (r *rollback) settle(ctx context.Context, b batch) (Undone, error) {
	if err := run(ctx, r.dst, r.sortOut(b.scope)); err != nil {
		return Undone{}, fmt.Errorf("compare with what the run wrote: %w", err)
	}
	for {
		if err := r.findHolding(ctx, b.scope); err != nil {
			return Undone{}, err
		}
		u, err := r.count(ctx, b.scope)
		if err != nil {
			return u, err
		}
		removal := r.deletions(b.scope, "")
		switch {
		case !r.DryRun:
			removal = r.remove(b.scope, b)
		case r.connected():
			removal += restore(r.id)
		}
		why, err := r.try(ctx, removal)
		if err != nil || why == "" {
			return u, err
		}
		ids, err := column1(ctx, r.dst, "select user_id::text from undo where goes order by 1")
		if err != nil {
			return u, fmt.Errorf("list who goes: %w", err)
		}
		switch found, err := r.narrow(ctx, b.scope, ids, why); {
		case err != nil:
			return u, err
		case !found:
			return u, fmt.Errorf("remove: the target refuses it: %s", why)
		}
	}
}

// hold keeps others from taking the run over while the transaction lasts, and reads what is stored: the answer to an
// earlier commit may have been lost on the way. done: it was, and the batch is through.
func (r *rollback) hold(ctx context.Context, b batch) (done bool, err error) {
	var text string
	err = r.dst.QueryRow(ctx, "select epoch = $2, undone::text from supabase_import.run where id = $1 for no key update", r.id, r.epoch).Scan(new(held), &text)
	if err != nil {
		return false, fmt.Errorf("hold the run: %w", err)
	}
	so := unwinding{Undone: noneUndone()}
	if err := json.Unmarshal([]byte(text), &so); err != nil {
		return false, fmt.Errorf("read the rollback: %w", err)
	}
	if r.so = so; so.Next <= b.number {
		return false, nil
	}
	return true, run(ctx, r.dst, "rollback")
}

// end ends a batch: a real one is written down and committed, a dry one is taken back, unless later ones have to see
// it.
func (r *rollback) end(ctx context.Context, so unwinding) error {
	switch {
	case r.connected():
		return nil
	case r.DryRun:
		return run(ctx, r.dst, "rollback")
	}
	text, err := json.Marshal(so)
	if err != nil {
		return err
	}
	_, err = r.dst.Exec(ctx, "update supabase_import.run set undone = $2::jsonb, held_until = now() + $3::interval where id = $1", r.id, string(text), leaseTime)
	if err != nil {
		return fmt.Errorf("write down what was done: %w", err)
	}
	return run(ctx, r.dst, "commit")
}

// plus adds what a batch did.
func (a unwinding) plus(b Undone) unwinding {
	sum := unwinding{Undone: noneUndone(), Next: a.Next, Force: a.Force, Cascade: a.Cascade}
	for _, part := range []Undone{a.Undone, b} {
		add(sum.Removed, part.Removed)
		add(sum.Cascaded, part.Cascaded)
		add(sum.Changed, part.Changed)
		add(sum.Holding, part.Holding)
		sum.Sessions += part.Sessions
		sum.Left += part.Left
		sum.Restored += part.Restored
		sum.Held += part.Held
		sum.Touched = append(sum.Touched, part.Touched...)
		maps.Copy(sum.Because, part.Because)
	}
	sum.Touched = sum.Touched[:min(len(sum.Touched), touchedNamed)]
	if len(sum.Because) > touchedNamed {
		maps.DeleteFunc(sum.Because, func(id, _ string) bool { return !slices.Contains(sum.Touched, id) })
	}
	return sum
}

func add(to, from map[string]int64) {
	for key, n := range from {
		to[key] += n
	}
}
