package tables

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/usertriggers"
)

// userTriggers is the section of the triggers on auth.users that are made again on "user", after everything else.
const userTriggers = "user triggers"

// userTrigger is the kind of such a trigger.
const userTrigger = "USER TRIGGER"

// notWanted is the reason of a trigger that can be made.
const notWanted = "use --triggers to make it"

// remadeTrigger is a trigger on auth.users with the statements that make it on "user".
type remadeTrigger struct {
	usertriggers.Copy
	title  string
	reason string // why it cannot be made, or ""
}

// readUserTriggers reads the triggers on auth.users in a transaction of the source.
func (b *beginning) readUserTriggers(ctx context.Context) (err error) {
	if err := run.Exec(ctx, b.src, "SET LOCAL search_path = ''"); err != nil {
		return err
	}
	b.userTriggers, err = usertriggers.Read(ctx, b.src)
	return err
}

// remakeUserTriggers makes the statements for the target.
func (b *beginning) remakeUserTriggers(ctx context.Context) error {
	table, err := describeUserTable(ctx, b.dst, userTable(b.env))
	if err != nil {
		return err
	}
	copies := map[string]int{} // by function
	for _, t := range b.userTriggers {
		function := mapping.Quote(t.Schema) + "." + mapping.Quote(t.Function)
		copies[function]++
		made, why := t.Remake(table, copies[function])
		b.remade = append(b.remade, remadeTrigger{made, t.Title(), why})
	}
	return nil
}

// describeUserTable reads which columns with metadata the table "user" has.
func describeUserTable(ctx context.Context, dst *pgx.Conn, name string) (usertriggers.UserTable, error) {
	names, err := run.QueryTexts(ctx, dst, `SELECT attname FROM pg_attribute
WHERE attrelid = $1::regclass AND attname IN ('userMetadata', 'appMetadata') AND NOT attisdropped`, name)
	return usertriggers.UserTable{
		Name:         name,
		UserMetadata: slices.Contains(names, "userMetadata"),
		AppMetadata:  slices.Contains(names, "appMetadata"),
	}, run.Wrap("read the columns of "+name, err)
}

// rehearseUserTriggers creates the triggers in a transaction that is rolled back.
func (b *beginning) rehearseUserTriggers(ctx context.Context) error {
	for i := range b.remade {
		t := &b.remade[i]
		if t.SQL == "" {
			continue
		}
		e, err := try(ctx, b.dst, t.SQL)
		if err != nil {
			return fmt.Errorf("create the trigger %s: %w", t.title, err)
		}
		if e != nil {
			t.reason = e.Message
		}
	}
	return nil
}

const insertUserTrigger = `INSERT INTO supabase_import.moved_object
  (run, number, section, kind, name, sql, drops, state, reason)
SELECT $1, 1 + max(number), $2, $3, $4, $5, $6, $7, nullif($8, '')
FROM supabase_import.moved_object
WHERE run = $1`

func (b *beginning) storeUserTriggers(ctx context.Context) error {
	for _, t := range b.remade {
		state, reason := "left out", t.reason
		switch {
		case reason != "":
		case b.Triggers:
			state = "open"
		default:
			reason = notWanted
		}
		_, err := b.dst.Exec(ctx, insertUserTrigger,
			b.run.ID, userTriggers, userTrigger, t.title, t.SQL, t.Drops, state, reason)
		if err != nil {
			return err
		}
	}
	return nil
}

const userTriggersHeader = `-- The triggers on auth.users, made again on Xenon's table "user" with copies of their
-- functions. If a function fails, the sign-up fails: sign up a test user afterwards. The triggers do not fire for users
-- that xenon migrate run writes.
`

// userTriggerStatements returns the statements that make the triggers, and comments for those that cannot be made.
func (b *beginning) userTriggerStatements() string {
	var text strings.Builder
	for _, t := range b.remade {
		fmt.Fprintf(&text, "-- %s\n", strings.ReplaceAll(t.title, "\n", " "))
		if t.reason != "" {
			fmt.Fprintf(&text, "-- It cannot be made: %s.\n\n", t.reason)
			continue
		}
		fmt.Fprintf(&text, "%s\n\n", t.SQL)
	}
	return text.String()
}

// reopenUserTriggers makes a move create the triggers that it has left out and that can be made.
func reopenUserTriggers(ctx context.Context, dst *pgx.Conn, r run.Run) error {
	_, err := dst.Exec(ctx, `UPDATE supabase_import.moved_object SET state = 'open', reason = NULL
WHERE run = $1 AND section = $2 AND state = 'left out' AND sql <> ''`, r.ID, userTriggers)
	return run.Wrap("add the triggers on auth.users to the move", err)
}

const openUserTriggers = `SELECT number, name, sql, drops
FROM supabase_import.moved_object
WHERE run = $1 AND section = $2 AND state = 'open'
ORDER BY number`

// openUserTrigger is a row of moved_object.
type openUserTrigger struct {
	Number    int
	Name, SQL string
	Drops     []string
}

// createUserTriggers creates the open triggers, each with its ledger entry in one transaction. A trigger that fails for
// a trial sign-up is left out, because all sign-ups would fail.
func (f *finisher) createUserTriggers(ctx context.Context) error {
	all, err := query[openUserTrigger](ctx, f.dst, openUserTriggers, f.run.ID, userTriggers)
	if err != nil {
		return fmt.Errorf("read the open triggers on auth.users: %w", err)
	}
	for _, o := range all {
		err := pgx.BeginFunc(ctx, f.dst, func(tx pgx.Tx) error {
			if err := run.Exec(ctx, f.dst, o.SQL); err != nil {
				return err
			}
			if err := trySignUp(ctx, f.dst, userTable(f.env)); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, closeObject, f.run.ID, o.Number, "done", ""); err != nil {
				return err
			}
			return f.addDefinitions(ctx, tx, o.Drops)
		})
		if isRefusal(err) {
			_, err = f.dst.Exec(ctx, closeObject, f.run.ID, o.Number, "left out", err.Error())
		}
		if err != nil {
			return fmt.Errorf("create the trigger %s: %w", o.Name, err)
		}
	}
	return nil
}

// trySignUp adds and changes a user in a transaction, and undoes both.
func trySignUp(ctx context.Context, dst *pgx.Conn, userTable string) error {
	if err := run.Exec(ctx, dst, strings.ReplaceAll(trial, "{user}", userTable)); err != nil {
		return fmt.Errorf("a trial sign-up fails: %w", err)
	}
	return nil
}

// trial adds and changes a user, and undoes both.
const trial = `SAVEPOINT trial;
DO $$
DECLARE
  trial_id uuid := gen_random_uuid();
BEGIN
  INSERT INTO {user} (id, name, email, "emailVerified", "createdAt", "updatedAt")
  VALUES (trial_id, 'Trial', trial_id || '@example.com', false, now(), now());
  UPDATE {user}
  SET name = 'Changed', email = 'changed-' || email, image = 'https://example.com/1', "updatedAt" = now()
  WHERE id = trial_id;
END $$;
SET CONSTRAINTS ALL IMMEDIATE;
ROLLBACK TO SAVEPOINT trial;`

// addDefinitions adds what was created after the move was complete to the stored definitions: it is the move's own.
func (f *finisher) addDefinitions(ctx context.Context, tx pgx.Tx, drops []string) error {
	if f.state != Complete {
		return nil // complete will store all definitions
	}
	all, err := definitions(ctx, f.dst, f.schemas, nil)
	if err != nil {
		return err
	}
	for _, d := range droppedBy(all, drops) {
		_, err := tx.Exec(ctx, `INSERT INTO supabase_import.moved_definition VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING`, f.run.ID, d.Kind, d.Name, d.Table, d.Digest)
		if err != nil {
			return run.Wrap("store the definitions", err)
		}
	}
	return nil
}

// droppedBy returns the definitions of the triggers and functions that the statements would drop.
func droppedBy(all []definition, drops []string) (dropped []definition) {
	own := strings.Split(withoutQuotes(strings.Join(drops, "\n")), "\n")
	for _, d := range all {
		drop := "DROP FUNCTION " + d.Name
		if d.Kind == "trigger" {
			drop = "DROP TRIGGER " + strings.TrimPrefix(d.Name, d.Table+": ") + " ON " + d.Table
		}
		if slices.Contains(own, withoutQuotes(drop)) {
			dropped = append(dropped, d)
		}
	}
	return dropped
}

func withoutQuotes(sql string) string { return strings.ReplaceAll(sql, `"`, "") }

// missingUserTriggers lists the triggers that the move has made, with true for those that do not exist any more.
const missingUserTriggers = `SELECT o.name, o.sql, o.state, o.state = 'done' AND NOT EXISTS (
  SELECT FROM pg_trigger t
  WHERE t.tgrelid = $3::text::regclass
    AND to_jsonb(o)->'drops'->>0 = format('DROP TRIGGER %I ON %s', t.tgname, $3::text))
FROM supabase_import.moved_object o
WHERE o.run = $1 AND o.section = $2`

// compareUserTriggers compares the triggers on auth.users with those that the move has made on "user". A trigger is
// different if it would be made in another way now.
func (c *comparison) compareUserTriggers(ctx context.Context) ([]KindCounts, error) {
	type row struct {
		Name, SQL, State string
		Missing          bool
	}
	all, err := query[row](ctx, c.dst, missingUserTriggers, c.run.ID, userTriggers, userTable(c.env))
	if err != nil || len(all) == 0 {
		return nil, run.Wrap("read the triggers on auth.users", err)
	}
	b := &beginning{env: c.env, src: c.src, dst: c.dst}
	if err := pgx.BeginFunc(ctx, c.src, func(pgx.Tx) error { return b.readUserTriggers(ctx) }); err != nil {
		return nil, err
	}
	if err := b.remakeUserTriggers(ctx); err != nil {
		return nil, err
	}
	k := KindCounts{
		Kind: "trigger on users", Source: len(all), Missing: []string{}, Different: []string{}, Extra: []string{},
	}
	for _, t := range all {
		switch {
		case t.Missing:
			k.Missing = append(k.Missing, t.Name)
		case t.State == "done":
			k.Target++
			if made := remadeAs(b.remade, t.Name); made != nil && made.SQL != t.SQL {
				k.Different = append(k.Different, t.Name)
			}
		}
	}
	return []KindCounts{k}, nil
}
