package tables

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// stage copies the rows that were written since the position of the last poll, and those that the target lacks, into
// temporary tables of the target, and lists the steps that write them.
func (p *poll) stage(ctx context.Context) error {
	if p.at == nil {
		return p.stageKeyless(ctx)
	}
	since, exists, err := p.readPosition(ctx)
	if err != nil {
		return err
	}
	condition := "true" // all rows
	if exists {
		condition = fmt.Sprintf("age(t.xmin) BETWEEN 0 AND age('%d'::xid8::xid)", since.XMin)
	}
	written, err := p.countWritten(ctx, condition)
	if err != nil {
		return err
	}
	var deletions []*step
	for i, t := range p.tables {
		if written[i] > 0 {
			p.changes.Rows += written[i]
			if err := p.stageRows(ctx, p.addStep(i), condition); err != nil {
				return err
			}
		}
		if p.looksForDeletions {
			d, err := p.findDeletions(ctx, i, t)
			if err != nil {
				return fmt.Errorf("look for deleted rows of %s: %w", t.Name, err)
			}
			if d != nil {
				deletions = append(deletions, d)
			}
		}
	}
	p.steps = append(deletions, p.steps...)
	return nil
}

// addStep adds a step that writes rows of a table.
func (p *poll) addStep(i int) *step {
	s := &step{table: p.tables[i], stage: fmt.Sprintf("moved_stage_%d", i)}
	p.steps = append(p.steps, s)
	return s
}

// stepOf returns the step that writes rows of a table, or nil.
func (p *poll) stepOf(name string) *step {
	for _, s := range p.steps {
		if s.table.Name == name && s.deletion == "" {
			return s
		}
	}
	return nil
}

// countWritten counts the rows of each table that meet a condition on the row t. The result is by index of p.tables.
func (p *poll) countWritten(ctx context.Context, condition string) (map[int]int64, error) {
	counts := map[int]int64{}
	if len(p.tables) == 0 {
		return counts, nil
	}
	parts := make([]string, len(p.tables))
	for i, t := range p.tables {
		parts[i] = fmt.Sprintf("SELECT %d, count(*) FROM ONLY %s t WHERE %s", i, t.Name, condition)
	}
	rows, err := p.src.Query(ctx, strings.Join(parts, "\nUNION ALL\n"))
	if err != nil {
		return nil, fmt.Errorf("look for changed rows: %w", err)
	}
	var i int
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&i, &n}, func() error { counts[i] = n; return nil })
	return counts, run.Wrap("look for changed rows", err)
}

// stageRows copies the rows that meet a condition into the stage of a step. Entries of moved_row for older versions of
// the rows go.
func (p *poll) stageRows(ctx context.Context, s *step, condition string) error {
	t := s.table
	if !s.isStaged {
		if err := run.Exec(ctx, p.dst, t.createStage(s.stage, t.Columns)); err != nil {
			return fmt.Errorf("create the stage of %s: %w", t.Name, err)
		}
		s.isStaged = true
	}
	list := strings.Join(t.Columns, ", ")
	_, err := stream(ctx, p.src, p.dst,
		fmt.Sprintf("COPY (SELECT %s FROM ONLY %s t WHERE %s) TO STDOUT", list, t.Name, condition),
		fmt.Sprintf("COPY %s (%s) FROM STDIN", s.stage, list))
	if err != nil {
		return fmt.Errorf("copy %s: %w", t.Name, err)
	}
	outdated := "DELETE FROM supabase_import.moved_row WHERE id IN (SELECT r.moved_row_id FROM (" + t.storedRows(p.run.ID, "true") +
		") r JOIN " + s.stage + " s ON " + t.hasKeyOf("r", "s") + ")"
	return run.Wrap("forget earlier rejections of "+t.Name, run.Exec(ctx, p.dst, outdated))
}

// stageKeyless copies whole tables, if the target differs.
func (p *poll) stageKeyless(ctx context.Context) error {
	for i, t := range p.tables {
		c := comparison{env: p.env, run: p.run}
		sums, err := c.compareTable(ctx, p.src, p.dst, t.movedTable)
		if err != nil {
			return err
		}
		if sums.Equal {
			continue
		}
		empty := &step{table: t, deletion: fmt.Sprintf(`DELETE FROM ONLY %s;
DELETE FROM supabase_import.moved_row WHERE run = %d AND table_name = %s`, t.Name, p.run.ID, mapping.Literal(t.Name))}
		p.steps = append(p.steps, empty)
		fill := p.addStep(i)
		fill.after = empty
		if err := p.stageRows(ctx, fill, "true"); err != nil {
			return err
		}
		p.changes.Rows += sums.SourceRows
	}
	return nil
}
