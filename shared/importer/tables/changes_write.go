package tables

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// step deletes rows of a table, or writes staged rows. The target can reject it until other steps are made: rows refer
// to rows of other tables, and have values that must be unique.
type step struct {
	table    followedTable
	deletion string // the statement; "": the step writes rows
	stage    string // the temporary table with the rows to write
	isStaged bool
	after    *step // is made before; nil: none

	rows    []string // the rows that are left, by ctid of the stage; nil: all
	why     map[string]*pgconn.PgError
	changed int64 // rows that are written or deleted
}

// makeSteps makes all steps, again and again until all are made or none can be. Only then it writes the rows of the
// others one by one, and stores the rows that the target rejects.
func (p *poll) makeSteps(ctx context.Context) error {
	for open, oneByOne := p.steps, false; len(open) > 0; {
		left, progress, err := p.round(ctx, open, oneByOne)
		if err != nil {
			return err
		}
		open = left
		switch {
		case progress:
		case !p.looksForDeletions && p.at != nil:
			return errNeedsDeletions
		case !oneByOne:
			oneByOne = true
		default:
			return p.reject(ctx, open)
		}
	}
	return nil
}

// round tries each step once. It returns those that are left.
func (p *poll) round(ctx context.Context, steps []*step, oneByOne bool) (left []*step, progress bool, err error) {
	for _, s := range steps {
		if oneByOne {
			if err := p.listRows(ctx, s); err != nil {
				return nil, false, err
			}
		}
		before := len(s.rows)
		switch {
		case s.after != nil && len(s.after.why) > 0:
			left = append(left, s)
			continue
		case s.deletion != "":
			err = p.delete(ctx, s)
		case oneByOne:
			err = p.writeOneByOne(ctx, s)
		default:
			err = p.writeAll(ctx, s)
		}
		if err != nil {
			return nil, false, err
		}
		if len(s.why) > 0 {
			left = append(left, s)
			progress = progress || len(s.rows) < before
			continue
		}
		progress = true
	}
	return left, progress, nil
}

const createMark = "CREATE TEMP TABLE moved_mark ON COMMIT DROP AS SELECT 1 AS mark"

// recordSubtransaction stores the id of the current subtransaction, which its rows have as xmin. No function of Postgres
// returns it: an updated row has it, too.
const recordSubtransaction = `UPDATE moved_mark SET mark = 1;
INSERT INTO supabase_import.moved_transaction
SELECT %d, (t - mod(t, 4294967296) + x + CASE WHEN x < mod(t, 4294967296) THEN 4294967296 ELSE 0 END)::text::xid8
FROM (SELECT xmin::text::bigint AS x, pg_current_xact_id()::text::numeric::bigint AS t FROM moved_mark) m`

// try executes the statement of a step. It returns a rejection of rows.
func (p *poll) try(ctx context.Context, s *step, sql string) (*pgconn.PgError, error) {
	n, rejection, err := tryCounting(ctx, p.dst, sql+";\n"+fmt.Sprintf(recordSubtransaction, p.run.ID))
	switch {
	case err != nil:
		return nil, fmt.Errorf("change %s: %w", s.table.Name, err)
	case rejection != nil && run.CauseOf(rejection) != run.BadRow:
		return nil, fmt.Errorf("change %s: %w", s.table.Name, rejection)
	case rejection == nil && s.deletion != "":
		p.changes.Deleted += n
	case rejection == nil:
		p.changes.Written += n
	}
	s.changed += n
	return rejection, nil
}

// whole is the name in step.why for all rows of a step.
const whole = ""

func (p *poll) delete(ctx context.Context, s *step) error {
	rejection, err := p.try(ctx, s, s.deletion)
	s.why = reasons(whole, rejection)
	return err
}

func (p *poll) writeAll(ctx context.Context, s *step) error {
	rejection, err := p.try(ctx, s, s.table.upsert(s.stage, "true"))
	s.why = reasons(whole, rejection)
	return err
}

func reasons(row string, rejection *pgconn.PgError) map[string]*pgconn.PgError {
	if rejection == nil {
		return nil
	}
	return map[string]*pgconn.PgError{row: rejection}
}

// listRows lists the rows of a step that writes rows.
func (p *poll) listRows(ctx context.Context, s *step) (err error) {
	if s.deletion == "" && s.rows == nil {
		s.rows, err = run.QueryTexts(ctx, p.dst, "SELECT ctid::text FROM "+s.stage)
	}
	return run.Wrap("read the stage of "+s.table.Name, err)
}

// writeOneByOne writes the rows that the target accepts. s.rows are then those that it rejects.
func (p *poll) writeOneByOne(ctx context.Context, s *step) (err error) {
	s.why = map[string]*pgconn.PgError{}
	s.rows, err = p.bisect(ctx, s, s.rows)
	return err
}

// bisect writes rows together, or in halves if the target rejects one of them. It returns the rejected rows.
func (p *poll) bisect(ctx context.Context, s *step, rows []string) (rejected []string, err error) {
	if len(rows) == 0 {
		return nil, nil
	}
	rejection, err := p.try(ctx, s, s.table.upsert(s.stage, "s.ctid = ANY ("+ctids(rows)+")"))
	switch {
	case err != nil || rejection == nil:
		return nil, err
	case len(rows) == 1:
		s.why[rows[0]] = rejection
		return rows, nil
	}
	half := len(rows) / 2
	first, err := p.bisect(ctx, s, rows[:half])
	if err != nil {
		return nil, err
	}
	second, err := p.bisect(ctx, s, rows[half:])
	return append(append([]string{}, first...), second...), err
}

func ctids(rows []string) string { return `'{"` + strings.Join(rows, `","`) + `"}'::tid[]` }

// reject stores the rows that the target rejects in moved_row.
func (p *poll) reject(ctx context.Context, steps []*step) error {
	for _, s := range steps {
		if s.deletion != "" {
			p.changes.Failed = append(p.changes.Failed,
				s.table.Name+": the target keeps rows that the source has deleted: "+run.WithoutDetail(s.why[whole]))
			continue
		}
		for row, why := range s.why {
			p.lacksRows = p.lacksRows || why.Code == foreignKeyViolation
			if err := p.storeRejected(ctx, s, row, why); err != nil {
				return fmt.Errorf("store a row of %s that the target rejects: %w", s.table.Name, err)
			}
			p.changes.Rejected++
		}
	}
	return nil
}

// storeRejected stores a staged row that the target rejects. The target can have an older version of it.
func (p *poll) storeRejected(ctx context.Context, s *step, row string, why *pgconn.PgError) error {
	t, name := s.table, why.ConstraintName
	if name == "" {
		name = "SQLSTATE " + why.Code
	}
	_, err := p.dst.Exec(ctx, fmt.Sprintf(`INSERT INTO supabase_import.moved_row
  (run, table_name, key_name, action, original, before, after)
SELECT $1, $2, $3, CASE WHEN t.tableoid IS NULL THEN 'quarantined' ELSE 'outdated' END, to_json(s), %s,
  CASE WHEN t.tableoid IS NOT NULL THEN %s END
FROM %s s
LEFT JOIN ONLY %s t ON %s
WHERE s.ctid = $4::text::tid`, rowHash(aliased("s", t.Columns)), rowHash(aliased("t", t.Columns)), s.stage, t.Name,
		t.hasKeyOf("t", "s")), p.run.ID, t.Name, name, row)
	return err
}

// triggersThatFire lists the statements that disable the triggers of tables, and enable them again as they were.
const triggersThatFire = `SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', t.tgrelid::regclass, t.tgname),
  format('ALTER TABLE %s ENABLE %sTRIGGER %I', t.tgrelid::regclass,
    CASE t.tgenabled WHEN 'R' THEN 'REPLICA ' WHEN 'A' THEN 'ALWAYS ' END, t.tgname)
FROM pg_trigger t
WHERE t.tgrelid = ANY ($1::text[]::regclass[]) AND NOT t.tgisinternal AND t.tgenabled <> 'D'`

// disableTriggers disables the triggers of all followed tables, which have fired in the source. It returns the
// statements that enable them again.
func (p *poll) disableTriggers(ctx context.Context) (enable string, err error) {
	rows, err := p.dst.Query(ctx, triggersThatFire, p.Names())
	if err != nil {
		return "", fmt.Errorf("read the triggers: %w", err)
	}
	disable, off, on := "SET CONSTRAINTS ALL IMMEDIATE;\nSET LOCAL xenon.importing = 'on'", "", ""
	_, err = pgx.ForEachRow(rows, []any{&off, &on}, func() error {
		disable, enable = disable+";\n"+off, enable+on+";\n"
		return nil
	})
	if err == nil {
		err = run.Exec(ctx, p.dst, disable)
	}
	return enable + "SELECT 1", run.Wrap("disable triggers", err)
}
