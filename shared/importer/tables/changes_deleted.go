package tables

import (
	"context"
	"fmt"
	"strings"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// keyBuckets is the number of sums by which two tables are compared. A power of two.
const keyBuckets = 4096

// keySums returns SQL for the number and the sum of the hashes of keys, by bucket. hashes is a query for them.
func keySums(hashes string) string {
	return fmt.Sprintf("SELECT (hash & %d)::text, count(*), sum(hash)::text\nFROM (%s) x (hash)\nGROUP BY 1",
		keyBuckets-1, hashes)
}

// isInBuckets returns the condition that a hash is in one of the buckets.
func isInBuckets(hash string, buckets []string) string {
	return fmt.Sprintf("(%s & %d) IN (%s)", hash, keyBuckets-1, strings.Join(buckets, ", "))
}

// quarantined returns SQL for the rows that the target does not have because of a rejection.
func (p *poll) quarantined(t followedTable) string {
	return "SELECT " + t.keyHash("r") + " FROM (" + t.storedRows(p.run.ID, "m.action = 'quarantined'") + ") r"
}

// findDeletions compares the keys of a table by sums. If the target has rows that the source no longer has, it returns
// the step that deletes them. It stages rows that the target lacks.
func (p *poll) findDeletions(ctx context.Context, i int, t followedTable) (*step, error) {
	ofSource := "SELECT " + t.keyHash("t") + " FROM ONLY " + t.Name + " t"
	var source, target map[string]run.Sum
	err := run.RunBoth(ctx,
		func(ctx context.Context) (err error) {
			source, err = run.QuerySums(ctx, p.src, keySums(ofSource))
			return err
		},
		func(ctx context.Context) (err error) {
			target, err = run.QuerySums(ctx, p.dst, keySums(ofSource+"\nUNION ALL\n"+p.quarantined(t)))
			return err
		})
	if err != nil {
		return nil, err
	}
	var buckets []string
	for b := range keyBuckets {
		if name := fmt.Sprint(b); source[name] != target[name] {
			buckets = append(buckets, name)
		}
	}
	if len(buckets) == 0 {
		return nil, nil
	}
	keys := fmt.Sprintf("moved_keys_%d", i)
	if err := p.readKeys(ctx, t, keys, buckets); err != nil {
		return nil, err
	}
	if err := p.stageMissing(ctx, i, t, keys); err != nil {
		return nil, err
	}
	gone := isInBuckets(t.keyHash("t"), buckets) + " AND NOT EXISTS (SELECT FROM " + keys + " k WHERE " +
		t.hasKeyOf("k", "t") + ")"
	return &step{table: t, deletion: "DELETE FROM ONLY " + t.Name + " t WHERE " + gone}, nil
}

// readKeys copies the keys of the source in some buckets into a temporary table, and forgets the rejections of rows that
// the source no longer has.
func (p *poll) readKeys(ctx context.Context, t followedTable, keys string, buckets []string) error {
	if err := run.Exec(ctx, p.dst, t.createStage(keys, t.Key)); err != nil {
		return err
	}
	list := strings.Join(t.Key, ", ")
	_, err := stream(ctx, p.src, p.dst,
		fmt.Sprintf("COPY (SELECT %s FROM ONLY %s t WHERE %s) TO STDOUT", list, t.Name,
			isInBuckets(t.keyHash("t"), buckets)),
		fmt.Sprintf("COPY %s (%s) FROM STDIN", keys, list))
	if err != nil {
		return err
	}
	return run.Exec(ctx, p.dst, fmt.Sprintf(`ANALYZE %s;
DELETE FROM supabase_import.moved_row WHERE id IN (
  SELECT r.moved_row_id FROM (%s) r
  WHERE %s AND NOT EXISTS (SELECT FROM %[1]s k WHERE %[4]s))`, keys, t.storedRows(p.run.ID, "true"),
		isInBuckets(t.keyHash("r"), buckets), t.hasKeyOf("k", "r")))
}

// stageMissing stages the rows that the target lacks although they did not change: for instance, it has deleted them
// together with a row to which they referred.
func (p *poll) stageMissing(ctx context.Context, i int, t followedTable, keys string) error {
	s := p.stepOf(t.Name)
	notStaged := ""
	if s != nil {
		notStaged = " AND NOT EXISTS (SELECT FROM " + s.stage + " s WHERE " + t.hasKeyOf("s", "k") + ")"
	}
	hashes, err := run.QueryTexts(ctx, p.dst, fmt.Sprintf(`SELECT %[1]s::text FROM %[2]s k
WHERE NOT EXISTS (SELECT FROM ONLY %[3]s t WHERE %[4]s)%[5]s AND %[1]s NOT IN (%[6]s)`,
		t.keyHash("k"), keys, t.Name, t.hasKeyOf("t", "k"), notStaged, p.quarantined(t)))
	if err != nil || len(hashes) == 0 {
		return err
	}
	if s == nil {
		s = p.addStep(i)
	}
	p.changes.Rows += int64(len(hashes))
	return p.stageRows(ctx, s, t.keyHash("t")+" IN ("+strings.Join(hashes, ", ")+")")
}
