package run

import (
	"fmt"
	"strings"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// Before the import, anyone can sign up at the target with an email that belongs to a user of the source. If the source
// has confirmed the email, and the user of the target never verified it and has only a password, the import releases
// the email: it deletes the password and the sessions and replaces the email by a placeholder. The quarantine keeps the
// old rows for a rollback.

// placeholderEmail is an SQL expression: the email that the user u of the target gets when the import releases the old
// one.
const placeholderEmail = `u.id || '@unverified.` + mapping.PlaceholderDomain + `'`

// TemporaryEmail is an SQL expression: the email of the user u until the import writes the new one.
const TemporaryEmail = `u.id || '@moving.` + mapping.PlaceholderDomain + `'`

// HasStagedValue returns an SQL condition: the user u of the target has the email or telephone number (column) that the
// import is about to write for the staged user s, but another id.
func HasStagedValue(column string) string {
	return fmt.Sprintf(
		`u.%[1]s = s.%[1]s AND u.id <> s.key AND s.reason IS NULL AND s.action IN ('new', 'update')`, column)
}

// keepReason returns an SQL expression: the reason why the import cannot release the email of the user u of the target,
// or NULL. A user keeps the email if an import wrote the user, or if the user has more than a password: a linked
// account, a profile, rows in tables that reference users, a verified telephone number, a role, or a ban. hasLedger is
// true if the target has the schema of the import.
func keepReason(m mapping.Mapping, references []Reference, hasLedger bool) string {
	var sql strings.Builder
	add := func(condition, text string) {
		sql.WriteString("\n  WHEN " + condition + " THEN " + mapping.Literal(text))
	}
	sql.WriteString("CASE")
	if hasLedger {
		add("EXISTS ("+entryOfAnyRun+")", "was written by an import")
	}
	add(`EXISTS (SELECT FROM account a WHERE a."userId" = u.id AND a."providerId" <> 'credential')`,
		"has a linked account")
	add(`EXISTS (SELECT FROM user_profile p WHERE p.user_id = u.id)`, "has a profile")
	if m.CarriesFactors() { // else the table is one of the references
		add(`EXISTS (SELECT FROM "twoFactor" t WHERE t."userId" = u.id)`, "has a second factor")
	}
	for _, r := range references {
		if r.ToDeletable && !r.FromDeletable {
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

// refersToUser returns an SQL condition: a row of the referencing table references the user u or a row of the user.
func (r Reference) refersToUser() string {
	id := `p."userId"`
	switch {
	case strings.HasSuffix(r.Parent, `."user"`):
		id = "p.id"
	case strings.HasSuffix(r.Parent, ".user_profile"):
		id = "p.user_id"
	}
	return fmt.Sprintf(
		"EXISTS (SELECT FROM %s c JOIN %s p ON %s WHERE %s = u.id)", r.From, r.Parent, r.joinCondition(), id)
}

// releasedNow returns an SQL condition: the quarantine entry q is about an email that this transaction released.
func releasedNow(run int) string {
	return fmt.Sprintf(`q.run = %d AND q.source = 'user' AND q.reason = '`+mapping.EmailReleased+`'
  AND q.last_seen = now() AND q.resolved IS NULL`, run)
}

// releasedEver returns an SQL condition: the quarantine entry q is about a released email that is not restored.
func releasedEver(run int) string {
	return fmt.Sprintf(`q.run = %d AND q.source = 'user' AND q.reason = '`+mapping.EmailReleased+`'
  AND q.resolved IS NULL`, run)
}

// ReleaseEmails returns SQL that releases the emails that an unverified user of the target has and a staged user has
// confirmed, and counts these emails. It first locks the users of the target, so that none of them verifies the email
// or gets more data before the end of the transaction.
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
  UPDATE "user" u SET email = `+placeholderEmail+`
  FROM supabase_import.quarantine q
  WHERE `+released+` AND u.id = q.key AND u.email = q.original->>'email'
  RETURNING u.id
)
SELECT count(*) FROM moved`, p.ID, keepReason(p.Mapping, p.References, true))
}

// RestoreEmails returns SQL that restores the released emails that no other user has now, with the passwords and the
// sessions, to the users who still have the placeholder. Links in mails stay invalid.
func RestoreEmails(run int) string {
	released := releasedEver(run)
	owner := `FROM supabase_import.quarantine q
JOIN "user" u ON u.id = q.key AND u.email = q.original->>'email'`
	return `UPDATE "user" u SET email = q.original->>'email'
FROM supabase_import.quarantine q
WHERE ` + released + ` AND u.id = q.key AND u.email = ` + placeholderEmail + `
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

// CountRestorable returns SQL that counts the users whose email RestoreEmails will restore after the rollback of a
// batch. Either the user who has the email now is one that this rollback deletes (table undo), or no user has the email
// and the entry belongs to a user of the source in the scope.
func CountRestorable(run int, s mapping.Scope) string {
	return `SELECT count(*)
FROM supabase_import.quarantine q
JOIN "user" u ON u.id = q.key AND u.email = ` + placeholderEmail + `
LEFT JOIN "user" h ON h.email = q.original->>'email'
LEFT JOIN undo o ON o.user_id = h.id
WHERE ` + releasedEver(run) + `
  AND CASE WHEN h.id IS NULL THEN ` + s.Contains("q.user_id") + ` ELSE coalesce(o.is_removed AND o.written, false) END`
}
