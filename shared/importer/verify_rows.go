package importer

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Where the sums of a batch differ, both sides list their rows with their hashes, and what does not pair off is named.

// namedInBatch bounds how many differences of a batch are named.
const namedInBatch = 100

// expectedRow is a row as the source would have it.
type expectedRow struct {
	user string
	hash int64
}

// actualRow is a row as the target has it.
type actualRow struct {
	user      string
	hash      int64
	foreign   bool   // it may be somebody else's
	outcome   string // in the ledger; "" where it does not know the row
	wrote     bool   // the run did
	untouched bool   // and it is what the run wrote
}

// drill finds out how the rows of a table differ within a batch.
func (w *worker) drill(ctx context.Context, c compared, s scope, rules rulings, f *found) error {
	var expected map[string][]expectedRow
	var actual map[string][]actualRow
	err := together(ctx,
		func(ctx context.Context) (err error) {
			expected, err = w.listExpected(ctx, c, s, rules)
			return named("list the rows of the source", err)
		},
		func(ctx context.Context) (err error) {
			actual, err = w.listActual(ctx, c, s, rules)
			return named("list the rows of the target", err)
		})
	if err != nil {
		return err
	}
	var all []difference
	for id := range union(expected, actual) {
		all = append(all, pair(id, expected[id], actual[id])...)
	}
	all = f.withoutOthers(c, all)
	slices.SortFunc(all, func(a, b difference) int { return cmp.Compare(a.ID, b.ID) })
	f.different += int64(len(all))
	return w.explain(ctx, c, rules, all[:min(len(all), namedInBatch-len(f.named))], f)
}

func union[A, B any](a map[string]A, b map[string]B) map[string]bool {
	ids := map[string]bool{}
	for id := range a {
		ids[id] = true
	}
	for id := range b {
		ids[id] = true
	}
	return ids
}

// difference is a row that does not pair off, with what the target has of it.
type difference struct {
	Difference
	user   string
	actual actualRow
}

// pair pairs off what both sides have under an id; there may be several rows in the target, which has no key that forbids it.
func pair(id string, expected []expectedRow, actual []actualRow) []difference {
	var wrong []expectedRow
	for _, e := range expected {
		i := slices.IndexFunc(actual, func(a actualRow) bool { return a.hash == e.hash })
		if i < 0 {
			wrong = append(wrong, e)
			continue
		}
		actual = slices.Delete(slices.Clone(actual), i, i+1)
	}
	var all []difference
	for i, e := range wrong {
		d := difference{Difference: Difference{ID: id, Kind: "missing", Columns: []string{}}, user: e.user}
		if i < len(actual) {
			d.Kind, d.actual = "different", actual[i]
		}
		all = append(all, d)
	}
	for _, a := range actual[min(len(wrong), len(actual)):] {
		all = append(all, difference{Difference: Difference{ID: id, Kind: "extra", Columns: []string{}}, user: a.user, actual: a})
	}
	return all
}

// withoutOthers leaves out rows that were there before the run and of which the source knows nothing, and takes them out of
// the sum.
func (f *found) withoutOthers(c compared, all []difference) []difference {
	sum := f.sums[c.table]
	total, _ := new(big.Int).SetString(sum.TargetSum, 10) // a server wrote it
	ours := slices.DeleteFunc(all, func(d difference) bool {
		others := d.Kind == "extra" && d.actual.foreign && !d.actual.wrote
		if others {
			sum.TargetRows--
			total.Sub(total, big.NewInt(d.actual.hash))
		}
		return others
	})
	sum.TargetSum = total.String()
	f.sums[c.table] = sum
	return ours
}

func (w *worker) listExpected(ctx context.Context, c compared, s scope, rules rulings) (map[string][]expectedRow, error) {
	all := map[string][]expectedRow{}
	rows, err := w.src.Query(ctx, "select s.key::text, s.user_id::text, "+sum64(record(c.expected()))+" from ("+c.project(s, rules)+") s where "+c.wanted)
	if err != nil {
		return nil, err
	}
	var id string
	var e expectedRow
	_, err = pgx.ForEachRow(rows, []any{&id, &e.user, &e.hash}, func() error { all[id] = append(all[id], e); return nil })
	return all, err
}

func (w *worker) listActual(ctx context.Context, c compared, s scope, rules rulings) (map[string][]actualRow, error) {
	all := map[string][]actualRow{}
	rows, err := w.dst.Query(ctx, fmt.Sprintf("select %s::text, %s::text, %s, %s, coalesce(l.outcome::text, ''), l.%[5]s is not null, coalesce(l.%[5]s = %[6]s, false) from %[7]s",
		c.key, c.owner, sum64(record(c.actual())), c.foreign, c.hash, hashed(row("e", c.cols)), c.there(w.run.id, s, rules)))
	if err != nil {
		return nil, err
	}
	var id string
	var a actualRow
	_, err = pgx.ForEachRow(rows, []any{&id, &a.user, &a.hash, &a.foreign, &a.outcome, &a.wrote, &a.untouched}, func() error { all[id] = append(all[id], a); return nil })
	return all, err
}

// explain names differences, with columns and reasons.
func (w *worker) explain(ctx context.Context, c compared, rules rulings, all []difference, f *found) error {
	if len(all) == 0 {
		return nil
	}
	users := map[string]bool{}
	for _, d := range all {
		users[d.user] = true
	}
	s := scope{ids: slices.Sorted(maps.Keys(users))}
	var now, then history
	var expected, actual map[string][]string
	err := together(ctx,
		func(ctx context.Context) (err error) {
			if expected, err = columnHashes(ctx, w.src, c.expected(), "s.key", "("+c.project(s, rules)+") s where "+c.wanted); err != nil {
				return named("columns of the source", err)
			}
			now, err = readHistory(ctx, w.src, "select source, key::text, user_id::text, raw::text, '', false, false from ("+w.run.fingerprints(s)+") x")
			return named("fingerprints of the source", err)
		},
		func(ctx context.Context) (err error) {
			if actual, err = columnHashes(ctx, w.dst, c.actual(), c.key, c.there(w.run.id, s, rules)); err != nil {
				return named("columns of the target", err)
			}
			then, err = readHistory(ctx, w.dst, fmt.Sprintf(`select source::text, key::text, user_id::text, coalesce(raw::text, ''), outcome::text, written is not null, credential is not null
from supabase_import.ledger l where l.run = %d and %s`, w.run.id, s.on("l.user_id")))
			return named("the ledger", err)
		})
	if err != nil {
		return err
	}
	for _, d := range all {
		d.Table = c.table
		if d.Kind == "different" {
			d.Columns = differing(c.columns(), expected[d.ID], actual[d.ID])
		}
		switch {
		case c.targetChanged(d, then):
			d.Why = "target changed since"
		case c.sourceChanged(d, now, then):
			d.Why = "source changed since"
		}
		f.named = append(f.named, d.Difference)
	}
	return nil
}

// columnHashes are a hash for every column of every row, by id.
func columnHashes(ctx context.Context, db *pgx.Conn, exprs []string, key, from string) (map[string][]string, error) {
	hashes := make([]string, len(exprs))
	for i, e := range exprs {
		hashes[i] = "coalesce(md5((" + e + ")::text), '')"
	}
	rows, err := db.Query(ctx, "select "+key+"::text, array["+strings.Join(hashes, ", ")+"] from "+from)
	if err != nil {
		return nil, err
	}
	all := map[string][]string{}
	var id string
	var of []string
	_, err = pgx.ForEachRow(rows, []any{&id, &of}, func() error { all[id] = slices.Clone(of); return nil })
	return all, err
}

func differing(names, a, b []string) []string {
	out := []string{}
	for i, name := range names {
		if i < len(a) && i < len(b) && a[i] != b[i] {
			out = append(out, name)
		}
	}
	return out
}

// history is what is known of source rows: at the source their fingerprints now, in the ledger what the run saw and did.
type history map[string]map[sourceRow]sighting // by user

type sourceRow struct {
	source Source
	key    string
}

type sighting struct {
	raw, outcome      string
	wrote, credential bool
}

func readHistory(ctx context.Context, db *pgx.Conn, sql string) (history, error) {
	rows, err := db.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	h := history{}
	var source, key, user string
	var s sighting
	_, err = pgx.ForEachRow(rows, []any{&source, &key, &user, &s.raw, &s.outcome, &s.wrote, &s.credential}, func() error {
		if h[user] == nil {
			h[user] = map[sourceRow]sighting{}
		}
		h[user][sourceRow{Source(source), key}] = s
		return nil
	})
	return h, err
}

// targetChanged says whether somebody changed, added or removed the row after the run was through with it.
func (c compared) targetChanged(d difference, ledger history) bool {
	a := d.actual
	if d.Kind == "missing" {
		l := ledger[d.user][sourceRow{c.source, d.ID}]
		if c.table == "credential" {
			return l.credential || l.outcome == string(Kept)
		}
		return l.wrote || l.outcome == string(Kept) || l.outcome == string(Identical)
	}
	unknown := d.Kind == "extra" && !a.wrote && (a.outcome == "" || c.table == "credential")
	return unknown || a.wrote && !a.untouched || a.outcome == string(Kept)
}

// sourceChanged says whether the rows that decide about this one are not what the run saw.
func (c compared) sourceChanged(d difference, now, then history) bool {
	decides := func(r sourceRow) bool {
		switch c.source {
		case User: // whose name may come from an identity, and whose password a factor withholds
			return r.source == User || r.source == Identity || r.source == Factor
		default:
			return r.source == User || r == sourceRow{c.source, d.ID}
		}
	}
	seen := map[sourceRow]string{}
	for r, s := range then[d.user] {
		gone := s.outcome == string(Deleted) || s.outcome == string(Kept) && s.raw == ""
		if !gone && decides(r) {
			seen[r] = s.raw
		}
	}
	is := map[sourceRow]string{}
	for r, s := range now[d.user] {
		if decides(r) {
			is[r] = s.raw
		}
	}
	return !maps.Equal(is, seen)
}
