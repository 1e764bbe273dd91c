package mapping

import (
	"fmt"
	"strings"
)

// A follow finds changed rows by xmin, the transaction that wrote a row: no clock and no trigger is involved, and every
// committed insert and update counts. Rows that were deleted leave no xmin; sums of ids find them.

// followedTable is a table of the source whose changes a follow finds.
type followedTable struct {
	kind      Kind
	name      string // quoted, as in SQL
	user, key string // SQL expressions on a row of from
	from      string // the rows as the import reads them; "" for the tables of sessions, see SessionIDSums
	written   string // the rows with the id of the user, as user_id, and xmin, as written_by
}

// followedTables returns the tables of the source that the run reads.
func (m Mapping) followedTables() (all []followedTable) {
	add := func(kind Kind, t Table, user, key, from, written string) {
		if t.IsUsable() {
			all = append(all, followedTable{kind, t.SQL(), user, key, from, written})
		}
	}
	child := func(t Table) string { return "SELECT user_id, xmin AS written_by FROM " + t.SQL() }
	users := "SELECT id AS user_id, xmin AS written_by FROM " + m.Source.Users.SQL()
	add(User, m.Source.Users, "x.id", "x.id", "auth.users x", users)
	add(Identity, m.Source.Identities, "x.user_id", "x.id", "auth.identities x", child(m.Source.Identities))
	add(Profile, m.Source.Profiles, m.ProfileUser(), m.profileKey(), m.profileRows(AllUsers), m.writtenProfiles())
	add(Factor, m.Source.Factors, "x.user_id", "x.id", "auth.mfa_factors x", child(m.Source.Factors))
	add(Passkey, m.Source.Passkeys, "x.user_id", "x.id", "auth.webauthn_credentials x", child(m.Source.Passkeys))
	if m.Options.Sessions {
		add("", m.Source.Sessions, "", "", "", child(m.Source.Sessions))
		add("", m.Source.RefreshTokens, "", "", "", childOfSession(m.Source.RefreshTokens))
		add("", m.Source.AMRClaims, "", "", "", childOfSession(m.Source.AMRClaims))
	}
	return all
}

// childOfSession returns SQL for the user and the transaction of each row of a table that refers to sessions.
func childOfSession(t Table) string {
	return "SELECT s.user_id, x.xmin AS written_by FROM " + t.SQL() + " x JOIN auth.sessions s ON s.id = x.session_id"
}

// writtenProfiles returns SQL for the user and the transaction of each row of the profile table. It reads the table
// itself: a query in its place (Table.From) has no xmin.
func (m Mapping) writtenProfiles() string {
	c, _ := m.Source.Profiles.Column("user_id")
	return fmt.Sprintf("SELECT %s AS user_id, p.written_by\nFROM (SELECT %s AS user_id, xmin AS written_by FROM %s) p",
		m.ProfileUser(), Quote(c.SourceName()), m.Source.Profiles.SQL())
}

// FollowedTables returns the quoted names of the tables that a follow reads.
func (m Mapping) FollowedTables() []string {
	var names []string
	for _, t := range m.followedTables() {
		names = append(names, t.name)
	}
	return names
}

// MaxListedUsers is the number of changed users of a batch above which WrittenSince lists none of them.
const MaxListedUsers = 1000

// WrittenSince returns SQL for the batches with rows that the transaction xid or a later one wrote: the number of the
// batch, the numbers of its users and rows, and the ids of the users, or NULL if they are more than MaxListedUsers. xid
// is a 64-bit id. The SQL has one argument: the lower bounds of the batches.
//
// xmin has only the lower 32 bits. age counts from the next transaction backwards, modulo 2^32. So a row that was
// written more than 2^31 transactions ago has a negative age, and the query leaves it out.
func (m Mapping) WrittenSince(xid string) string {
	var parts []string
	for _, t := range m.followedTables() {
		parts = append(parts, "SELECT user_id\n  FROM ("+t.written+") t\n"+
			"  WHERE age(written_by) BETWEEN 0 AND age("+Literal(xid)+"::xid8::xid)")
	}
	return fmt.Sprintf(`SELECT width_bucket(user_id, $1::uuid[]) - 1 AS batch, count(*), sum(n)::bigint,
  CASE WHEN count(*) <= %d THEN array_agg(user_id::text) END
FROM (
  SELECT user_id, count(*) AS n
  FROM (
  %s
  ) r
  GROUP BY 1
) u
GROUP BY 1
ORDER BY 1`, MaxListedUsers, strings.Join(parts, "\n  UNION ALL\n  "))
}

// IDSums returns SQL for the sums of the ids of all rows by batch: the number of the batch, of users and of rows, and
// the sum. It leaves out sessions. The SQL has one argument: the lower bounds of the batches.
func (m Mapping) IDSums() string {
	var parts []string
	for _, t := range m.followedTables() {
		if t.from != "" {
			parts = append(parts, fmt.Sprintf("SELECT %s AS user_id, '%s' AS source, %s AS key\n  FROM %s",
				t.user, t.kind, t.key, t.from))
		}
	}
	return SumIDs(strings.Join(parts, "\n  UNION ALL\n  "))
}

// SessionIDSums is like IDSums, for the sessions alone: they end all the time, and do not change their users.
func SessionIDSums() string {
	return SumIDs(SessionIDs(AllUsers))
}

// SessionIDs returns SQL for the user, ” and the id of the sessions of a scope, as SumIDs and SumSessionsByUser need
// them.
func SessionIDs(s Scope) string {
	return "SELECT user_id, '' AS source, id AS key FROM auth.sessions WHERE " + s.Contains("user_id")
}

// SumSessionsByUser returns SQL for the id of each user with the number and the sum of the ids of the sessions.
func SumSessionsByUser(sessions string) string {
	return "SELECT user_id::text, count(*), " + SumOfIDs("key", "true") + "\nFROM (" + sessions + ") x\nGROUP BY 1"
}

// SumOfIDs returns an SQL expression for the sum of the last 64 bits of ids, which nearly all are random, of the rows
// with a condition.
func SumOfIDs(id, condition string) string {
	return "(sum(('x' || translate(right(" + id + "::text, 17), '-', ''))::bit(64)::bigint) FILTER (WHERE " + condition +
		"))::text"
}

// SumIDs returns SQL like that of IDSums, for the rows of a query with the columns user_id, source and key.
func SumIDs(rows string) string {
	return `SELECT width_bucket(user_id, $1::uuid[]) - 1 AS batch, count(*) FILTER (WHERE source = '` + string(User) + `'),
  count(*), ` + SumOfIDs("key", "true") + `
FROM (
  ` + rows + `
) r
GROUP BY 1`
}
