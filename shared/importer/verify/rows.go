package verify

import (
	"cmp"
	"context"
	"fmt"
	"math/big"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// maxListedDifferencesInBatch is the maximum number of differences of a batch that the result lists.
const maxListedDifferencesInBatch = 100

// expectedRow is a row that the target should have, as the source computes it.
type expectedRow struct {
	user string
	hash int64
}

// actualRow is a row of the target.
type actualRow struct {
	user         string
	hash         int64
	mayBeForeign bool   // another program may have written the row
	outcome      string // in the ledger; "" if the ledger does not have the row
	isWritten    bool   // the run wrote the row
	isUntouched  bool   // the row is unchanged since the run wrote it
}

// difference is a row without an equal row in the other database. actual is the row of the target, if there is one.
type difference struct {
	run.Difference
	user   string
	actual actualRow
}

// compareRows compares the rows of a table in the batch, and adds those that differ to the result.
func (c *comparison) compareRows(ctx context.Context, t table) error {
	var expected map[string][]expectedRow
	var actual map[string][]actualRow
	err := run.RunBoth(ctx,
		func(ctx context.Context) (err error) {
			expected, err = c.listExpected(ctx, t)
			return run.Wrap("list the rows of the source", err)
		},
		func(ctx context.Context) (err error) {
			actual, err = c.listActual(ctx, t)
			return run.Wrap("list the rows of the target", err)
		})
	if err != nil {
		return err
	}
	return c.addDifferences(ctx, t, expected, actual)
}

// addDifferences compares rows by their ids and hashes, and adds those that differ to the result.
func (c *comparison) addDifferences(
	ctx context.Context, t table, expected map[string][]expectedRow, actual map[string][]actualRow,
) error {
	var all []difference
	for id := range unionOfKeys(expected, actual) {
		all = append(all, compareID(id, expected[id], actual[id])...)
	}
	all = c.withoutRowsOfOtherPrograms(t, all)
	slices.SortFunc(all, func(a, b difference) int { return cmp.Compare(a.ID, b.ID) })
	c.Different += int64(len(all))
	return c.explainDifferences(ctx, t, all[:min(len(all), maxListedDifferencesInBatch-len(c.Listed))])
}

func unionOfKeys[A, B any](a map[string]A, b map[string]B) map[string]bool {
	ids := map[string]bool{}
	for id := range a {
		ids[id] = true
	}
	for id := range b {
		ids[id] = true
	}
	return ids
}

// compareID compares the expected and the actual rows with the same id. There can be several, such as two credential
// accounts of one user in the target, which no unique constraint prevents.
func compareID(id string, expected []expectedRow, actual []actualRow) []difference {
	var unpaired []expectedRow
	for _, e := range expected {
		i := slices.IndexFunc(actual, func(a actualRow) bool { return a.hash == e.hash })
		if i < 0 {
			unpaired = append(unpaired, e)
			continue
		}
		actual = slices.Delete(slices.Clone(actual), i, i+1)
	}
	var all []difference
	add := func(kind, user string, a actualRow) {
		all = append(all, difference{run.Difference{ID: id, Kind: kind, Columns: []string{}}, user, a})
	}
	for i, e := range unpaired {
		if i < len(actual) {
			add("different", e.user, actual[i])
		} else {
			add("missing", e.user, actualRow{})
		}
	}
	for _, a := range actual[min(len(unpaired), len(actual)):] {
		add("extra", a.user, a)
	}
	return all
}

// withoutRowsOfOtherPrograms removes rows of the target that another program wrote and for which the source has no row.
// It subtracts them from the checksum of the target.
func (c *comparison) withoutRowsOfOtherPrograms(t table, all []difference) []difference {
	checksum := c.Sums[t.name]
	total, _ := new(big.Int).SetString(checksum.TargetSum, 10) // cannot fail: Postgres wrote the number
	rest := slices.DeleteFunc(all, func(d difference) bool {
		isFromOtherProgram := d.Kind == "extra" && d.actual.mayBeForeign && !d.actual.isWritten
		if isFromOtherProgram {
			checksum.TargetRows--
			total.Sub(total, big.NewInt(d.actual.hash))
		}
		return isFromOtherProgram
	})
	checksum.TargetSum = total.String()
	c.Sums[t.name] = checksum
	return rest
}

// fromSourceSQL returns the text after FROM in a query on the source for the expected rows of a table.
func (c *comparison) fromSourceSQL(t table) string {
	return "(" + t.sourceQuery(c.scope, c.rejections) + ") s\nWHERE " + t.Wanted
}

func (c *comparison) listExpected(ctx context.Context, t table) (map[string][]expectedRow, error) {
	rows, err := c.Src.Query(ctx, "SELECT s.key::text, s.user_id::text, "+checksum(t.expectedColumnsSQL())+
		"\nFROM "+c.fromSourceSQL(t))
	if err != nil {
		return nil, err
	}
	all := map[string][]expectedRow{}
	var id string
	var e expectedRow
	_, err = pgx.ForEachRow(rows, []any{&id, &e.user, &e.hash}, func() error { all[id] = append(all[id], e); return nil })
	return all, err
}

func (c *comparison) listActual(ctx context.Context, t table) (map[string][]actualRow, error) {
	rows, err := c.Dst.Query(ctx, fmt.Sprintf(`SELECT %s::text, %s::text, %s, %s, coalesce(l.outcome::text, ''),
  l.%[5]s IS NOT NULL, coalesce(l.%[5]s = %[6]s, false)
FROM %[7]s`, t.Key, t.Owner, checksum(t.actualColumnsSQL()), t.mayBeForeign, t.Hash, mapping.Hash64(t.Stored()),
		t.fromTargetSQL(c.Pass.ID, c.scope, c.rejections)))
	if err != nil {
		return nil, err
	}
	all := map[string][]actualRow{}
	var id string
	var a actualRow
	into := []any{&id, &a.user, &a.hash, &a.mayBeForeign, &a.outcome, &a.isWritten, &a.isUntouched}
	_, err = pgx.ForEachRow(rows, into, func() error { all[id] = append(all[id], a); return nil })
	return all, err
}
