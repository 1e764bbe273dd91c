package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// prepareBeforeUse says when a Store prepares a statement on a connection: before the 16th use. This takes one more
// round trip, once. From then on Postgres need not parse and plan the statement, which is most of its work for a
// look-up by key. A statement that is not prepared takes one round trip and leaves nothing on the server.
const prepareBeforeUse = 16

// useCountsKey is the key of the number of uses of each statement, in the CustomData of a connection.
const useCountsKey = "xenon.useCounts"

// prepareIfFrequent counts a use of a statement on c, and prepares the statement before its 16th use
// (prepareBeforeUse). From then on pgx finds the prepared statement by its text. If the server, or a pooler in front of
// it, rejects this, the Store prepares no more statements.
func (s *Store) prepareIfFrequent(ctx context.Context, c *pgx.Conn, sql string) error {
	if s.prepareUnsupported.Load() {
		return nil
	}
	uses, ok := c.PgConn().CustomData()[useCountsKey].(map[string]int)
	if !ok {
		uses = map[string]int{}
		c.PgConn().CustomData()[useCountsKey] = uses
	}
	if uses[sql]++; uses[sql] != prepareBeforeUse {
		return nil
	}
	_, err := c.Prepare(ctx, sql, sql)
	if errors.As(err, new(*pgconn.PgError)) {
		s.prepareUnsupported.Store(true)
		return nil
	}
	return err
}

// resetPoolIfPreparedLost reports whether err means that a statement did not run, because its prepared form is no
// longer valid: a pooler has moved the connection to another server, or a migration has changed the type of a column.
// If so, it makes the pool replace all its connections, and in the first case the Store prepares no more statements.
func (s *Store) resetPoolIfPreparedLost(err error) bool {
	if err == nil {
		return false
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch {
	case pg.Code == "26000": // invalid_sql_statement_name
		s.prepareUnsupported.Store(true)
	case pg.Code != "0A000" || pg.Routine != "RevalidateCachedQuery": // "cached plan must not change result type"
		return false
	}
	s.pool.Reset()
	return true
}
