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
var returnHead string

// returnTail works with any version of Supabase's tables: deleted_at came late, so it is asked for by way of JSON.
// Emails that change places get a placeholder first, since the index on them does not wait for the end of a statement.
//
//go:embed return_tail.sql
var returnTail string

// valuesInInsert is how many rows an INSERT has at most.
const valuesInInsert = 500

// returnFile writes the SQL, and counts.
type returnFile struct {
	out          *bufio.Writer
	begun        bool // the text has the BEGIN of its transaction
	open         int  // rows of the INSERT that is being written
	covered, not int
}

// returnedUser is a user with something to carry back.
type returnedUser struct {
	id                    string
	oldEmail, email       *string
	verified              bool
	oldPassword, password *string
	unreadable            bool
}

// ReturnToSource writes SQL that carries passwords and emails changed in the target back into Supabase, and that a user
// has proved to own an email. The text holds password hashes. covered is how many users it has something for; not is
// how many have a password now that Supabase does not read or cannot store: they keep their old one there, are named by
// id, and may be covered for their email. It is a snapshot of the target, so write it when no one signs in any more,
// and before a rollback, after which only the users are known whom it left alone. Without an error the text is
// complete; a part of it has no COMMIT and does nothing.
func ReturnToSource(ctx context.Context, env *run.Env, name string, w io.Writer) (covered, not int, err error) {
	out := bufio.NewWriterSize(w, 1<<16)
	var f returnFile
	err = env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		f.restart(out)
		r, err := run.Find(ctx, dst, name)
		if err != nil {
			return err
		}
		if r.State == run.Finalized {
			return fmt.Errorf("%w: the run %q is finalized: what was imported is not known any more", run.ErrRefused, name)
		}
		return f.writeAll(ctx, dst, r.ID)
	})
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return 0, 0, err
	}
	return f.covered, f.not, nil
}

// restart begins the text, and when an error has cut it off begins it again after a ROLLBACK.
func (f *returnFile) restart(out *bufio.Writer) {
	again := f.begun
	f.endInsert()
	*f = returnFile{out: out}
	if again {
		f.print("ROLLBACK;\n")
	}
}

func (f *returnFile) writeAll(ctx context.Context, dst *pgx.Conn, id int) (err error) {
	if err := run.Exec(ctx, dst, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); err != nil {
		return fmt.Errorf("begin at the target: %w", err)
	}
	var m mapping.Mapping
	if m.Source.ICU, err = run.HasICU(ctx, dst); err != nil {
		return err
	}
	if m.Target, err = run.ReadTargetCatalog(ctx, dst); err != nil {
		return err
	}
	batches, err := run.AllBatches(ctx, dst, id)
	if err != nil {
		return err
	}
	f.print(returnHead)
	f.begun = true
	for _, b := range batches {
		if err := f.writeUsers(ctx, dst, changedUsers(m, id, b.Scope)); err != nil {
			return fmt.Errorf("read what changed in batch %d: %w", b.Number, err)
		}
	}
	others, err := run.CountUnknownUsers(ctx, dst, id)
	if err != nil {
		return err
	}
	f.endInsert()
	f.print(fmt.Sprintf("\n-- %d users with something to carry back; "+
		"%d with a password that Supabase cannot read, named above.\n"+
		"-- %d users of the target are not of this import and are not in this file.\n", f.covered, f.not, others))
	f.print(returnTail)
	return nil
}

// changedUsers asks for users whom the run copied and who have another password or email now, or a confirmed one. The
// ledger's residue has what was imported.
func changedUsers(m mapping.Mapping, id int, s mapping.Scope) string {
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
  SELECT ` + mapping.PasswordFormat("a.password") + ` IN ('bcrypt', 'argon2', 'fbscrypt')
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
	into := []any{&u.id, &u.oldEmail, &u.email, &u.verified, &u.oldPassword, &u.password, &u.unreadable}
	_, err = pgx.ForEachRow(rows, into, func() error { f.writeUser(u); return nil })
	return err
}

func (f *returnFile) writeUser(u returnedUser) {
	if u.unreadable {
		f.not++
		f.endInsert()
		f.print("-- a password that Supabase cannot read: " + u.id + "\n")
	}
	if u.email == nil && u.password == nil && !u.verified {
		return
	}
	f.covered++
	if f.open == valuesInInsert {
		f.endInsert()
	}
	if f.open == 0 {
		f.print("INSERT INTO pg_temp.xenon_return (id, old_email, email, verified, old_password, password) VALUES\n")
	} else {
		f.print(",\n")
	}
	f.open++
	f.print(fmt.Sprintf("('%s', %s, %s, %t, %s, %s)", u.id,
		portable(u.oldEmail), portable(u.email), u.verified, portable(u.oldPassword), portable(u.password)))
}

func (f *returnFile) endInsert() {
	if f.open > 0 {
		f.print(";\n")
	}
	f.open = 0
}

// print leaves the error to the writer, which keeps it for Flush.
func (f *returnFile) print(text string) { _, _ = f.out.WriteString(text) }

// portable is a text as SQL that means the same under both values of standard_conforming_strings, to psql as well.
func portable(text *string) string {
	if text == nil {
		return "NULL"
	}
	if !strings.Contains(*text, `\`) {
		return mapping.Literal(*text)
	}
	return " E" + mapping.Literal(strings.ReplaceAll(*text, `\`, `\\`))
}
