package run

import (
	"fmt"
	"strings"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// Anyone can sign up at the target with another person's email before the import. Such a user, who never verified the
// email and has nothing but a password, gives the email up to a confirmed user of the source: the password and the
// sessions are removed, the email becomes a placeholder, and the quarantine keeps what was there for a rollback.

// placeholder is the email of a user who gave theirs up.
const placeholder = `u.id || '@unverified.` + mapping.PlaceholderDomain + `'`

// TemporaryEmail is the email of a user whose next email another user still has.
const TemporaryEmail = `u.id || '@moving.` + mapping.PlaceholderDomain + `'`

// HasStagedValue is an SQL condition: the target's user u has the email or number that the staged user s is to get.
func HasStagedValue(column string) string {
	return fmt.Sprintf(
		`u.%[1]s = s.%[1]s AND u.id <> s.key AND s.reason IS NULL AND s.action IN ('new', 'update')`, column)
}

// keepsEmail is an SQL expression: why the user u of the target, who has not verified the email, cannot give it up, or
// NULL. A user keeps the email who came with an import, or has more than a password: a linked account, a profile, rows
// in tables that refer to users, a verified telephone number, a role, or a ban. hasLedger says that the target has the
// import's schema.
func keepsEmail(m mapping.Mapping, references []Reference, hasLedger bool) string {
	var sql strings.Builder
	add := func(condition, text string) {
		sql.WriteString("\n  WHEN " + condition + " THEN " + mapping.Literal(text))
	}
	sql.WriteString("CASE")
	if hasLedger {
		add("EXISTS ("+entryOfAnyRun+")", "came with an import")
	}
	add(`EXISTS (SELECT FROM account a WHERE a."userId" = u.id AND a."providerId" <> 'credential')`,
		"has a linked account")
	add(`EXISTS (SELECT FROM user_profile p WHERE p.user_id = u.id)`, "has a profile")
	for _, r := range references {
		if r.Direct && !r.IsOwn {
			add(r.refersToUser(), "has rows in "+r.Table)
		}
	}
	for _, c := range []struct{ column, condition, text string }{
		{"banned", "u.banned", "is banned"},
		{"role", "coalesce(u.role, 'user') <> 'user'", "has a role"},
		{"phoneNumberVerified", `u."phoneNumberVerified"`, "has a verified telephone number"},
	} {
		if m.Target.User.Has(c.column) {
			add(c.condition, c.text)
		}
	}
	return sql.String() + " END"
}

// refersToUser is an SQL condition: rows of the referring table refer to the user u, or to what the user has.
func (r Reference) refersToUser() string {
	id := `p."userId"`
	switch {
	case strings.HasSuffix(r.Parent, `."user"`):
		id = "p.id"
	case strings.HasSuffix(r.Parent, ".user_profile"):
		id = "p.user_id"
	}
	return fmt.Sprintf("EXISTS (SELECT FROM %s c JOIN %s p ON %s WHERE %s = u.id)", r.From, r.Parent, r.on(), id)
}

// releasedNow and releasedBefore are conditions on quarantine entries q of emails that were given up.
func releasedNow(run int) string {
	return fmt.Sprintf(`q.run = %d AND q.source = 'user' AND q.reason = '`+mapping.EmailReleased+`'
  AND q.last_seen = now() AND q.resolved IS NULL`, run)
}

func releasedBefore(run int) string {
	return fmt.Sprintf(`q.run = %d AND q.source = 'user' AND q.reason = '`+mapping.EmailReleased+`'
  AND q.resolved IS NULL`, run)
}

// ReleaseEmails takes the email from the unverified users of the target who can give it up to a confirmed user of the
// stage, and counts them. It first locks these users, so that none of them verifies the email or gets more meanwhile.
func (p *Pass) ReleaseEmails() string {
	holders := `FROM "user" u
JOIN stage_user s ON ` + HasStagedValue("email") + `
WHERE s."emailVerified" AND NOT u."emailVerified"`
	released := releasedNow(p.ID)
	return fmt.Sprintf(`SELECT u.id
`+holders+`
FOR UPDATE OF u;
INSERT INTO supabase_import.quarantine AS q (run, user_id, source, key, field, reason, original)
SELECT %d, s.key, 'user', u.id, '', '`+mapping.EmailReleased+`',
  to_jsonb(u) || jsonb_build_object('credential', jsonb_build_object(
    'accounts', coalesce((SELECT jsonb_agg(to_jsonb(a)) FROM account a WHERE a."userId" = u.id), '[]'),
    'sessions', coalesce((SELECT jsonb_agg(to_jsonb(n)) FROM session n WHERE n."userId" = u.id), '[]')))
`+holders+`
  AND (%s) IS NULL
ON CONFLICT (run, user_id, source, key, field, reason)
DO UPDATE SET original = excluded.original, last_seen = now(), resolved = NULL;
DELETE FROM session n USING supabase_import.quarantine q WHERE `+released+` AND n."userId" = q.key;
DELETE FROM account a USING supabase_import.quarantine q WHERE `+released+` AND a."userId" = q.key;
DELETE FROM verification v
USING supabase_import.quarantine q CROSS JOIN LATERAL (SELECT q.original->>'email' AS email) o
WHERE `+released+`
  AND (position(q.key::text IN v.identifier || ' ' || v.value) > 0
    OR o.email IN (v.identifier, v.value)
    OR position('"' || o.email || '"' IN v.value) > 0
    OR right(v.identifier, length(o.email) + 1) IN (':' || o.email, '-' || o.email));
WITH moved AS (
  UPDATE "user" u SET email = `+placeholder+`
  FROM supabase_import.quarantine q
  WHERE `+released+` AND u.id = q.key AND u.email = q.original->>'email'
  RETURNING u.id
)
SELECT count(*) FROM moved`, p.ID, keepsEmail(p.Mapping, p.References, true))
}

// RestoreEmails gives the emails back that no other user holds any more, with passwords and sessions as they were.
// Links in mails stay invalid.
func RestoreEmails(run int) string {
	released := releasedBefore(run)
	owner := `FROM supabase_import.quarantine q
JOIN "user" u ON u.id = q.key AND u.email = q.original->>'email'`
	return `UPDATE "user" u SET email = q.original->>'email'
FROM supabase_import.quarantine q
WHERE ` + released + ` AND u.id = q.key AND u.email = ` + placeholder + `
  AND NOT EXISTS (SELECT FROM "user" h WHERE h.email = q.original->>'email');
INSERT INTO account
SELECT a.* ` + owner + `
CROSS JOIN LATERAL jsonb_populate_recordset(NULL::account, q.original#>'{credential,accounts}') a
WHERE ` + released + `
ON CONFLICT DO NOTHING;
INSERT INTO session
SELECT n.* ` + owner + `
CROSS JOIN LATERAL jsonb_populate_recordset(NULL::session, q.original#>'{credential,sessions}') n
WHERE ` + released + `
ON CONFLICT DO NOTHING;
UPDATE supabase_import.quarantine q SET resolved = now()
FROM "user" u
WHERE ` + released + ` AND u.id = q.key AND u.email = q.original->>'email';
`
}

// CountRestorable counts those whom RestoreEmails will give the email back to, once the users of the table undo who go
// are gone: those whose email such a user holds, and in the batch of the source's user those whose email is free
// already.
func CountRestorable(run int, s mapping.Scope) string {
	return `SELECT count(*)
FROM supabase_import.quarantine q
JOIN "user" u ON u.id = q.key AND u.email = ` + placeholder + `
LEFT JOIN "user" h ON h.email = q.original->>'email'
LEFT JOIN undo o ON o.user_id = h.id
WHERE ` + releasedBefore(run) + `
  AND CASE WHEN h.id IS NULL THEN ` + s.Contains("q.user_id") + ` ELSE coalesce(o.is_removed AND o.written, false) END`
}
