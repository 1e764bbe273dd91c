package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// What should be there is the projection, which the source evaluates; what is there are the target's rows that the
// ledger calls the run's. Both servers reduce them to a count and a sum of hashes of the rows' text, so that one line
// for each table crosses the network.

// table is a kind of target row, with its SQL on both sides.
type table struct {
	mapping.TargetRow
	name      string                                         // as a Difference names it
	project   func(mapping.Scope, mapping.Rejections) string // the source's side
	id        string                                         // of the run's rows, their id; of others, what finds them
	isForeign string                                         // condition: another program may have written the row
	counts    func(mapping.Rejections) string                // condition: the row counts
}

// tables lists the kinds. noSharedIDs says that a user with an id of the ledger's cannot have been there before the
// run. Rows of a user whom the run wrote came with the run or after it, so they count even if the ledger does not have
// them.
func tables(p *run.Pass, noSharedIDs bool) []table {
	const isCopied = "l.outcome IN " + run.CopiedOutcomes
	user := func(r mapping.Rejections) string {
		if !noSharedIDs {
			return isCopied
		}
		return "(" + isCopied + " OR NOT " + r.Include(mapping.User, mapping.TargetIDTaken, "e.id") + ")"
	}
	known := func(mapping.Rejections) string { return isCopied }
	child := func(mapping.Rejections) string { return "(" + isCopied + " OR owner.written IS NOT NULL)" }
	rows := p.TargetRows()
	all := []table{
		{rows[0], "user", p.Users, "e.id", "false", user},
		{
			rows[1], "credential", p.Users, `CASE WHEN l.credential IS NOT NULL THEN e.id ELSE e."userId" END`,
			"l.written IS NULL", known,
		},
		{rows[2], "account", p.Identities, "e.id", "false", child},
	}
	if p.Source.Profiles.Usable() {
		all = append(all, table{
			rows[3], "user_profile", p.Profiles, "CASE WHEN l.written IS NOT NULL THEN e.id ELSE e.user_id END", "false", child,
		})
	}
	return all
}

// expected are the expressions of a row at the source: id, user and what is mapped.
func (t table) expected() []string {
	return prefixed("s.", slices.Concat([]string{"key", "user_id"}, t.StagedColumns()))
}

// actual are the same at the target.
func (t table) actual() []string {
	all := slices.Concat([]string{t.id, t.Owner}, prefixed("e.", t.Columns))
	for i := range all {
		all[i] = mapping.WithTimeZone(all[i])
	}
	return all
}

// columns are the names of these.
func (t table) columns() []string {
	names := slices.Concat([]string{"id", strings.TrimPrefix(t.Owner, "e.")}, t.Columns)
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

// checksum is that of a row whose values are the expressions, as Postgres shows them.
func checksum(exprs []string) string {
	texts := make([]string, len(exprs))
	for i, e := range exprs {
		texts[i] = "(" + e + ")::text"
	}
	return mapping.Checksum("row(" + strings.Join(texts, ", ") + ")")
}

// inTarget is the target's side: rows e with their ledger entry l, NULL where the ledger does not know them, and that
// of their owner. The joins name the ledger's whole key, so that they stay cheap where the planner has no statistics
// yet.
func (t table) inTarget(id int, s mapping.Scope, r mapping.Rejections) string {
	sql := "(SELECT e.* FROM " + t.From + " AND " + s.Contains(t.Owner) + ") e\n"
	if t.Kind == mapping.User {
		sql += "JOIN " + run.Entries(id, s, "l", mapping.User) + " ON l.user_id = " + t.Owner + " AND l.key = " + t.Owner
	} else {
		sql += "JOIN " + run.Entries(id, s, "owner", mapping.User) +
			" ON owner.user_id = " + t.Owner + " AND owner.key = " + t.Owner +
			"\nLEFT JOIN " + run.Entries(id, s, "l", t.Kind) + " ON l.user_id = " + t.Owner + " AND l.key = " + t.Key
	}
	return sql + "\nWHERE " + t.counts(r) + " AND NOT " + t.remains(r)
}

// remains is the condition that a row is gone from the source and stays, as the quarantine says.
func (t table) remains(r mapping.Rejections) string {
	reason := mapping.KeptAfterSourceDeletion
	if t.name == "credential" {
		reason += ".credential"
	}
	return "(" + r.Include(mapping.User, mapping.KeptAfterSourceDeletion, t.Owner) +
		" OR " + r.Include(t.Kind, reason, t.Key) + ")"
}

// sumsAtSource asks for the sums of all tables at once; users and credentials come out of one reading.
func sumsAtSource(p *run.Pass, s mapping.Scope, r mapping.Rejections, all []table) string {
	user, credential := all[0], all[1]
	sql := fmt.Sprintf(`SELECT v.t, v.n, v.h::text
FROM (
  SELECT count(*) AS users, sum(u) AS u, count(p) AS passwords, sum(p) AS p
  FROM (
    SELECT %s AS u, CASE WHEN %s THEN %s END AS p
    FROM (%s) s
    WHERE %s
    OFFSET 0
  ) x
) y
CROSS JOIN LATERAL (VALUES ('user', users, coalesce(u, 0)), ('credential', passwords, coalesce(p, 0))) v (t, n, h)`,
		checksum(user.expected()), credential.Wanted, checksum(credential.expected()), p.Users(s, r), user.Wanted)
	for _, t := range all[2:] {
		sql += fmt.Sprintf("\nUNION ALL\nSELECT '%s', count(*), coalesce(sum(%s), 0)::text\nFROM (%s) s\nWHERE %s",
			t.name, checksum(t.expected()), t.project(s, r), t.Wanted)
	}
	return sql
}

func sumsAtTarget(p *run.Pass, s mapping.Scope, r mapping.Rejections, all []table) string {
	parts := make([]string, len(all))
	for i, t := range all {
		parts[i] = fmt.Sprintf("SELECT '%s', count(*), coalesce(sum(%s), 0)::text\nFROM %s",
			t.name, checksum(t.actual()), t.inTarget(p.ID, s, r))
	}
	return strings.Join(parts, "\nUNION ALL\n")
}

// compare reduces a batch to sums on both sides at once, and finds out why they differ where they do.
func compare(ctx context.Context, w *run.Worker, b run.Batch, noSharedIDs bool) (result run.BatchResult, err error) {
	all := tables(w.Pass, noSharedIDs)
	err = w.Retry(ctx, func(ctx context.Context) error {
		r, err := w.Pass.ReadRejections(ctx, w.Dst, b.Scope)
		if err != nil {
			return err
		}
		c := comparison{Worker: w, scope: b.Scope, rejections: r}
		c.Sums, c.Named = map[string]run.Checksum{}, []run.Difference{}
		expected, actual, err := c.sums(ctx, all)
		if err != nil {
			return err
		}
		for _, t := range all {
			e, a := expected[t.name], actual[t.name]
			c.Sums[t.name] = run.Checksum{SourceRows: e.Rows, SourceSum: e.Sum, TargetRows: a.Rows, TargetSum: a.Sum}
			if e != a {
				if err := c.compareRows(ctx, t); err != nil {
					return err
				}
			}
		}
		result = c.BatchResult
		return nil
	})
	return result, err
}

// comparison compares one batch.
type comparison struct {
	*run.Worker
	scope      mapping.Scope
	rejections mapping.Rejections
	run.BatchResult
}

func (c *comparison) sums(ctx context.Context, all []table) (expected, actual map[string]run.Sum, err error) {
	err = run.RunBoth(ctx,
		func(ctx context.Context) (err error) {
			expected, err = run.QuerySums(ctx, c.Src, sumsAtSource(c.Pass, c.scope, c.rejections, all))
			return run.Wrap("sums of the source", err)
		},
		func(ctx context.Context) (err error) {
			if err := run.Exec(ctx, c.Dst, run.NoNestedLoop); err != nil {
				return err
			}
			actual, err = run.QuerySums(ctx, c.Dst, sumsAtTarget(c.Pass, c.scope, c.rejections, all))
			return run.Wrap("sums of the target", err)
		})
	return expected, actual, err
}
