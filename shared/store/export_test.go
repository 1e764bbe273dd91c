package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Exec gives tests the method exec, without its count of rows.
func (s *Store) Exec(ctx context.Context, sql string) error {
	_, err := s.exec(ctx, sql)
	return err
}

// ChargeSQL gives tests the statement that counts the given number of charges against their rate limits.
func ChargeSQL(charges int) string { return chargeSQL(charges) }

// Reject gives tests the method reject: the result for a charge that Postgres did not count.
func (s *Store) Reject(c Charge, lastRequest time.Time) error {
	return s.rejectionError(c, lastRequest.UnixMilli())
}

// UsableAfter reports whether the Store uses a connection again that was idle for the given time.
func (s *Store) UsableAfter(ctx context.Context, idle time.Duration) (usable bool, err error) {
	err = s.withConn(ctx, func(ctx context.Context, c *pgxpool.Conn) (err error) {
		c.Conn().PgConn().CustomData()[lastUsedKey] = wallClock().Add(-idle)
		usable, err = isUsable(ctx, c.Conn())
		return err
	})
	return usable, err
}

// ForgetReadiness makes the next call of CheckReady check the tables again.
func (s *Store) ForgetReadiness() {
	s.tableCheck.mu.Lock()
	defer s.tableCheck.mu.Unlock()
	s.tableCheck.at = time.Time{}
}

// Complete gives tests the method complete.
func (s *Store) Complete(sql string) string { return s.complete(sql) }

// ProfileStatements returns the statements on profiles.
func ProfileStatements(s *Store) []string {
	return []string{s.profile.read, s.profile.create, s.profile.update}
}

// PageStatement returns the statement that reads a page of users and its arguments, with fromEnd for the reversed list.
func PageStatement(s *Store, list UserList, fromEnd bool) (sql string, args []any, err error) {
	sql, args, err = s.pageSQL(list, pagePlan{fromEnd: fromEnd})
	return s.completeText(sql), args, err
}

// Explain returns the plan that Postgres makes for a statement of a list and its arguments.
func Explain(ctx context.Context, s *Store, sql string, args ...any) (plan string, err error) {
	lines, err := readPlanned(ctx, s, pgx.RowTo[string], "EXPLAIN "+sql, args)
	return strings.Join(lines, "\n"), err
}

// PreparedStatements returns the prepared statements of the connection of a Store with one connection.
func PreparedStatements(ctx context.Context, s *Store) ([]string, error) {
	return readPlanned(ctx, s, pgx.RowTo[string], "SELECT statement FROM pg_prepared_statements WHERE name <> ''", nil)
}

// FilterFirstStatement returns the statement that finds users first and then sorts them, and its arguments.
func FilterFirstStatement(s *Store, list UserList) (sql string, args []any, err error) {
	sql, args, err = s.pageSQL(list, pagePlan{filterFirst: true})
	return s.completeText(sql), args, err
}

// TokenSessionSQL returns the statement of SessionForToken for one token, without metadata.
func TokenSessionSQL(s *Store) string { return s.complete(s.tokenSessionSQL(true, false)) }

// DeleteExpiredSQL is the CTE that deletes expired rows of verification.
const DeleteExpiredSQL = deleteExpiredSQL
