package supabasetest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Changes has the ids of the users that Change changed. No user is in two of the lists, and each list is sorted.
type Changes struct{ Updated, Inserted, Deleted []string }

// Change changes n users as users and admins of a Supabase project do, each by one event. Every event gets the same
// share of the n users, or fewer if it finds fewer suitable users. Most events set users.updated_at to the current
// time. A soft-deleted user is in Updated. The same source, seed and n change the same users in the same way, except
// for times. A second Change of one source needs another seed.
func Change(t testing.TB, url string, seed uint64, n int) Changes {
	t.Helper()
	t.Logf("%d changes from seed %d", n, seed)
	var c Changes
	withConnection(t, url, "change the source", func(ctx context.Context, conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			return c.applyEvents(ctx, tx, strconv.FormatUint(seed, 10), n)
		})
	})
	slices.Sort(c.Updated)
	slices.Sort(c.Inserted)
	slices.Sort(c.Deleted)
	return c
}

func (c *Changes) applyEvents(ctx context.Context, tx pgx.Tx, seed string, n int) error {
	taken := []string{}
	for i, e := range events {
		count := (n + i) / len(events) // the counts of all events add up to n
		ids, err := e.chooseUsers(ctx, tx, seed, taken, count)
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		for _, statement := range e.statements {
			if _, err := tx.Exec(ctx, statement, ids, seed); err != nil {
				return fmt.Errorf("%s: %w", e.name, err)
			}
		}
		taken = append(taken, ids...)
		switch e.condition {
		case "": // the event creates users
			c.Inserted = append(c.Inserted, ids...)
		case anyUser:
			c.Deleted = append(c.Deleted, ids...)
		default:
			c.Updated = append(c.Updated, ids...)
		}
	}
	return nil
}

// chooseUsers returns the ids of at most count users that the event can change and that are not in taken, or of the
// users that it creates.
func (e event) chooseUsers(ctx context.Context, tx pgx.Tx, seed string, taken []string, count int) ([]string, error) {
	sql := `SELECT id::text FROM auth.users u WHERE id <> ALL ($2::uuid[]) AND ` + e.condition +
		` ORDER BY md5(id::text || $1) LIMIT $3`
	if e.condition == "" {
		sql = `SELECT overlay(overlay(md5('new' || $1 || i) PLACING '4' FROM 13) PLACING 'a' FROM 17)::uuid::text
			FROM generate_series(1, $3) i WHERE cardinality($2::uuid[]) >= 0`
	}
	rows, err := tx.Query(ctx, sql, seed, taken, count)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
