package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// prepareAfter is how often a connection runs a statement before the server is asked to keep it parsed and planned. Until
// then each goes in one round trip and leaves nothing behind; preparing costs one more, once, and saves the parsing and
// planning, which is most of what a statement by key costs Postgres.
const prepareAfter = 16

const usesKey = "xenon.uses"

// keep prepares a statement on c that it has run often by now; from then on pgx finds it by its text. A server, or a pooler
// before it, that does not want to is not asked again.
func (s *Store) keep(ctx context.Context, c *pgx.Conn, sql string) error {
	if s.plain.Load() {
		return nil
	}
	uses, ok := c.PgConn().CustomData()[usesKey].(map[string]int)
	if !ok {
		uses = map[string]int{}
		c.PgConn().CustomData()[usesKey] = uses
	}
	if uses[sql]++; uses[sql] != prepareAfter {
		return nil
	}
	_, err := c.Prepare(ctx, sql, sql)
	if errors.As(err, new(*pgconn.PgError)) {
		s.plain.Store(true)
		return nil
	}
	return err
}

// forgot reports whether a statement did not run because the server no longer has it as it was prepared: a pooler has put
// another server behind the connection, or a column's type was changed. Connections made from now on begin anew, those of
// such a pooler without preparing anything.
func (s *Store) forgot(err error) bool {
	if err == nil {
		return false
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch {
	case pg.Code == "26000": // invalid_sql_statement_name
		s.plain.Store(true)
	case pg.Code != "0A000" || pg.Routine != "RevalidateCachedQuery": // "cached plan must not change result type"
		return false
	}
	s.pool.Reset()
	return true
}
