package mapping

import (
	"slices"
	"strings"
)

// hashableTypes are types whose values hash_record_extended can hash.
var hashableTypes = []string{
	"uuid", "text", "character varying", "character", "boolean", "smallint", "integer", "bigint", "numeric",
	"double precision", "bytea", "timestamp with time zone", "timestamp without time zone", "date", "jsonb", "inet",
}

// fingerprint returns an SQL expression for a 64-bit hash of a whole row. Hashes of two servers are not comparable.
func (t Table) fingerprint(row string) string {
	for _, c := range t.Columns {
		if len(c.Labels) == 0 && !slices.Contains(hashableTypes, c.Type) {
			return first64BitsOfMD5("md5(" + row + "::text)")
		}
	}
	return "hash_record_extended(" + row + ", 0)"
}

// first64BitsOfMD5 returns an SQL expression for the first 64 bits of an MD5 as a number.
func first64BitsOfMD5(md5 string) string { return "('x' || left(" + md5 + ", 16))::bit(64)::bigint" }

// Checksum returns an SQL expression for the first 64 bits of the MD5 of a record. It is the same on every server.
func Checksum(record string) string { return first64BitsOfMD5("md5(" + record + "::text)") }

// FingerprintSum is an SQL expression for the sum of the fingerprints raw of several rows. The sum of the fingerprints
// alone is not enough: the hash of a record is linear in the hashes of its columns, so that two rows that swap a value
// keep their sum.
const FingerprintSum = "coalesce(sum(raw), 0) || ' ' || coalesce(sum(hashint8extended(raw, 0)), 0)"

// Fingerprints returns SQL for (source, key, user_id, raw) of every source row in the scope.
func (m Mapping) Fingerprints(s Scope) string {
	var parts []string
	add := func(kind Kind, t Table, row, key, user, from string) {
		if t.IsUsable() {
			parts = append(parts, "SELECT '"+string(kind)+"' AS source, "+key+" AS key, "+user+" AS user_id, "+
				t.fingerprint(row)+" AS raw\nFROM "+from+"\nWHERE "+s.Contains(user))
		}
	}
	add(User, m.Source.Users, "u", "u.id", "u.id", "auth.users u")
	add(Identity, m.Source.Identities, "i", "i.id", "i.user_id", "auth.identities i")
	add(Profile, m.Source.Profiles, "p", m.profileKey(), m.ProfileUser(), m.profileRows(s))
	add(Factor, m.Source.Factors, "f", "f.id", "f.user_id", "auth.mfa_factors f")
	add(Passkey, m.Source.Passkeys, "k", "k.id", "k.user_id", "auth.webauthn_credentials k")
	return strings.Join(parts, "\nUNION ALL\n")
}

// ChangedSince returns SQL for the ids of the users with a row whose created_at or updated_at is not before since. It
// ignores times more than a day in the future: they are not the time of a change.
func (m Mapping) ChangedSince(since string) string {
	var parts []string
	add := func(t Table, user string) {
		for _, c := range []string{"created_at", "updated_at"} {
			if t.IsUsable() && t.Has(c) {
				parts = append(parts, "SELECT "+user+"::text\nFROM "+t.From()+" p\nWHERE p."+c+" >= "+Literal(since)+
					" AND p."+c+" < now() + interval '1 day'")
			}
		}
	}
	add(m.Source.Users, "p.id")
	add(m.Source.Identities, "p.user_id")
	add(m.Source.Factors, "p.user_id")
	add(m.Source.Passkeys, "p.user_id")
	add(m.Source.Profiles, m.ProfileUser())
	return strings.Join(parts, "\nUNION\n")
}
