package tables

import (
	"context"
	_ "embed" // definitions.sql
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// rowHash returns an SQL expression for the hash of a row's columns, which both servers compute alike.
func rowHash(columns []string) string {
	return mapping.Checksum("row(" + strings.Join(columns, ", ") + ")")
}

// sum returns the number of the table's own rows and the sum of their hashes.
func (t movedTable) sum(ctx context.Context, db *pgx.Conn) (s run.Sum, err error) {
	err = db.QueryRow(ctx, fmt.Sprintf("SELECT count(*), coalesce(sum(%s), 0)::text FROM ONLY %s",
		rowHash(t.Columns), t.Name)).Scan(&s.Rows, &s.Sum)
	return s, run.Wrap("sum of "+t.Name, err)
}

// definition is an object of a schema with a digest of its definition.
type definition struct{ Kind, Name, Table, Digest string }

//go:embed definitions.sql
var definitionsQuery string

// definitions returns the objects of schemas, without those of the excluded tables.
func definitions(ctx context.Context, db *pgx.Conn, schemas, excluded []string) ([]definition, error) {
	if excluded == nil {
		excluded = []string{}
	}
	all, err := query[definition](ctx, db, definitionsQuery, schemas, excluded)
	return all, run.Wrap("read the definitions", err)
}
