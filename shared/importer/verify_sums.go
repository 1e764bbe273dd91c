package importer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// What should be there is the projection, which the source evaluates; what is there are the target's rows that the ledger
// calls the run's. Both are reduced inside the servers to a count and a sum of hashes of the rows' text, so that one line a
// table crosses the network.

// compared is a kind of target row as both sides tell of it.
type compared struct {
	part
	table   string                      // as a Difference names it
	project func(scope, rulings) string // the source's side
	id      string                      // of a row of ours, its own id; of others, what they are found by
	foreign string                      // condition: the row may be somebody else's, and there before us
	belongs func(rulings) string        // condition: the row counts
}

const brought = "('copied', 'identical', 'kept')"

// compared lists the tables. vacant says that a user with an id of the ledger's cannot have been there before the run.
//
// What hangs on a user whom the run wrote came with the run or after it, so there it counts whatever the ledger says.
func (r *ongoing) compared(vacant bool) []compared {
	user := func(rules rulings) string {
		if !vacant {
			return "l.outcome in " + brought
		}
		return "(l.outcome in " + brought + " or not " + rules.hit(User, "target_id_taken", "e.id") + ")"
	}
	known := func(rulings) string { return "l.outcome in " + brought }
	child := func(rulings) string { return "(l.outcome in " + brought + " or owner.written is not null)" }
	parts := r.parts()
	all := []compared{
		{parts[0], "user", r.users, "e.id", "false", user},
		{parts[1], "credential", r.users, `case when l.credential is not null then e.id else e."userId" end`, "l.written is null", known},
		{parts[2], "account", r.identities, "e.id", "false", child},
	}
	if r.src.profiles.there() {
		all = append(all, compared{parts[3], "user_profile", r.profiles, "case when l.written is not null then e.id else e.user_id end", "false", child})
	}
	return all
}

// sum64 is the first half of a record's MD5, whose text is the same on every server.
func sum64(record string) string {
	return "('x' || left(md5(" + record + "::text), 16))::bit(64)::bigint"
}

// expected are the expressions of a row at the source: id, user and what is mapped.
func (c compared) expected() []string {
	return prefixed("s.", slices.Concat([]string{"key", "user_id"}, c.stagedCols()))
}

// actual are the same at the target.
func (c compared) actual() []string {
	all := slices.Concat([]string{c.id, c.owner}, prefixed("e.", c.cols))
	for i := range all {
		all[i] = moment(all[i])
	}
	return all
}

// columns are the names of these.
func (c compared) columns() []string {
	names := slices.Concat([]string{"id", strings.TrimPrefix(c.owner, "e.")}, c.cols)
	for i := range names {
		names[i] = strings.Trim(names[i], `"`)
	}
	return names
}

func prefixed(with string, all []string) []string {
	out := make([]string, len(all))
	for i, a := range all {
		out[i] = with + a
	}
	return out
}

// record makes one value of expressions, as they are shown.
func record(exprs []string) string {
	out := make([]string, len(exprs))
	for i, e := range exprs {
		out[i] = "(" + e + ")::text"
	}
	return "row(" + strings.Join(out, ", ") + ")"
}

// there is the target's side: rows e with their ledger entry l, NULL where the ledger does not know them, and that of their
// owner. The joins name the ledger's whole key, so that they stay cheap where the planner has no statistics yet.
func (c compared) there(run int, s scope, r rulings) string {
	ledger := func(alias string, src Source) string {
		return fmt.Sprintf("(select l.user_id, l.key, l.outcome, l.written, l.credential from supabase_import.ledger l where l.run = %d and l.source = '%s' and %s) %s", run, src, s.on("l.user_id"), alias)
	}
	sql := "(select e.* from " + c.from + " and " + s.on(c.owner) + ") e "
	if c.source == User {
		sql += "join " + ledger("l", User) + " on l.user_id = " + c.owner + " and l.key = " + c.owner
	} else {
		sql += "join " + ledger("owner", User) + " on owner.user_id = " + c.owner + " and owner.key = " + c.owner +
			" left join " + ledger("l", c.source) + " on l.user_id = " + c.owner + " and l.key = " + c.key
	}
	return sql + " where " + c.belongs(r) + " and not " + c.remains(r)
}

// remains is the condition that a row is gone from the source and stays, as the quarantine says.
func (c compared) remains(r rulings) string {
	reason := removedAtSource
	if c.table == "credential" {
		reason += ".credential"
	}
	return "(" + r.hit(User, removedAtSource, c.owner) + " or " + r.hit(c.source, reason, c.key) + ")"
}

// sumsAtSource asks for the sums of every table at once; users and credentials come out of one reading.
func (r *ongoing) sumsAtSource(s scope, rules rulings, all []compared) string {
	sum := func(c compared) string { return sum64(record(c.expected())) }
	sql := fmt.Sprintf(`select v.t, v.n, v.h::text
from (select count(*) as users, sum(u) as u, count(p) as passwords, sum(p) as p
  from (select %s as u, case when %s then %s end as p from (%s) s where %s offset 0) x) y
cross join lateral (values ('user', users, coalesce(u, 0)), ('credential', passwords, coalesce(p, 0))) v (t, n, h)`,
		sum(all[0]), all[1].wanted, sum(all[1]), r.users(s, rules), all[0].wanted)
	for _, c := range all[2:] {
		sql += fmt.Sprintf("\nunion all select '%s', count(*), coalesce(sum(%s), 0)::text from (%s) s where %s", c.table, sum(c), c.project(s, rules), c.wanted)
	}
	return sql
}

func (r *ongoing) sumsAtTarget(s scope, rules rulings, all []compared) string {
	parts := make([]string, len(all))
	for i, c := range all {
		parts[i] = fmt.Sprintf("select '%s', count(*), coalesce(sum(%s), 0)::text from %s", c.table, sum64(record(c.actual())), c.there(r.id, s, rules))
	}
	return strings.Join(parts, "\nunion all ")
}

// compare reduces a batch to sums on both sides at once, and where they differ finds out why.
func (w *worker) compare(ctx context.Context, b batch, vacant bool) (f found, err error) {
	all := w.run.compared(vacant)
	err = w.patiently(ctx, func(ctx context.Context) error {
		rules, err := readRulings(ctx, w.dst, w.run.id, b.scope)
		if err != nil {
			return err
		}
		f = found{sums: map[string]Checksum{}, named: []Difference{}}
		var there, here map[string]sum
		err = together(ctx,
			func(ctx context.Context) (err error) {
				there, err = sums(ctx, w.src, w.run.sumsAtSource(b.scope, rules, all))
				return named("sums of the source", err)
			},
			func(ctx context.Context) (err error) {
				if err := run(ctx, w.dst, nestless); err != nil {
					return err
				}
				here, err = sums(ctx, w.dst, w.run.sumsAtTarget(b.scope, rules, all))
				return named("sums of the target", err)
			})
		if err != nil {
			return err
		}
		for _, c := range all {
			f.sums[c.table] = Checksum{there[c.table].rows, there[c.table].sum, here[c.table].rows, here[c.table].sum}
			if there[c.table] == here[c.table] {
				continue
			}
			if err := w.drill(ctx, c, b.scope, rules, &f); err != nil {
				return err
			}
		}
		return nil
	})
	return f, err
}

func named(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// together does both, and ends the other when one fails.
func together(ctx context.Context, one, other func(context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return one(ctx) })
	g.Go(func() error { return other(ctx) })
	return g.Wait()
}

type sum struct {
	rows int64
	sum  string
}

func sums(ctx context.Context, db *pgx.Conn, sql string) (map[string]sum, error) {
	rows, err := db.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	out := map[string]sum{}
	var table string
	var s sum
	_, err = pgx.ForEachRow(rows, []any{&table, &s.rows, &s.sum}, func() error { out[table] = s; return nil })
	return out, err
}
