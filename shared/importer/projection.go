package importer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// The mapping, as SQL that the source evaluates. Copy, plan and verification all read the same text, so that what is
// expected is said once. Every projection begins with the same seven columns: key, user_id, raw (the row's fingerprint),
// reason (why the whole row goes to quarantine, or NULL), fields ("column:reason" of what is left out of a row that goes),
// original (the row as JSON, where one of these two is set) and residue.

// scope is the users that a statement is about: a range of ids, or some of them.
type scope struct {
	low, high string   // uuids; high is exclusive, "" is no end
	ids       []string // when not nil, these alone
}

// on is the scope as a condition on an expression of type uuid.
func (s scope) on(expr string) string {
	switch {
	case s.ids != nil:
		return expr + " = any(" + uuids(s.ids) + ")"
	case s.high == "":
		return expr + " >= " + literal(s.low)
	}
	return expr + " >= " + literal(s.low) + " and " + expr + " < " + literal(s.high)
}

// rulings are ids by what was ruled about them; see the table ruling.
type rulings map[ruled][]string

type ruled struct {
	source Source
	reason string
}

// ruling is something that a row's own columns cannot say; see the table of that name.
type ruling struct {
	source            Source
	reason, key, user string
}

func (r rulings) add(l ruling) {
	k := ruled{l.source, l.reason}
	r[k] = append(r[k], l.key)
}

// hit is the condition that a ruling was made about the row with this id.
func (r rulings) hit(s Source, reason, id string) string {
	ids := r[ruled{s, reason}]
	if len(ids) == 0 {
		return "false"
	}
	return id + " = any(" + uuids(ids) + ")"
}

// mapping makes the projections of one run.
type mapping struct {
	src  source
	dst  target
	o    Options
	asOf string // timestamptz; decides bans where the target has no columns for them
}

// mapped is a target column and how to get its value from the source.
type mapped struct{ name, typ, expr string }

func names(cols []mapped) []string {
	out := make([]string, len(cols))
	for i, c := range cols {
		out[i] = quote(c.name)
	}
	return out
}

const addressSuffix = "supabase-migration.invalid" // never deliverable, RFC 2606

// residue is a JSON object of a row's columns, without those to skip, those of an altered value that is no different,
// and without NULL, ” and defaults. more are further members, as SQL.
func residue(t table, row string, skip map[string]bool, altered map[string]string, more ...string) string {
	parts := more
	for _, c := range t.columns {
		if c.generated || skip[c.name] {
			continue
		}
		col := row + "." + quote(c.name)
		value := col
		switch c.typ {
		case "boolean":
			value = "nullif(" + col + ", false)"
		case "smallint", "integer", "bigint":
			value = "nullif(" + col + ", 0)"
		case "character varying", "text":
			value = "nullif(" + col + ", '')"
			if c.name == "aud" {
				value = "nullif(" + value + ", 'authenticated')"
			}
		case "uuid":
			value = "nullif(" + col + ", '00000000-0000-0000-0000-000000000000')"
		}
		if in, ok := altered[c.name]; ok {
			value = "case when " + col + " is distinct from " + in + " then " + value + " end"
		}
		name, _ := json.Marshal(c.name)
		text := "to_json(" + value + ")::text"
		if c.typ == "jsonb" || c.typ == "json" {
			text = value + "::text"
		}
		parts = append(parts, literal(string(name)+":")+" || "+text)
	}
	if len(parts) == 0 {
		return "'{}'"
	}
	return "'{' || concat_ws(',', " + strings.Join(parts, ", ") + ") || '}'"
}

// fingerprint is a 64-bit hash of a whole row. Only the server that made it may compare it.
func (t table) fingerprint(row string) string {
	hashable := []string{
		"uuid", "text", "character varying", "character", "boolean", "smallint", "integer", "bigint", "numeric", "double precision", "bytea",
		"timestamp with time zone", "timestamp without time zone", "date", "jsonb", "inet",
	}
	for _, c := range t.columns {
		if len(c.labels) == 0 && !slices.Contains(hashable, c.typ) {
			return "('x' || left(md5(" + row + "::text), 16))::bit(64)::bigint"
		}
	}
	return "hash_record_extended(" + row + ", 0)"
}

// others projects second factors and passkeys, which have no place in the target. "" when there are none to read.
func (m mapping) others(s scope) string {
	var parts []string
	if m.src.factors.there() {
		parts = append(parts, `select f.id as key, f.user_id, `+m.src.factors.fingerprint("f")+` as raw,
  case when f.status = 'verified' then 'mfa_not_portable' else 'mfa_unverified' end as reason, null::text[] as fields, to_jsonb(f) as original, null::text as residue, 'factor' as source
from auth.mfa_factors f where `+s.on("f.user_id"))
	}
	if m.src.passkeys.there() {
		parts = append(parts, `select k.id as key, k.user_id, `+m.src.passkeys.fingerprint("k")+` as raw, 'passkey_not_mapped' as reason, null::text[] as fields,
  to_jsonb(k) as original, null::text as residue, 'passkey' as source from auth.webauthn_credentials k where `+s.on("k.user_id"))
	}
	return strings.Join(parts, "\nunion all\n")
}

// fingerprints lists (source, key, user_id, raw) of every source row in the scope.
func (m mapping) fingerprints(s scope) string {
	parts := []string{
		"select 'user' as source, u.id as key, u.id as user_id, " + m.src.users.fingerprint("u") + " as raw from auth.users u where " + s.on("u.id"),
		"select 'identity', i.id, i.user_id, " + m.src.identities.fingerprint("i") + " from auth.identities i where " + s.on("i.user_id"),
	}
	if m.src.profiles.there() {
		parts = append(parts, "select 'profile', "+m.profileKey()+", "+m.profileUser()+", "+m.src.profiles.fingerprint("p")+" from "+m.profileRows(s)+" where "+s.on(m.profileUser()))
	}
	if m.src.factors.there() {
		parts = append(parts, "select 'factor', f.id, f.user_id, "+m.src.factors.fingerprint("f")+" from auth.mfa_factors f where "+s.on("f.user_id"))
	}
	if m.src.passkeys.there() {
		parts = append(parts, "select 'passkey', k.id, k.user_id, "+m.src.passkeys.fingerprint("k")+" from auth.webauthn_credentials k where "+s.on("k.user_id"))
	}
	return strings.Join(parts, "\nunion all ")
}

func selectList(cols []mapped) string {
	out := make([]string, len(cols))
	for i, c := range cols {
		out[i] = "(" + c.expr + ")::" + c.typ + " as " + quote(c.name)
	}
	return strings.Join(out, ",\n  ")
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// literal is a string as SQL; standard_conforming_strings is on in every session of ours.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// uuids is an array literal of ids that have been parsed as uuids before.
func uuids(ids []string) string {
	return fmt.Sprintf("'{%s}'::uuid[]", strings.Join(ids, ","))
}
