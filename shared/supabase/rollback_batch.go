package supabase

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// undoTable holds what is known of the users of a batch: ours are those whom the run wrote, goes says that what the run
// brought of them is removed.
const undoTable = `create temp table undo (user_id uuid primary key, ours boolean not null, touched boolean not null, goes boolean not null) on commit delete rows`

// attachment is a table besides those that the run writes whose rows refer to users.
type attachment struct {
	table, column string // quoted
	holds         bool   // its rows keep the user from being deleted
}

// attachments finds them in the catalog.
func attachments(ctx context.Context, db *pgx.Conn) ([]attachment, error) {
	rows, err := db.Query(ctx, `select format('%I.%I', n.nspname, c.relname), quote_ident(a.attname), k.confdeltype in ('a', 'r')
from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
where k.contype = 'f' and k.confrelid = '"user"'::regclass and k.conparentid = 0 and cardinality(k.conkey) = 1
  and k.conrelid not in ('session'::regclass, 'account'::regclass, 'user_profile'::regclass)
  and k.confkey[1] = (select attnum from pg_attribute i where i.attrelid = k.confrelid and i.attname = 'id')
order by 1, 2`)
	if err != nil {
		return nil, fmt.Errorf("look for what refers to users: %w", err)
	}
	var all []attachment
	var a attachment
	_, err = pgx.ForEachRow(rows, []any{&a.table, &a.column, &a.holds}, func() error { all = append(all, a); return nil })
	return all, named("look for what refers to users", err)
}

// sortOut fills the working table: it compares every row that the run wrote with what is there now.
func (r *rollback) sortOut(s scope) string {
	var sql strings.Builder
	fmt.Fprintf(&sql, `insert into undo
select user_id, ours, touched, not held and (not touched or %t) from (
  select user_id, bool_or(ours) as ours, bool_or(changed) or bool_or(ours) and bool_or(added) as touched, bool_or(ours) and bool_or(held) as held from (
    select l.user_id, true as known, l.source = 'user' and l.written is not null as ours, false as changed, false as added, false as held
    from supabase_import.ledger l where l.run = %d and %s`, r.force, r.id, s.on("l.user_id"))
	for _, p := range r.parts() {
		fmt.Fprintf(&sql, `
    union all select l.user_id, false, false, true, false, false
    from (select * from supabase_import.ledger l where l.run = %d and l.source = '%s' and l.%[3]s is not null and %[4]s) l
    left join (select %[5]s as key, %[6]s as owner, %[7]s as hash from %[8]s and %[9]s) e on e.key = l.key and e.owner = l.user_id
    where e.hash is distinct from l.%[3]s`,
			r.id, p.source, p.hash, s.on("l.user_id"), p.key, p.owner, hashed(row("e", p.cols)), p.from, s.on(p.owner))
		if p.action != "action" || p.source != User {
			fmt.Fprintf(&sql, `
    union all select %[1]s, false, false, false, true, false from %[2]s and %[3]s
      and not exists (select from supabase_import.ledger l where l.run = %[4]d and l.source = '%[5]s' and l.user_id = %[1]s and l.key = %[6]s and l.%[7]s is not null and %[8]s)`,
				p.owner, p.from, s.on(p.owner), r.id, p.source, p.key, p.hash, s.on("l.user_id"))
		}
	}
	for _, a := range r.attached {
		fmt.Fprintf(&sql, `
    union all select a.%s, false, false, false, true, %t from %s a where %s`, a.column, a.holds, a.table, s.on("a."+a.column))
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

// count says what goes and who stays.
func (r *rollback) count(ctx context.Context, s scope) (Undone, error) {
	users, accounts, profiles, sessions := r.going(s)
	u := noneUndone()
	var user, account, profile int64
	err := r.dst.QueryRow(ctx, `select (select count(*) from "user" u, undo o where `+users+`), (select count(*) from account a, undo o where `+accounts+`),
  (select count(*) from user_profile p, undo o where `+profiles+`), (select count(*) from session n, undo o where `+sessions+`),
  (select count(*) from undo o where not goes), array(select user_id::text from undo o where not goes order by user_id limit `+fmt.Sprint(touchedNamed)+`)`).
		Scan(&user, &account, &profile, &u.Sessions, &u.Left, &u.Touched)
	u.Removed = map[string]int64{"user": user, "account": account, "user_profile": profile}
	if err == nil {
		err = r.dst.QueryRow(ctx, restored(r.id, s)).Scan(&u.Restored)
	}
	return u, named("count", err)
}

// remove deletes what goes, children first, and then what the ledger says of it. What somebody had changed is kept in the
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
	if r.force {
		sql = keep(User, "u.id", "u.id", "u", `"user" u`, users) + keep(Identity, "a.id", `a."userId"`, "a", "account a", accounts) +
			keep(Profile, "p.user_id", "p.user_id", "p", "user_profile p", profiles)
	}
	return sql + `delete from account a using undo o where ` + accounts + `;
delete from user_profile p using undo o where ` + profiles + `;
delete from "user" u using undo o where ` + users + `;
` + restore(r.id) + fmt.Sprintf(`delete from supabase_import.ledger l using undo o where l.run = %[1]d and l.user_id = o.user_id and o.goes and %[2]s;
delete from supabase_import.ruling l where l.run = %[1]d and %[2]s and not exists (select from undo o where o.user_id = l.user_id and not o.goes);
update supabase_import.quarantine l set resolved = now() where l.run = %[1]d and %[2]s and l.resolved is null and l.reason <> '%[4]s' and not exists (select from undo o where o.user_id = l.user_id and not o.goes);
update supabase_import.batch set copied = false, pass = 0, rows = 0, took = null,
  quarantined = (select count(*) from supabase_import.ledger l where l.run = %[1]d and %[2]s and l.outcome = 'quarantined') where run = %[1]d and number = %[3]d`,
		r.id, s.on("l.user_id"), b.number, addressReleased)
}

// batch undoes one batch in one transaction, together with the note of it. The transaction has one view of the target:
// should anybody change a user after it was looked at, the deletion fails, and all is looked at again.
func (r *rollback) batch(ctx context.Context, b batch) (e Event, err error) {
	if err := run(ctx, r.dst, "begin isolation level repeatable read"); err != nil {
		return e, err
	}
	if !r.dry {
		if done, err := r.hold(ctx, b); err != nil || done {
			return e, err
		}
	}
	if err := run(ctx, r.dst, r.sortOut(b.scope)); err != nil {
		return e, fmt.Errorf("compare with what the run wrote: %w", err)
	}
	u, err := r.count(ctx, b.scope)
	if err != nil {
		return e, err
	}
	err = r.dst.QueryRow(ctx, fmt.Sprintf("select count(*) from supabase_import.ledger l where l.run = %d and %s", r.id, b.on("l.user_id"))).Scan(&e.Rows)
	if err != nil {
		return e, fmt.Errorf("count the ledger: %w", err)
	}
	so := r.so.plus(u)
	so.Next = b.number + 1
	if err := r.settle(ctx, b, so); err != nil {
		return e, err
	}
	r.so = so
	for _, n := range u.Removed {
		e.Copied += n
	}
	return e, nil
}

// hold keeps others from taking the run over while the transaction lasts, and reads what is stored: the answer to an
// earlier commit may have been lost on the way. done: it was, and the batch is through.
func (r *rollback) hold(ctx context.Context, b batch) (done bool, err error) {
	var text string
	err = r.dst.QueryRow(ctx, "select epoch = $2, undone::text from supabase_import.run where id = $1 for no key update", r.id, r.epoch).Scan(new(held), &text)
	if err != nil {
		return false, fmt.Errorf("hold the run: %w", err)
	}
	so := unwinding{}
	if err := json.Unmarshal([]byte(text), &so); err != nil {
		return false, fmt.Errorf("read the rollback: %w", err)
	}
	if r.so = so; so.Next <= b.number {
		return false, nil
	}
	return true, run(ctx, r.dst, "rollback")
}

// settle carries out what was counted and writes it down, unless this is a rehearsal.
func (r *rollback) settle(ctx context.Context, b batch, so unwinding) error {
	if r.dry {
		return run(ctx, r.dst, "rollback")
	}
	if err := run(ctx, r.dst, r.remove(b.scope, b)); err != nil {
		return fmt.Errorf("remove: %w", err)
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
	sum := unwinding{Undone: noneUndone(), Next: a.Next, Force: a.Force}
	for _, part := range []Undone{a.Undone, b} {
		for table, n := range part.Removed {
			sum.Removed[table] += n
		}
		sum.Sessions += part.Sessions
		sum.Left += part.Left
		sum.Restored += part.Restored
		sum.Touched = append(sum.Touched, part.Touched...)
	}
	sum.Touched = sum.Touched[:min(len(sum.Touched), touchedNamed)]
	return sum
}
