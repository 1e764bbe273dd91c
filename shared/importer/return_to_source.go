package importer

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
)

const returnHead = `-- Carries passwords and addresses that people changed in Xenon back into Supabase. It holds password hashes: keep it as
-- you keep a dump, and delete it when it has been run.
--
--   psql -v ON_ERROR_STOP=1 -f FILE "$FROM_DATABASE_URL"
--
-- Run it as the role postgres while nobody writes to auth.users, with a fence around that table opened. It is one
-- transaction: all of it or nothing. What changed in Supabase since the import is left alone, and so is an address that
-- somebody else has there by now; the last query counts. Running it twice does no harm.

BEGIN;
SET LOCAL client_encoding = 'UTF8';
SET LOCAL row_security = off;

CREATE TEMPORARY TABLE xenon_return (
  id uuid PRIMARY KEY,
  old_email text, email text,       -- as imported, and as it is now; NULL: the same
  verified boolean NOT NULL,        -- somebody has proved to own the address
  old_password text, password text, -- hashes, as imported, and as it is now; NULL: the same
  moves boolean NOT NULL DEFAULT false
) ON COMMIT DROP;
`

// returnTail works with any version of Supabase's tables: deleted_at came late, so it is asked for by way of JSON. Addresses
// that change places step aside first, since the index on them does not wait for the end of a statement.
const returnTail = `
UPDATE auth.users u SET encrypted_password = r.password, updated_at = now()
FROM pg_temp.xenon_return r
WHERE u.id = r.id AND r.password IS NOT NULL AND coalesce(u.encrypted_password, '') = coalesce(r.old_password, '')
  AND to_jsonb(u)->>'deleted_at' IS NULL;

UPDATE pg_temp.xenon_return r SET moves = true
FROM auth.users u
WHERE u.id = r.id AND r.email IS NOT NULL AND coalesce(u.email, '') = coalesce(r.old_email, '') AND to_jsonb(u)->>'deleted_at' IS NULL;

DO $$ BEGIN
  LOOP -- whoever stays keeps an address that another may have wanted
    UPDATE pg_temp.xenon_return r SET moves = false
    WHERE r.moves AND r.email IN (
      SELECT lower(u.email) FROM auth.users u WHERE u.email IS NOT NULL AND u.id NOT IN (SELECT id FROM pg_temp.xenon_return WHERE moves));
    EXIT WHEN NOT FOUND;
  END LOOP;
END $$;

UPDATE auth.users u SET email = u.id || '@moving.` + addressSuffix + `'
FROM pg_temp.xenon_return r
WHERE u.id = r.id AND r.moves AND EXISTS (SELECT FROM pg_temp.xenon_return o WHERE o.moves AND o.email = u.email AND o.id <> u.id);

UPDATE auth.users u SET email = r.email, email_confirmed_at = CASE WHEN r.verified THEN now() END, updated_at = now()
FROM pg_temp.xenon_return r
WHERE u.id = r.id AND r.moves;

UPDATE auth.identities i SET identity_data = i.identity_data || jsonb_build_object('email', r.email, 'email_verified', r.verified), updated_at = now()
FROM pg_temp.xenon_return r
WHERE i.user_id = r.id AND r.moves AND i.provider = 'email' AND jsonb_typeof(i.identity_data) = 'object';

UPDATE auth.users u SET email_confirmed_at = now(), updated_at = now()
FROM pg_temp.xenon_return r
WHERE u.id = r.id AND r.email IS NULL AND r.verified AND u.email_confirmed_at IS NULL
  AND coalesce(u.email, '') = coalesce(r.old_email, '') AND to_jsonb(u)->>'deleted_at' IS NULL;

SELECT count(*) FILTER (WHERE r.password = u.encrypted_password) AS passwords,
  count(*) FILTER (WHERE r.password IS DISTINCT FROM u.encrypted_password AND r.password IS NOT NULL) AS passwords_left_alone,
  count(*) FILTER (WHERE r.email = u.email) AS addresses,
  count(*) FILTER (WHERE r.email IS DISTINCT FROM u.email AND r.email IS NOT NULL) AS addresses_left_alone
FROM pg_temp.xenon_return r LEFT JOIN auth.users u ON u.id = r.id;

COMMIT;
`

// valuesInInsert bounds the rows of one INSERT.
const valuesInInsert = 500

// returning writes the SQL, and counts.
type returning struct {
	out          *bufio.Writer
	begun        bool // the transaction stands in the text
	open         int  // rows of the INSERT that is being written
	covered, not int
}

// returned is a user with something to carry back.
type returned struct {
	id                    string
	oldEmail, email       *string
	verified              bool
	oldPassword, password *string
	unreadable            bool
}

// ReturnToSource writes SQL that carries passwords and addresses changed in the target back into Supabase, and that
// somebody has proved to own an address. The text holds password hashes. covered is how many users it has something for,
// not how many have a password now that Supabase does not read or cannot store; they keep their old one there, are named by
// id, and may be covered for their address. It is a snapshot of the target, so write it when nobody signs in any more, and
// before a rollback, after which only those are known whom it left alone. Without an error the text is complete; a
// part of it has no COMMIT and does nothing.
func (m *Import) ReturnToSource(ctx context.Context, run string, w io.Writer) (covered, not int, err error) {
	out := bufio.NewWriterSize(w, 1<<16)
	var r returning
	err = m.ask(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		r.restart(out)
		id, _, state, _, err := stored(ctx, dst, run)
		if err != nil {
			return err
		}
		if state == "finalized" {
			return fmt.Errorf("%w: the run %q is finalized: what was imported is not known any more", ErrRefused, run)
		}
		return r.all(ctx, dst, id)
	})
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return 0, 0, err
	}
	return r.covered, r.not, nil
}

// restart begins the text, and when an error has cut it off begins it again after a ROLLBACK.
func (r *returning) restart(out *bufio.Writer) {
	again := r.begun
	r.end()
	*r = returning{out: out}
	if again {
		r.print("ROLLBACK;\n")
	}
}

func (r *returning) all(ctx context.Context, dst *pgx.Conn, id int) error {
	if err := run(ctx, dst, "begin isolation level repeatable read read only"); err != nil {
		return fmt.Errorf("begin at the target: %w", err)
	}
	var icu bool
	if err := dst.QueryRow(ctx, "select exists (select from pg_collation where collname = 'und-x-icu' and collnamespace = 'pg_catalog'::regnamespace)").Scan(&icu); err != nil {
		return fmt.Errorf("ask the target for its collations: %w", err)
	}
	dstTables, err := lookAtTarget(ctx, dst)
	if err != nil {
		return err
	}
	batches, err := allBatches(ctx, dst, id)
	if err != nil {
		return err
	}
	r.print(returnHead)
	r.begun = true
	mp := mapping{src: source{icu: icu}, dst: dstTables}
	for _, b := range batches {
		if err := r.users(ctx, dst, mp.changedSince(id, b.scope)); err != nil {
			return fmt.Errorf("read what changed in batch %d: %w", b.number, err)
		}
	}
	var others int64
	err = dst.QueryRow(ctx, `select count(*) from "user" u where not exists (select from supabase_import.ledger l where l.run = $1 and l.user_id = u.id and l.source = 'user' and l.outcome in `+brought+`)`, id).Scan(&others)
	if err != nil {
		return fmt.Errorf("count those who came later: %w", err)
	}
	r.end()
	r.print(fmt.Sprintf("\n-- %d users with something to carry back; %d with a password that Supabase cannot read, named above.\n-- %d users of the target are not of this import and are not in this file.\n", r.covered, r.not, others))
	r.print(returnTail)
	return nil
}

// changedSince asks for users whom the run brought and who have another password or address now, or a confirmed one. The
// ledger's residue has what was imported.
func (m mapping) changedSince(id int, s scope) string {
	user := m.parts()[0]
	return fmt.Sprintf(`select u.id::text, l.was->>'email', case when x.moved then u.email end, u."emailVerified" and (x.moved or x.confirmed), l.was->>'encrypted_password',
  case when x.changed and x.readable then a.password end, x.changed and not x.readable
from (select l.key, l.written, l.residue::jsonb as was from supabase_import.ledger l where l.run = %d and l.source = 'user' and l.outcome in %s and %s) l
join "user" u on u.id = l.key
left join lateral (select password from account a where a."userId" = u.id and a."providerId" = 'credential' and a.password <> '' order by a."accountId" = u.id::text desc, a."updatedAt" desc limit 1) a on true
cross join lateral (select %s in ('bcrypt', 'argon2', 'fbscrypt') and length(a.password) <= 255 as readable, a.password is distinct from l.was->>'encrypted_password' and a.password is not null as changed,
    l.written is distinct from %s and u.email not like '%%.%s' and u.email is distinct from %s and length(u.email) <= 255 as moved,
    l.was->>'email' is not null and l.was->>'email_confirmed_at' is null and u.email = %[7]s as confirmed) x
where x.changed or x.moved or u."emailVerified" and x.confirmed
order by u.id`,
		id, brought, s.on("l.user_id"), form("a.password"), hashed(row("u", user.cols)), addressSuffix, m.lower("(l.was->>'email')"))
}

func (r *returning) users(ctx context.Context, dst *pgx.Conn, sql string) error {
	rows, err := dst.Query(ctx, sql)
	if err != nil {
		return err
	}
	var u returned
	_, err = pgx.ForEachRow(rows, []any{&u.id, &u.oldEmail, &u.email, &u.verified, &u.oldPassword, &u.password, &u.unreadable}, func() error { r.user(u); return nil })
	return err
}

// user writes one user.
func (r *returning) user(u returned) {
	if u.unreadable {
		r.not++
		r.end()
		r.print("-- a password that Supabase cannot read: " + u.id + "\n")
	}
	if u.email == nil && u.password == nil && !u.verified {
		return
	}
	r.covered++
	if r.open == valuesInInsert {
		r.end()
	}
	if r.open == 0 {
		r.print("INSERT INTO pg_temp.xenon_return (id, old_email, email, verified, old_password, password) VALUES\n")
	} else {
		r.print(",\n")
	}
	r.open++
	r.print(fmt.Sprintf("('%s', %s, %s, %t, %s, %s)", u.id, anywhere(u.oldEmail), anywhere(u.email), u.verified, anywhere(u.oldPassword), anywhere(u.password)))
}

func (r *returning) end() {
	if r.open > 0 {
		r.print(";\n")
	}
	r.open = 0
}

// print leaves the error to the writer, which keeps it for Flush.
func (r *returning) print(text string) { _, _ = r.out.WriteString(text) }

// anywhere is a text as SQL that means the same whatever standard_conforming_strings says, to psql as well.
func anywhere(text *string) string {
	if text == nil {
		return "NULL"
	}
	if !strings.Contains(*text, `\`) {
		return literal(*text)
	}
	return " E" + literal(strings.ReplaceAll(*text, `\`, `\\`))
}
