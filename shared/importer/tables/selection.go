package tables

import (
	"context"
	_ "embed" // queries
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/inventory"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// selection is what a move covers.
type selection struct {
	schemas   []string
	behind    []string // what the options exclude, see Result.LeftBehind
	excluded  []string // tables, quoted as in SQL, with the partitions of excluded tables and all foreign tables
	relations []relation
	keys      []ForeignKey
	sequences []string // quoted as in SQL
}

// relation is a table with rows: an ordinary table or a partition.
type relation struct {
	Name     string   // with its schema, quoted as in SQL
	Columns  []string // the columns that are not generated, quoted
	Key      []string // columns of the primary key, quoted
	KeyTypes []string
	Rows     int64 // an estimate
	Bytes    int64 // without indexes
}

var (
	//go:embed relations.sql
	relationsQuery string
	//go:embed foreign_keys.sql
	foreignKeysQuery string
)

const (
	excludedQuery = `SELECT x.name, quote_ident(n.nspname) || '.' || quote_ident(c.relname)
FROM unnest($1::text[]) x (name)
LEFT JOIN LATERAL (SELECT to_regclass(x.name) AS oid) o ON true
LEFT JOIN LATERAL pg_partition_tree(o.oid) p ON true
LEFT JOIN pg_class c ON c.oid = coalesce(p.relid, o.oid)
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace`

	foreignTablesQuery = `SELECT format('%I.%I', n.nspname, c.relname)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'f' AND n.nspname = ANY ($1)`
)

// selectRelations reads from the source what the options cover.
func selectRelations(ctx context.Context, src *pgx.Conn, o Options) (s selection, err error) {
	if err := s.selectSchemas(ctx, src, o.Schemas); err != nil {
		return s, err
	}
	if s.excluded, err = run.QueryTexts(ctx, src, foreignTablesQuery, s.schemas); err != nil {
		return s, err
	}
	if err := s.exclude(ctx, src, o.Exclude); err != nil {
		return s, err
	}
	if s.relations, err = query[relation](ctx, src, relationsQuery, s.schemas, s.excluded); err != nil {
		return s, err
	}
	if s.keys, err = query[ForeignKey](ctx, src, foreignKeysQuery, s.schemas, s.excluded); err != nil {
		return s, err
	}
	s.sequences, err = run.QueryTexts(ctx, src, sequencesQuery, s.schemas, s.excluded)
	return s, err
}

// selectSchemas selects the project's own schemas, or those of them that are wanted.
func (s *selection) selectSchemas(ctx context.Context, src *pgx.Conn, wanted []string) error {
	own, err := inventory.Schemas(ctx, src)
	if err != nil || len(wanted) == 0 {
		s.schemas = own
		return err
	}
	for _, name := range wanted {
		if !slices.Contains(own, name) {
			return fmt.Errorf("%w: the project has no schema %q of its own; it has %s",
				run.ErrRefused, name, strings.Join(own, ", "))
		}
	}
	for _, name := range own {
		if slices.Contains(wanted, name) {
			s.schemas = append(s.schemas, name)
		} else {
			s.behind = append(s.behind, "schema "+name)
		}
	}
	return nil
}

// exclude adds tables with their partitions.
func (s *selection) exclude(ctx context.Context, src *pgx.Conn, names []string) error {
	rows, err := src.Query(ctx, excludedQuery, names)
	if err != nil {
		return err
	}
	var unknown []string
	var given string
	var table *string
	if _, err := pgx.ForEachRow(rows, []any{&given, &table}, func() error {
		if table == nil {
			unknown = append(unknown, given)
			return nil
		}
		if name := "table " + given; !slices.Contains(s.behind, name) {
			s.behind = append(s.behind, name)
		}
		s.excluded = append(s.excluded, *table)
		return nil
	}); err != nil {
		return err
	}
	if len(unknown) > 0 {
		return fmt.Errorf("%w: the source has no table %s to exclude", run.ErrRefused, strings.Join(unknown, ", "))
	}
	return nil
}

// query returns the rows of a query as structs, field by field.
func query[T any](ctx context.Context, db *pgx.Conn, sql string, args ...any) ([]T, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[T])
}
