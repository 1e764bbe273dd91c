package schema

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// EventTriggers is the number of triggers that write events. `xenon schema up --events on` makes them.
const EventTriggers = 3

// eventTriggersQuery counts the triggers that write events and are not disabled. $1 to $3 are the tables.
const eventTriggersQuery = `
	SELECT count(*)
	FROM pg_catalog.pg_trigger
	WHERE tgname = 'user_event' AND tgenabled IN ('O', 'A')
	  AND tgrelid IN (to_regclass($1), to_regclass($2), to_regclass($3))`

// EventTriggersQuery returns the statement that counts the triggers in a schema, and its arguments.
func EventTriggersQuery(name string) (sql string, args []any) {
	for _, table := range []string{"user", "session", "account"} {
		id := pgx.Identifier{table}
		if name != Public && name != "" {
			id = pgx.Identifier{name, table}
		}
		args = append(args, id.Sanitize())
	}
	return eventTriggersQuery, args
}

// CountEventTriggers returns how many of the triggers that write events a schema has.
func CountEventTriggers(ctx context.Context, db Querier, name string) (int, error) {
	sql, args := EventTriggersQuery(name)
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return 0, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
}

// CompareEventTriggers returns an *Error if a schema in which events are on does not have all triggers. The argument
// rows is the result of the statement of EventTriggersQuery.
func CompareEventTriggers(rows pgx.Rows) error {
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
	if err != nil || found == EventTriggers {
		return err
	}
	return &Error{[]Problem{{
		Table:  "user_event",
		Found:  fmt.Sprintf("%d triggers that write events", found),
		Wanted: fmt.Sprintf("%d, because EVENTS is on", EventTriggers),
		Repair: "xenon schema up --events on",
	}}}
}
