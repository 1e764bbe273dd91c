package verify

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// The values of Difference.Why.
const (
	whyTargetChanged = "target changed since"
	whySourceChanged = "source changed since"
)

// explainDifferences adds the columns and the reason to each difference, and adds the differences to the result.
func (c *comparison) explainDifferences(ctx context.Context, t table, all []difference) error {
	if len(all) == 0 {
		return nil
	}
	e, err := c.readEvidence(ctx, t, all)
	if err != nil {
		return err
	}
	for _, d := range all {
		d.Table = t.name
		switch {
		case d.Kind == "different" && t.name == factorTable:
			d.Columns = []string{"secret"}
		case d.Kind == "different":
			d.Columns = differingColumns(t.columnNames(), e.expected[d.ID], e.actual[d.ID])
		}
		switch {
		case t.hasTargetChanged(d, e.ledger):
			d.Why = whyTargetChanged
		case t.hasSourceChanged(d, e.source, e.ledger):
			d.Why = whySourceChanged
		}
		c.Listed = append(c.Listed, d.Difference)
	}
	return nil
}

// evidence holds the data of the users with a difference: hashes of their columns in both databases, fingerprints of
// the source rows, and ledger entries.
type evidence struct {
	expected, actual map[string][]string // hashes of columns, by id of the row
	source, ledger   entriesByUser
}

func (c *comparison) readEvidence(ctx context.Context, t table, all []difference) (e evidence, err error) {
	users := map[string]bool{}
	for _, d := range all {
		users[d.user] = true
	}
	forUsers := *c
	forUsers.scope = mapping.Scope{IDs: slices.Sorted(maps.Keys(users))}
	err = run.RunBoth(ctx,
		func(ctx context.Context) (err error) {
			if t.name != factorTable {
				from := forUsers.fromSourceSQL(t)
				if e.expected, err = queryColumnHashes(ctx, c.Src, t.expectedColumnsSQL(), "s.key", from); err != nil {
					return run.Wrap("columns of the source", err)
				}
			}
			e.source, err = readEntries(ctx, c.Src, `SELECT source, key::text, user_id::text, raw::text, '', false, false
FROM (`+c.Pass.Fingerprints(forUsers.scope)+`) x`)
			return run.Wrap("fingerprints of the source", err)
		},
		func(ctx context.Context) (err error) {
			if t.name != factorTable {
				from := t.fromTargetSQL(c.Pass.ID, forUsers.scope, c.rejections)
				if e.actual, err = queryColumnHashes(ctx, c.Dst, t.actualColumnsSQL(), t.Key, from); err != nil {
					return run.Wrap("columns of the target", err)
				}
			}
			e.ledger, err = readEntries(ctx, c.Dst, c.Pass.EntriesQuery(forUsers.scope))
			return run.Wrap("the ledger", err)
		})
	return e, err
}

// queryColumnHashes returns, by the key of a row, the MD5 of each expression. from is the text after FROM.
func queryColumnHashes(
	ctx context.Context, db *pgx.Conn, exprs []string, key, from string,
) (map[string][]string, error) {
	hashes := make([]string, len(exprs))
	for i, e := range exprs {
		hashes[i] = "coalesce(md5((" + e + ")::text), '')"
	}
	rows, err := db.Query(ctx, "SELECT "+key+"::text, ARRAY["+strings.Join(hashes, ", ")+"]\nFROM "+from)
	if err != nil {
		return nil, err
	}
	all := map[string][]string{}
	var id string
	var row []string
	_, err = pgx.ForEachRow(rows, []any{&id, &row}, func() error { all[id] = slices.Clone(row); return nil })
	return all, err
}

// differingColumns returns the names of the columns whose hashes in a and b differ.
func differingColumns(names, a, b []string) []string {
	out := []string{}
	for i, name := range names {
		if i < len(a) && i < len(b) && a[i] != b[i] {
			out = append(out, name)
		}
	}
	return out
}

// entriesByUser holds source rows by user: with their current fingerprints (source), or with their ledger entries
// (ledger).
type entriesByUser map[string]map[sourceRowKey]ledgerEntry

type sourceRowKey struct {
	kind mapping.Kind
	key  string
}

// entry is a ledger entry. For a row of the source it has only the fingerprint, raw.
type ledgerEntry struct {
	raw, outcome             string
	isWritten, hasCredential bool // the run wrote the row; the run wrote the credential account of the user
}

func readEntries(ctx context.Context, db *pgx.Conn, sql string) (entriesByUser, error) {
	rows, err := db.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	h := entriesByUser{}
	var kind, key, user string
	var e ledgerEntry
	into := []any{&kind, &key, &user, &e.raw, &e.outcome, &e.isWritten, &e.hasCredential}
	_, err = pgx.ForEachRow(rows, into, func() error {
		if h[user] == nil {
			h[user] = map[sourceRowKey]ledgerEntry{}
		}
		h[user][sourceRowKey{mapping.Kind(kind), key}] = e
		return nil
	})
	return h, err
}

// hasTargetChanged reports whether the row was changed, added or deleted in the target after the run copied the user.
func (t table) hasTargetChanged(d difference, ledger entriesByUser) bool {
	const kept, identical = string(mapping.Kept), string(mapping.Identical)
	if d.Kind == "missing" {
		l := ledger[d.user][sourceRowKey{t.Kind, d.ID}]
		if t.name == "credential" {
			return l.hasCredential || l.outcome == kept
		}
		return l.isWritten || l.outcome == kept || l.outcome == identical
	}
	a := d.actual
	isUnknown := d.Kind == "extra" && !a.isWritten && (a.outcome == "" || t.name == "credential")
	return isUnknown || a.isWritten && !a.isUntouched || a.outcome == kept
}

// hasSourceChanged reports whether a source row on which this target row depends changed after the run read it.
func (t table) hasSourceChanged(d difference, source, ledger entriesByUser) bool {
	read := map[sourceRowKey]string{}
	for r, e := range ledger[d.user] {
		isDeleted := e.outcome == string(mapping.Deleted) || e.outcome == string(mapping.Kept) && e.raw == ""
		if !isDeleted && t.dependsOn(r, d.ID) {
			read[r] = e.raw
		}
	}
	now := map[sourceRowKey]string{}
	for r, e := range source[d.user] {
		if t.dependsOn(r, d.ID) {
			now[r] = e.raw
		}
	}
	return !maps.Equal(now, read)
}

// dependsOn reports whether the values of the target row with this id depend on the source row r. The name of a user
// can come from an identity, and because of a second factor the password can be withheld. Which second factor of a user
// is copied depends on the others.
func (t table) dependsOn(r sourceRowKey, id string) bool {
	if t.Kind == mapping.User {
		return r.kind == mapping.User || r.kind == mapping.Identity || r.kind == mapping.Factor
	}
	return r.kind == mapping.User || r.kind == mapping.Factor && t.Kind == mapping.Factor || r == sourceRowKey{t.Kind, id}
}
