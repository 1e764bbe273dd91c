package importer

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Anybody can sign up at the target with another person's address before the import. Such a user, who never verified
// the address and has nothing but a password, gives the address up to a confirmed user of the source: the password and
// the sessions are removed, the address becomes a placeholder, and the quarantine keeps what was there for a rollback.

// addressReleased is the quarantine's reason for a user of the target who gave the address up. The entry stands under
// the source's user (user_id), since it goes with that user's batch; its key is the target's user.
const addressReleased = "address_released"

// emailUnverified is the ruling about a confirmed user of the source whose address an unverified user of the target
// holds who has too much to be moved.
const emailUnverified = "target_email_unverified"

// releasedAddress is the placeholder of a user who gave the address up.
const releasedAddress = `u.id || '@unverified.` + addressSuffix + `'`

// unmovable is an SQL expression: why the user u of the target, who has not verified the address, cannot give it up, or
// NULL. A user keeps the address who came with an import, or has more than a password: a linked account, a profile,
// rows in tables that refer to users, a verified telephone number, a role, or a ban.
//
// ledger says that the target has the import's schema.
func (m mapping) unmovable(leading []reference, ledger bool) string {
	type reason struct{ condition, text string }
	imported := "false"
	if ledger {
		imported = `exists (select from supabase_import.run r join supabase_import.ledger l on l.run = r.id and l.user_id = u.id and l.source = 'user' and l.key = u.id and l.written is not null)`
	}
	reasons := []reason{
		{imported, "came with an import"},
		{`exists (select from account a where a."userId" = u.id and a."providerId" <> 'credential')`, "has a linked account"},
		{`exists (select from user_profile p where p.user_id = u.id)`, "has a profile"},
	}
	for _, r := range leading {
		if r.direct && !r.ours {
			reasons = append(reasons, reason{r.refersTo(), "has rows in " + r.table})
		}
	}
	for _, own := range []struct {
		column string
		reason
	}{
		{"banned", reason{"u.banned", "is banned"}},
		{"role", reason{"coalesce(u.role, 'user') <> 'user'", "has a role"}},
		{"phoneNumberVerified", reason{`u."phoneNumberVerified"`, "has a verified telephone number"}},
	} {
		if m.dst.user.has(own.column) {
			reasons = append(reasons, own.reason)
		}
	}
	var sql strings.Builder
	sql.WriteString("case")
	for _, r := range reasons {
		sql.WriteString("\n  when " + r.condition + " then " + literal(r.text))
	}
	return sql.String() + " end"
}

// refersTo is an SQL condition: rows of the referring table refer to the user u, or to what the user has.
func (r reference) refersTo() string {
	on := make([]string, len(r.columns))
	for i := range r.columns {
		on[i] = "c." + r.columns[i] + " = p." + r.keys[i]
	}
	id := `p."userId"`
	switch {
	case strings.HasSuffix(r.parent, `."user"`):
		id = "p.id"
	case strings.HasSuffix(r.parent, ".user_profile"):
		id = "p.user_id"
	}
	return fmt.Sprintf("exists (select from %s c join %s p on %s where %s = u.id)", r.from, r.parent, strings.Join(on, " and "), id)
}

// releasing calls place, and again after every release of addresses that it ran into. All of it is one transaction, so
// no reader can sign up with a released address before place has it.
func (w *worker) releasing(ctx context.Context, place func() error) error {
	for {
		err := place()
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != "23505" {
			return err
		}
		var n int64
		if e := ask1(ctx, w.dst, "rollback to savepoint staged;\n"+w.run.release(), &n); e != nil {
			return fmt.Errorf("release addresses: %w", e)
		}
		if n == 0 {
			return err
		}
	}
}

// release takes the address from the unverified users of the target who can give it up to a confirmed user of the
// stage, and counts them. It begins with a lock on these users, so that none of them verifies the address or gets more
// meanwhile.
func (r *ongoing) release() string {
	holder := collision("email")
	const entry = `q.run = %[1]d and q.source = 'user' and q.reason = '` + addressReleased + `' and q.last_seen = now() and q.resolved is null`
	return fmt.Sprintf(`select u.id from "user" u join stage_user s on `+holder+` where s."emailVerified" and not u."emailVerified" for update of u;
insert into supabase_import.quarantine as q (run, user_id, source, key, field, reason, original)
select %[1]d, s.key, 'user', u.id, '', '`+addressReleased+`', to_jsonb(u) || jsonb_build_object('credential', jsonb_build_object(
    'accounts', coalesce((select jsonb_agg(to_jsonb(a)) from account a where a."userId" = u.id), '[]'),
    'sessions', coalesce((select jsonb_agg(to_jsonb(n)) from session n where n."userId" = u.id), '[]')))
from "user" u join stage_user s on `+holder+` where s."emailVerified" and not u."emailVerified" and (%[2]s) is null
on conflict (run, user_id, source, key, field, reason) do update set original = excluded.original, last_seen = now(), resolved = null;
delete from session n using supabase_import.quarantine q where `+entry+` and n."userId" = q.key;
delete from account a using supabase_import.quarantine q where `+entry+` and a."userId" = q.key;
delete from verification v using supabase_import.quarantine q cross join lateral (select q.original->>'email' as email) o where `+entry+` and (
  position(q.key::text in v.identifier || ' ' || v.value) > 0 or o.email in (v.identifier, v.value) or position('"' || o.email || '"' in v.value) > 0
  or right(v.identifier, length(o.email) + 1) in (':' || o.email, '-' || o.email));
with moved as (update "user" u set email = `+releasedAddress+` from supabase_import.quarantine q
  where `+entry+` and u.id = q.key and u.email = q.original->>'email' returning u.id)
select count(*) from moved`, r.id, r.unmovable(r.leading, true))
}

// restore gives the addresses back that no other user holds any more, with passwords and sessions as they were. Links
// in mails stay invalid.
func restore(run int) string {
	const entry = `q.run = %[1]d and q.source = 'user' and q.reason = '` + addressReleased + `' and q.resolved is null`
	return fmt.Sprintf(`update "user" u set email = q.original->>'email' from supabase_import.quarantine q
where `+entry+` and u.id = q.key and u.email = `+releasedAddress+` and not exists (select from "user" h where h.email = q.original->>'email');
insert into account select a.* from supabase_import.quarantine q join "user" u on u.id = q.key and u.email = q.original->>'email'
  cross join lateral jsonb_populate_recordset(null::account, q.original#>'{credential,accounts}') a where `+entry+` on conflict do nothing;
insert into session select n.* from supabase_import.quarantine q join "user" u on u.id = q.key and u.email = q.original->>'email'
  cross join lateral jsonb_populate_recordset(null::session, q.original#>'{credential,sessions}') n where `+entry+` on conflict do nothing;
update supabase_import.quarantine q set resolved = now() from "user" u where `+entry+` and u.id = q.key and u.email = q.original->>'email';
`, run)
}

// restored counts those whom restore will give the address back to, once the users of undo who go are gone: those whose
// address such a user holds, and in the batch of the source's user those whose address is free already.
func restored(run int, s scope) string {
	return fmt.Sprintf(`select count(*) from supabase_import.quarantine q join "user" u on u.id = q.key and u.email = `+releasedAddress+`
left join "user" h on h.email = q.original->>'email' left join undo o on o.user_id = h.id
where q.run = %d and q.source = 'user' and q.reason = '`+addressReleased+`' and q.resolved is null
  and case when h.id is null then %s else coalesce(o.goes and o.ours, false) end`, run, s.on("q.user_id"))
}

// addressHolder is a user of the target with the address of another user of the source.
type addressHolder struct {
	id, source string
	confirmed  bool // by the source's user
	verified   bool // by the target's user
	unmovable  string
}

// countHolders tells the plan what becomes of addresses that users of the target hold.
func (p *Plan) countHolders(all []addressHolder) {
	var released, kept []string
	for _, h := range all {
		switch {
		case !h.confirmed || h.verified:
			p.Collisions["target_email_taken"]++
		case h.unmovable == "":
			p.Collisions[addressReleased]++
			p.Reasons["user "+addressReleased]++
			released = append(released, h.id)
		default:
			p.Collisions[emailUnverified]++
			kept = append(kept, fmt.Sprintf("%s, who %s, holds the address of %s", h.id, h.unmovable, h.source))
		}
	}
	if len(released) > 0 {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%s of the target signed up with an address that is confirmed in Supabase, and never verified it; they lose the address, the password and the sessions: %s",
			things(int64(len(released)), "user", "users"), some(released, ", ")))
	}
	if len(kept) > 0 {
		p.Refusals = append(p.Refusals, fmt.Sprintf("%s of the target signed up with an address that is confirmed in Supabase, never verified it, and cannot be moved: %s. Remove them, or give them another address; or set \"emailVerified\" where you know that the address is theirs",
			things(int64(len(kept)), "user", "users"), some(kept, "; ")))
	}
}

// some joins the first 20 texts.
func some(all []string, with string) string {
	text := strings.Join(all[:min(len(all), 20)], with)
	if more := len(all) - 20; more > 0 {
		text += fmt.Sprintf("%sand %d more", with, more)
	}
	return text
}

// holders finds users of the target, given by id and address, who hold the address of another user of the source.
func (m mapping) holders(ctx context.Context, src, dst *pgx.Conn, r rulings, ids, emails []string) ([]addressHolder, error) {
	rows, err := src.Query(ctx, `select t.id::text, s.id::text, s.confirmed from unnest($1::uuid[], $2::text[]) t (id, email)
join (select u.id, `+m.address()+` as address, `+m.confirmed()+` as confirmed from auth.users u
  where u.email ~ '\S' and (`+m.userReason(r)+`) is null and not `+withoutAddress(r)+` offset 0) s on s.address = t.email and s.id <> t.id
order by 1`, ids, emails)
	if err != nil {
		return nil, fmt.Errorf("compare with the target's addresses: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (h addressHolder, err error) {
		err = row.Scan(&h.id, &h.source, &h.confirmed)
		return h, err
	})
	if err != nil || len(all) == 0 {
		return nil, named("compare with the target's addresses", err)
	}
	ledger, err := hasLedger(ctx, dst)
	if err != nil {
		return nil, err
	}
	leading, err := references(ctx, dst)
	if err != nil {
		return nil, err
	}
	for i := range all {
		err := dst.QueryRow(ctx, `select u."emailVerified", coalesce(`+m.unmovable(leading, ledger)+`, '') from "user" u where u.id = $1::uuid`, all[i].id).
			Scan(&all[i].verified, &all[i].unmovable)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) { // gone meanwhile
			return nil, fmt.Errorf("look at who holds an address: %w", err)
		}
	}
	return all, nil
}
