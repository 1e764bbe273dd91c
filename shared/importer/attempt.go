package importer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

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
	rows, err := db.Query(ctx, fmt.Sprintf(`select source::text, reason, key::text from supabase_import.ruling l where l.run = %[1]d and %[2]s
union all select source::text, concat_ws('.', reason, nullif(field, '')), key::text from supabase_import.quarantine l
  where l.run = %[1]d and %[2]s and l.reason = '%[3]s' and l.resolved is null`, id, s.on("l.user_id"), removedAtSource))
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
	var oddities int64
	err = w.releasing(ctx, func() (err error) {
		did, oddities, err = w.place(ctx, fresh)
		return err
	})
	if err != nil {
		var pg *pgconn.PgError
		if errors.As(err, &pg) && pg.Code == "23505" {
			ruled, e := w.collide(ctx)
			if e != nil || ruled {
				return did, orRuled(e)
			}
		}
		return did, fmt.Errorf("write batch %d: %w", b.number, err)
	}
	sql := w.run.ledger(w.run.id, w.run.pass, s, fresh)
	if !fresh || oddities > 0 {
		sql += w.run.quarantine(w.run.id, s, fresh)
	}
	if err := run(ctx, w.dst, sql+"commit"); err != nil {
		return did, fmt.Errorf("write down batch %d: %w", b.number, err)
	}
	if w.written == nil {
		w.written = w.dst
	}
	return did, nil
}

// place puts the rows of the stage where they belong, after the savepoint "staged". oddities are rows for the
// quarantine.
func (w *worker) place(ctx context.Context, fresh bool) (did moved, oddities int64, err error) {
	sql := ""
	if err := run(ctx, w.dst, "savepoint staged"); err != nil {
		return did, 0, err
	}
	if !fresh {
		if err := w.keepReferred(ctx); err != nil {
			return did, 0, err
		}
		if err := run(ctx, w.dst, removals); err != nil {
			return did, 0, removalError{err}
		}
		sql += w.run.changes()
	}
	sql += w.run.insertions() + tally
	err = ask1(ctx, w.dst, sql, &did.rows, &did.written, &did.unchanged, &did.identical, &did.folded, &did.quarantined, &oddities)
	return did, oddities, err
}

// collide finds out whose address or number is taken. A row of the run that is untouched steps aside, and is looked at
// again in its own batch. Against anybody else the source's user loses.
func (w *worker) collide(ctx context.Context) (bool, error) {
	user := w.run.parts()[0]
	columns := []struct{ name, reason, aside string }{{
		"email", `case when s."emailVerified" and not u."emailVerified" then '` + emailUnverified + `' else 'target_email_taken' end`,
		"u.id || '@moving." + addressSuffix + "'",
	}}
	if w.run.full() {
		columns = append(columns, struct{ name, reason, aside string }{`"phoneNumber"`, "'target_phone_taken'", "null"})
	}
	sql := "rollback to savepoint staged;\n"
	for _, c := range columns {
		sql += fmt.Sprintf(`with aside as (update "user" u set %[1]s = %[2]s from stage_user s, supabase_import.ledger l
  where %[3]s and l.run = %[4]d and l.user_id = u.id and l.source = 'user' and l.written = %[5]s returning u.id, %[5]s as hash)
update supabase_import.ledger l set raw = case when l.outcome = 'kept' then l.raw end, written = a.hash from aside a where l.run = %[4]d and l.user_id = a.id and l.source = 'user';
insert into supabase_import.ruling (run, user_id, source, key, reason) select distinct %[4]d, s.key, 'user'::supabase_import.source, s.key, %[6]s from stage_user s
  join "user" u on %[3]s on conflict do nothing;
`, c.name, c.aside, collision(c.name), w.run.id, hashed(row("u", user.cols)), c.reason)
	}
	return w.rule(ctx, sql)
}

// collision is an SQL condition: the target's user u has the address or number that the staged user s is to get.
func collision(column string) string {
	return fmt.Sprintf(`u.%[1]s = s.%[1]s and u.id <> s.key and s.reason is null and s.action in ('new', 'update')`, column)
}
