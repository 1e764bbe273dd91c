package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// The source computes the expected rows with the projections. The ledger decides which target rows are the actual rows
// (table.isCompared). Each server returns one result row for each table: the number of its rows, and the sum of the
// hashes of their texts.

// table is a kind of target row, with its SQL for both databases.
type table struct {
	mapping.TargetRow
	name         string                                         // the name of the table in a Difference
	sourceQuery  func(mapping.Scope, mapping.Rejections) string // returns the query on the source
	id           string                                         // expression for the id of the row
	mayBeForeign string                                         // condition: another program may have written the row
	isCompared   func(mapping.Rejections) string                // returns the condition: the row is compared
}

// factorTable is the table of second factors. The databases cannot compute its checksums, because its secrets are
// encrypted (factors.go).
const factorTable = "twoFactor"

// comparedTables returns the kinds of target rows that are compared. If noSharedIDs is true, no target user had the id
// of a source user before the run. If the run wrote a user, all accounts and profiles of the user are compared, even if
// the ledger does not have them: they were written by the run or after it.
func comparedTables(p *run.Pass, noSharedIDs bool) []table {
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
	if p.Source.Profiles.IsUsable() {
		all = append(all, table{
			rows[3], "user_profile", p.Profiles, "CASE WHEN l.written IS NOT NULL THEN e.id ELSE e.user_id END", "false", child,
		})
	}
	if p.CarriesFactors() {
		all = append(all, table{p.FactorRow(), factorTable, p.Factors, "e.id", "false", child})
	}
	return all
}

// expectedColumnsSQL returns the SQL expressions of an expected row on the source: id, user and the mapped columns.
func (t table) expectedColumnsSQL() []string {
	return addPrefix("s.", slices.Concat([]string{"key", "user_id"}, t.StagedColumns()))
}

// actualColumnsSQL returns the SQL expressions of the same columns in the target.
func (t table) actualColumnsSQL() []string {
	all := slices.Concat([]string{t.id, t.Owner}, addPrefix("e.", t.Columns))
	for i := range all {
		all[i] = mapping.WithTimeZone(all[i])
	}
	return all
}

// columnNames returns the names of the columns, in the order of the SQL expressions that expectedColumnsSQL and
// actualColumnsSQL return.
func (t table) columnNames() []string {
	names := slices.Concat([]string{"id", strings.TrimPrefix(t.Owner, "e.")}, t.Columns)
	for i := range names {
		names[i] = strings.Trim(names[i], `"`)
	}
	return names
}

func addPrefix(prefix string, columns []string) []string {
	out := make([]string, len(columns))
	for i, column := range columns {
		out[i] = prefix + column
	}
	return out
}

// checksum returns an SQL expression for the 64-bit checksum of a row. exprs are the SQL expressions of the columns;
// Postgres converts each of them to text. It is the same on all servers of version 14 or later: Postgres keeps the
// results of these hash functions, because hash partitions depend on them. Servers with another byte order have other
// results; then every row differs. The checksum finds accidents, not attacks: who can write to a database can construct
// a row with the same checksum.
//
// The hash of a record is linear in the hashes of its columns, so that two rows that swap a value would keep their sum.
// The hash of its text is not. (That of a bigint has only 32 bits.)
func checksum(exprs []string) string {
	texts := make([]string, len(exprs))
	for i, e := range exprs {
		texts[i] = "(" + e + ")::text"
	}
	return "hashtextextended(" + mapping.Hash64("row("+strings.Join(texts, ", ")+")") + "::text, 0)"
}

// fromTargetSQL returns the text after FROM in a query for the actual rows e, joined with their ledger entries l. It
// leaves out rows of users without a ledger entry. For identities and profiles, owner is the entry of the user, and l
// is NULL if the row itself has no entry. The joins use all columns of the ledger's primary key, so that they are fast
// even if the planner has no statistics yet.
func (t table) fromTargetSQL(id int, s mapping.Scope, r mapping.Rejections) string {
	sql := "(SELECT e.* FROM " + t.From + " AND " + s.Contains(t.Owner) + ") e\n"
	if t.Kind == mapping.User {
		sql += "JOIN " + run.Entries(id, s, "l", mapping.User) + " ON l.user_id = " + t.Owner + " AND l.key = " + t.Owner
	} else {
		sql += "JOIN " + run.Entries(id, s, "owner", mapping.User) +
			" ON owner.user_id = " + t.Owner + " AND owner.key = " + t.Owner +
			"\nLEFT JOIN " + run.Entries(id, s, "l", t.Kind) + " ON l.user_id = " + t.Owner + " AND l.key = " + t.Key
	}
	return sql + "\nWHERE " + t.isCompared(r) + " AND NOT " + t.isKeptCondition(r)
}

// isKeptCondition returns an SQL condition: the quarantine lists the row, or its user, as deleted in the source and
// kept in the target.
func (t table) isKeptCondition(r mapping.Rejections) string {
	reason := mapping.KeptAfterSourceDeletion
	if t.name == "credential" {
		reason += ".credential"
	}
	return "(" + r.Include(mapping.User, mapping.KeptAfterSourceDeletion, t.Owner) +
		" OR " + r.Include(t.Kind, reason, t.Key) + ")"
}

// sumsAtSourceSQL returns the query for the sums of all tables on the source. It reads the users once for the sums of
// both users and credential accounts.
func sumsAtSourceSQL(p *run.Pass, s mapping.Scope, r mapping.Rejections, all []table) string {
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
		checksum(user.expectedColumnsSQL()), credential.Wanted, checksum(credential.expectedColumnsSQL()),
		p.Users(s, r), user.Wanted)
	for _, t := range withoutFactors(all[2:]) {
		sql += fmt.Sprintf("\nUNION ALL\nSELECT '%s', count(*), coalesce(sum(%s), 0)::text\nFROM (%s) s\nWHERE %s",
			t.name, checksum(t.expectedColumnsSQL()), t.sourceQuery(s, r), t.Wanted)
	}
	return sql
}

// sumsAtTargetSQL returns the query for the sums of all tables on the target.
func sumsAtTargetSQL(p *run.Pass, s mapping.Scope, r mapping.Rejections, all []table) string {
	all = withoutFactors(all)
	parts := make([]string, len(all))
	for i, t := range all {
		parts[i] = fmt.Sprintf("SELECT '%s', count(*), coalesce(sum(%s), 0)::text\nFROM %s",
			t.name, checksum(t.actualColumnsSQL()), t.fromTargetSQL(p.ID, s, r))
	}
	return strings.Join(parts, "\nUNION ALL\n")
}

// compareBatch computes the sums of a batch in both databases at the same time. If the sums of a table differ, it looks
// for the rows that differ.
func compareBatch(
	ctx context.Context, w *run.Worker, b run.Batch, noSharedIDs bool,
) (result run.BatchResult, err error) {
	all := comparedTables(w.Pass, noSharedIDs)
	err = w.Retry(ctx, func(ctx context.Context) error {
		r, err := w.Pass.ReadRejections(ctx, w.Dst, b.Scope)
		if err != nil {
			return err
		}
		c := comparison{Worker: w, scope: b.Scope, rejections: r}
		c.Sums, c.Listed = map[string]run.Checksum{}, []run.Difference{}
		expected, actual, err := c.querySums(ctx, all)
		if err != nil {
			return err
		}
		for _, t := range all {
			if t.name == factorTable {
				if err := c.compareFactors(ctx, t); err != nil {
					return err
				}
				continue
			}
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

func (c *comparison) querySums(ctx context.Context, all []table) (expected, actual map[string]run.Sum, err error) {
	err = run.RunBoth(ctx,
		func(ctx context.Context) (err error) {
			expected, err = run.QuerySums(ctx, c.Src, sumsAtSourceSQL(c.Pass, c.scope, c.rejections, all))
			return run.Wrap("sums of the source", err)
		},
		func(ctx context.Context) (err error) {
			if err := run.Exec(ctx, c.Dst, run.NoNestedLoop); err != nil {
				return err
			}
			actual, err = run.QuerySums(ctx, c.Dst, sumsAtTargetSQL(c.Pass, c.scope, c.rejections, all))
			return run.Wrap("sums of the target", err)
		})
	return expected, actual, err
}
