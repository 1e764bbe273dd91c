package migrations

import (
	"context"
	_ "embed" // optional/user_event_triggers.sql
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/pg"
	"github.com/xenon-auth/xenon/shared/schema"
)

// EventsFile is the name of the file that SwitchEvents runs, below optional/.
const EventsFile = "user_event_triggers.sql"

//go:embed optional/user_event_triggers.sql
var createEventTriggers string

const dropEventTriggers = `
DROP TRIGGER IF EXISTS user_event ON "user";
DROP TRIGGER IF EXISTS user_event ON session;
DROP TRIGGER IF EXISTS user_event ON account;
`

// SwitchEvents makes or drops the triggers that write events in a schema of the database at url, in one transaction. It
// reports whether it changed anything: if the triggers are as wanted, it takes no lock. Rows of events that are not
// sent yet stay. Call it after UpIn, with the URL of the direct host.
func SwitchEvents(ctx context.Context, url, name string, on bool) (changed bool, err error) {
	wanted, sql := 0, dropEventTriggers
	if on {
		wanted, sql = schema.EventTriggers, createEventTriggers
	}
	err = withSchema(ctx, url, name, func(conn *pgx.Conn) error {
		if err := useSchema(ctx, conn, name); err != nil {
			return err
		}
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			found, err := schema.CountEventTriggers(ctx, tx, name)
			if err != nil || found == wanted {
				return err
			}
			timeout := fmt.Sprintf("SET LOCAL lock_timeout = %d", optionalLockTimeout.Milliseconds())
			if _, err := tx.Exec(ctx, timeout); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, sql); err != nil {
				return explainLock(err, `one of the tables "user", session and account`, optionalLockTimeout)
			}
			changed = true
			return nil
		})
	})
	if err != nil {
		return false, fmt.Errorf("switch the triggers of events: %w", pg.Explain(err))
	}
	return changed, nil
}

// HasEvents reports whether a schema of the database at url has all triggers that write events. It changes nothing.
func HasEvents(ctx context.Context, url, name string) (has bool, err error) {
	err = withSchema(ctx, url, name, func(conn *pgx.Conn) error {
		found, err := schema.CountEventTriggers(ctx, conn, name)
		has = found == schema.EventTriggers
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for the triggers of events: %w", pg.Explain(err))
	}
	return has, nil
}
