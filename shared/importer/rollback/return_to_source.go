package rollback

import (
	"bufio"
	"context"
	_ "embed" // return_head.sql, return_tail.sql
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

//go:embed return_head.sql
var returnFileHeadSQL string

// returnFileTailSQL is the end of the SQL file. It works with all versions of Supabase's tables: old versions have no
// deleted_at, so the SQL reads it through to_jsonb. Users that swap emails get a temporary email first, because
// Postgres checks the unique index on emails for each row.
//
//go:embed return_tail.sql
var returnFileTailSQL string

// maxRowsPerInsert is the maximum number of rows of one INSERT in the file.
const maxRowsPerInsert = 500

// returnFile writes the SQL file and counts the users.
type returnFile struct {
	out   *bufio.Writer
	begun bool // the text has the BEGIN of its transaction
	open  int  // rows of the INSERT that is being written

	users, unreadablePasswords int // as ReturnToSource returns them
}

// returnedUser is a user whose password or email is to be written back to Supabase.
type returnedUser struct {
	id                    string
	oldEmail, email       *string
	verified              bool
	oldPassword, password *string
	isUnreadable          bool // Supabase cannot read or store the current password
}

// ReturnToSource writes SQL that copies passwords and emails that changed in the target back to Supabase, and marks
// emails as confirmed that users confirmed in the target. The text has password hashes. users is the number of users in
// the text; it leaves values alone that changed in Supabase since. unreadablePasswords is the number of users whose
// current password Supabase cannot read or store: they keep the old password in Supabase, and comments in the text list
// their ids. If the email of such a user changed, the text has it, and users counts the user, too.
//
// The text is a snapshot of the target. So write it when no user can sign in any more, and before a rollback, because a
// rollback deletes the ledger entries of all users that it removes. If ReturnToSource returns an error, the text is
// incomplete: it has no COMMIT and changes nothing.
func ReturnToSource(
	ctx context.Context, env *run.Env, name string, w io.Writer,
) (users, unreadablePasswords int, err error) {
	out := bufio.NewWriterSize(w, 1<<16)
	var f returnFile
	err = env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		f.restart(out)
		r, err := run.Find(ctx, dst, name)
		if err != nil {
			return err
		}
		if r.State == run.Finalized {
			return fmt.Errorf("%w: the run %q is finalized, so the imported values are deleted", run.ErrRefused, name)
		}
		if s := r.Plan.File; s != nil && s.Service != "" {
			return fmt.Errorf("%w: the run %q has imported users of %s, and the file would have SQL for a database of "+
				"Supabase: roll back without --return-to-source", run.ErrRefused, name, s.Service)
		}
		return f.writeAll(ctx, dst, &r)
	})
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return 0, 0, err
	}
	return f.users, f.unreadablePasswords, nil
}

// restart begins an attempt to write the text. If an error interrupted an earlier attempt, it first ends the unfinished
// transaction in the text with ROLLBACK.
func (f *returnFile) restart(out *bufio.Writer) {
	again := f.begun
	f.endInsert()
	*f = returnFile{out: out}
	if again {
		f.print("ROLLBACK;\n")
	}
}

func (f *returnFile) writeAll(ctx context.Context, dst *pgx.Conn, r *run.Run) (err error) {
	if err := run.Exec(ctx, dst, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); err != nil {
		return fmt.Errorf("begin at the target: %w", err)
	}
	var m mapping.Mapping
	if m.Source.ICU, err = run.HasICU(ctx, dst); err != nil {
		return err
	}
	if m.Target, err = r.TargetTables(ctx, dst); err != nil {
		return err
	}
	batches, err := run.AllBatches(ctx, dst, r.ID)
	if err != nil {
		return err
	}
	f.print(returnFileHeadSQL)
	f.begun = true
	for _, b := range batches {
		if err := f.writeUsers(ctx, dst, changedUsersSQL(m, r.ID, b.Scope)); err != nil {
			return fmt.Errorf("read what changed in batch %d: %w", b.Number, err)
		}
	}
	others, err := run.CountUnknownUsers(ctx, dst, r.ID)
	if err != nil {
		return err
	}
	f.endInsert()
	f.print(fmt.Sprintf("\n-- %d users in this file; "+
		"%d users with a password that Supabase cannot read (listed above).\n"+
		"-- %d users of the target do not come from this import and are not in this file.\n",
		f.users, f.unreadablePasswords, others))
	f.print(returnFileTailSQL)
	return nil
}

// changedUsersSQL returns a query for users that the run copied and whose password or email is different now, or whose
// email was confirmed in the target. The column residue of the ledger has the imported values.
func changedUsersSQL(m mapping.Mapping, id int, s mapping.Scope) string {
	imported := m.Lower("(l.was->>'email')")
	return `SELECT u.id::text, l.was->>'email', CASE WHEN x.moved THEN u.email END,
  u."emailVerified" AND (x.moved OR x.confirmed),
  l.was->>'encrypted_password', CASE WHEN x.changed AND x.readable THEN a.password END, x.changed AND NOT x.readable
FROM (
  SELECT l.key, l.written, l.residue::jsonb AS was
  FROM ` + run.Entries(id, s, "l", mapping.User) + `
  WHERE l.outcome IN ` + run.CopiedOutcomes + `
) l
JOIN "user" u ON u.id = l.key
LEFT JOIN LATERAL (
  SELECT password
  FROM account a
  WHERE a."userId" = u.id AND a."providerId" = 'credential' AND a.password <> ''
  ORDER BY a."accountId" = u.id::text DESC, a."updatedAt" DESC
  LIMIT 1
) a ON true
CROSS JOIN LATERAL (
  SELECT ` + mapping.PasswordFormatSQL("a.password") + ` IN ('bcrypt', 'argon2', 'fbscrypt')
      AND length(a.password) <= 255 AS readable,
    a.password IS DISTINCT FROM l.was->>'encrypted_password' AND a.password IS NOT NULL AS changed,
    l.written IS DISTINCT FROM ` + mapping.Hash64(m.UserRow().StoredAs("u")) + `
      AND u.email NOT LIKE '%.` + mapping.PlaceholderDomain + `'
      AND u.email IS DISTINCT FROM ` + imported + ` AND length(u.email) <= 255 AS moved,
    l.was->>'email' IS NOT NULL AND l.was->>'email_confirmed_at' IS NULL AND u.email = ` + imported + ` AS confirmed
) x
WHERE x.changed OR x.moved OR u."emailVerified" AND x.confirmed
ORDER BY u.id`
}

func (f *returnFile) writeUsers(ctx context.Context, dst *pgx.Conn, sql string) error {
	rows, err := dst.Query(ctx, sql)
	if err != nil {
		return err
	}
	var u returnedUser
	into := []any{&u.id, &u.oldEmail, &u.email, &u.verified, &u.oldPassword, &u.password, &u.isUnreadable}
	_, err = pgx.ForEachRow(rows, into, func() error { f.writeUser(u); return nil })
	return err
}

func (f *returnFile) writeUser(u returnedUser) {
	if u.isUnreadable {
		f.unreadablePasswords++
		f.endInsert()
		f.print("-- a password that Supabase cannot read: " + u.id + "\n")
	}
	if u.email == nil && u.password == nil && !u.verified {
		return
	}
	f.users++
	if f.open == maxRowsPerInsert {
		f.endInsert()
	}
	if f.open == 0 {
		f.print("INSERT INTO pg_temp.xenon_return (id, old_email, email, verified, old_password, password) VALUES\n")
	} else {
		f.print(",\n")
	}
	f.open++
	f.print(fmt.Sprintf("('%s', %s, %s, %t, %s, %s)", u.id, quotePortably(u.oldEmail), quotePortably(u.email), u.verified,
		quotePortably(u.oldPassword), quotePortably(u.password)))
}

func (f *returnFile) endInsert() {
	if f.open > 0 {
		f.print(";\n")
	}
	f.open = 0
}

// print ignores the error: the bufio.Writer stores it and returns it from Flush.
func (f *returnFile) print(text string) { _, _ = f.out.WriteString(text) }

// quotePortably quotes a text so that Postgres and psql read it correctly with standard_conforming_strings on and off.
func quotePortably(text *string) string {
	if text == nil {
		return "NULL"
	}
	if !strings.Contains(*text, `\`) {
		return mapping.Literal(*text)
	}
	return " E" + mapping.Literal(strings.ReplaceAll(*text, `\`, `\\`))
}
