package importer

import (
	"fmt"
	"slices"
	"strings"
)

// maxImage is how many characters of a picture come over: as many as the API takes. Some projects keep whole pictures
// as data URLs, which no header and no token can hold.
const maxImage = 32_768

// users projects auth.users into "user" and, as the column password, its credential account.
func (m mapping) users(s scope, r rulings) string {
	return m.usersAnd("case when c.reason is null and c.held is null then nullif(u.encrypted_password, '')::text end as password", s, r)
}

// usersAnd is users with another last column.
func (m mapping) usersAnd(last string, s scope, r rulings) string {
	cols := m.userColumns()
	return `select u.id as key, u.id as user_id, ` + m.src.users.fingerprint("u") + ` as raw, c.reason, c.fields,
  case when c.reason is not null or c.fields is not null then to_jsonb(u) end as original,
  case when c.reason is null then ` + m.userResidue() + ` end as residue,
  ` + selectList(cols) + `,
  ` + last + `
from auth.users u
cross join lateral (select ` + m.address() + ` as address, ` + form("u.encrypted_password") + ` as form,
    ` + m.phone() + ` as phone, ` + m.claim([]string{"avatar_url", "picture"}) + ` as image,
    ` + withoutAddress(r) + ` as lost, ` + r.hit(User, "target_email_taken", "u.id") + ` as taken,
    ` + r.hit(User, emailUnverified, "u.id") + ` as held,
    ` + r.hit(User, "phone_conflict", "u.id") + ` as phone_lost, ` + r.hit(User, "target_phone_taken", "u.id") + ` as phone_taken
  offset 0) a
cross join lateral (select ` + m.userReason(r) + ` as reason,
    case when a.form is null then null
         when a.form in ('unknown', 'encrypted', 'too_costly') then 'hash_' || a.form
         ` + m.hold() + ` end as held,
    ` + m.createdAt() + ` as created_at
  offset 0) b
cross join lateral (select b.reason, b.held, b.created_at,
    nullif(array_remove(array[case when a.address is null then null when a.lost then 'email:email_conflict'
        when a.taken then 'email:target_email_taken' when a.held then 'email:` + emailUnverified + `' end,
      ` + m.phoneFields() + `
      'encrypted_password:' || b.held,
      case when char_length(a.image) > ` + fmt.Sprint(maxImage) + ` then 'image:image_too_long' end,
      case when ` + unusual("u.created_at") + ` then 'created_at:date_unrepresentable' end,
      case when ` + unusual("u.updated_at") + ` then 'updated_at:date_unrepresentable' end], null), '{}') as fields,
    case when a.address is not null and not a.lost and not a.taken and not a.held then a.address
         else u.id || '@' || case when a.address is not null then 'email-conflict' when ` + m.flag("is_anonymous") + ` then 'anonymous'
                                  when a.phone is not null then 'phone-only' else 'no-email' end || '.` + addressSuffix + `' end as email
  offset 0) c
where ` + s.on("u.id")
}

// userColumns are the columns of "user" that the target has, those of plugins included.
func (m mapping) userColumns() []mapped {
	cols := []mapped{
		{"name", "text", m.name()},
		{"email", "text", "c.email"},
		{"emailVerified", "boolean", m.confirmed() + " and a.address is not null and not a.lost and not a.taken and not a.held"},
		{"image", "text", fmt.Sprintf("case when char_length(a.image) <= %d then a.image end", maxImage)},
		{"createdAt", "timestamptz", "c.created_at"},
		{"updatedAt", "timestamptz", "coalesce(" + usual("u.updated_at") + ", c.created_at)"},
	}
	banned := m.column("banned_until", "null::timestamptz")
	phone := "case when not a.phone_lost and not a.phone_taken then a.phone end"
	for _, c := range []mapped{
		{"banned", "boolean", banned + " is not null"},
		{"banReason", "text", "case when " + banned + " is not null then 'supabase: banned_until' end"},
		{"banExpires", "timestamptz", "case when " + banned + " < '0001-01-01' then 'epoch' else " + usual(banned) + " end"},
		{"role", "text", "case when " + m.flag("is_super_admin") + " then 'admin' else 'user' end"},
		{"isAnonymous", "boolean", m.flag("is_anonymous")},
		{"phoneNumber", "text", phone},
		{"phoneNumberVerified", "boolean", "case when (" + phone + ") is not null then " + m.column("phone_confirmed_at", "null::timestamptz") + " is not null end"},
		{"twoFactorEnabled", "boolean", "false"},
		{"userMetadata", "jsonb", m.column("raw_user_meta_data", "null::jsonb")},
		{"appMetadata", "jsonb", m.column("raw_app_meta_data", "null::jsonb")},
		{"invitedAt", "timestamptz", m.column("invited_at", "null::timestamptz")},
		{"lastSignInAt", "timestamptz", m.column("last_sign_in_at", "null::timestamptz")},
	} {
		if m.dst.user.has(c.name) {
			cols = append(cols, c)
		}
	}
	return m.dst.user.fit(cols)
}

func (m mapping) full() bool { return m.dst.user.has("phoneNumber") }

// column is a column of auth.users, or what stands for it in projects too old to have it.
func (m mapping) column(name, otherwise string) string {
	if m.src.users.has(name) {
		return "u." + quote(name)
	}
	return otherwise
}

func (m mapping) flag(name string) string { return "coalesce(" + m.column(name, "false") + ", false)" }

// address is lower case as JavaScript makes it, since sign-in lowers what is typed and then compares: ICU agrees with it
// where Postgres's own lower does not.
func (m mapping) address() string {
	return "case when u.email ~ '\\S' then " + m.lower("u.email") + " end"
}

// withoutAddress says that the user does not get the address: another user of the source does, or it is a placeholder
// of some import.
func withoutAddress(r rulings) string {
	return "(" + r.hit(User, "email_conflict", "u.id") + " or u.email like '%." + addressSuffix + "')"
}

// folded says whether a letter beyond ASCII becomes an ASCII letter in lower case, as the Kelvin sign (U+212A) becomes
// k: the address that is stored is another one then, which may belong to another user.
func (m mapping) folded() string {
	others := func(text string) string {
		return "char_length(regexp_replace(" + text + `, '[\u0001-\u007f]', '', 'g'))`
	}
	return "(octet_length(u.email) > char_length(u.email) and " + others("u.email::text") + " > " + others(m.lower("u.email")) + ")"
}

// confirmed says whether the source's user proved to own the address that is stored.
func (m mapping) confirmed() string {
	return "(u.email_confirmed_at is not null and not coalesce(" + m.folded() + ", false))"
}

func (m mapping) lower(expr string) string {
	if m.src.icu {
		return `(lower(` + expr + `::text collate "und-x-icu") collate "C")`
	}
	return "lower(" + expr + "::text)"
}

// phone is E.164 with the plus that Supabase leaves off, or NULL.
func (m mapping) phone() string {
	if !m.src.users.has("phone") {
		return "null::text"
	}
	return `case when translate(u.phone, ' ().-', '') ~ '^\+?[1-9][0-9]{1,14}$' then '+' || translate(u.phone, ' ().-+', '') end`
}

func (m mapping) phoneFields() string {
	if !m.full() {
		return ""
	}
	return "case when a.phone is null then null when a.phone_lost then 'phone:phone_conflict' when a.phone_taken then 'phone:target_phone_taken' end,"
}

// claim is the first usable string at one of the keys: in the user's metadata, then in the identities from the oldest on.
func (m mapping) claim(keys []string) string {
	var own, theirs []string
	for _, k := range keys {
		own = append(own, stringAt(m.column("raw_user_meta_data", "null::jsonb"), k))
		theirs = append(theirs, stringAt("i.identity_data", k))
	}
	return "coalesce(" + strings.Join(own, ", ") + `,
    (select coalesce(` + strings.Join(theirs, ", ") + `) from auth.identities i
     where i.user_id = u.id and coalesce(` + strings.Join(theirs, ", ") + `) is not null
     order by i.created_at, i.id limit 1))`
}

func stringAt(doc, key string) string {
	at := doc + "->>" + literal(key)
	return "case when " + at + " ~ '\\S' and jsonb_typeof(" + doc + "->" + literal(key) + ") = 'string' then " + at + " end"
}

func (m mapping) name() string {
	return "coalesce(" + m.claim([]string{"name", "full_name", "username", "user_name", "preferred_username"}) + `,
    case when split_part(u.email, '@', 1) ~ '\S' then split_part(u.email, '@', 1) end,
    a.phone, case when ` + m.flag("is_anonymous") + ` then 'Anonymous' else 'Unknown' end)`
}

// usual is a time that the other side can show: JavaScript and JSON know no infinity and no year beyond 9999.
func usual(t string) string { return "case when not (" + unusual(t) + ") then " + t + " end" }

func unusual(t string) string {
	return "(" + t + " < '0001-01-01 00:00:00+00' or " + t + " >= '10000-01-01 00:00:00+00')"
}

// createdAt is when the user came, or where nobody wrote that down, the first thing known of them.
func (m mapping) createdAt() string {
	var others []string
	for _, c := range m.src.users.columns {
		if c.typ == "timestamp with time zone" && !c.generated && !slices.Contains([]string{"created_at", "banned_until", "deleted_at"}, c.name) {
			others = append(others, usual("u."+quote(c.name)))
		}
	}
	return "coalesce(" + usual("u.created_at") + ", least(" + strings.Join(others, ", ") + "), 'epoch')"
}

// userReason is why a user is not brought over at all.
func (m mapping) userReason(r rulings) string {
	ban := ""
	if !m.dst.user.has("banned") && m.src.users.has("banned_until") {
		ban = " when u.banned_until > " + literal(m.asOf) + " then 'banned_no_target_column'"
	}
	return "case when " + r.hit(User, "target_error", "u.id") + " then 'target_error' when " + r.hit(User, "target_id_taken", "u.id") +
		" then 'target_id_taken' when " + m.column("deleted_at", "null::timestamptz") + " is not null then 'soft_deleted'" + ban + " end"
}

// hold is when a good password is withheld.
func (m mapping) hold() string {
	sql := ""
	if m.o.Unconfirmed != "allow" {
		sql += " when a.address is not null and not " + m.confirmed() + " then 'unconfirmed_held'"
	}
	if m.o.MFA == "hold" && m.src.factors.there() {
		sql += " when exists (select from auth.mfa_factors f where f.user_id = u.id and f.status = 'verified') then 'mfa_held'"
	}
	return sql
}

// form classifies a stored password: bcrypt, argon2, fbscrypt, encrypted (at rest, by Supabase), unknown, and too_costly for
// what shared/password refuses to compute. NULL is none. The patterns and ceilings are those of shared/password; a test
// compares. Length is counted apart: with {53} in its pattern Postgres takes five times as long.
func form(p string) string {
	number := func(name, pattern string) string {
		return "coalesce(substring(" + p + " from '" + pattern + "')::bigint, 999999999) " + name
	}
	return `case when coalesce(` + p + `, '') = '' then null
      when ` + p + ` ~ '^\$2[abxy]?\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]+$' and length(split_part(` + p + `, '$', 4)) = 53 then
        case when split_part(` + p + `, '$', 3) < '14' then 'bcrypt' else 'too_costly' end
      when ` + p + ` ~ '^\$argon2(i|id)\$v=19\$m=[0-9]+,t=[0-9]+,p=[0-9]+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$' then
        case when ` + number("between 1 and 262144", `\$m=([0-9]{1,9}),`) + ` and ` + number("between 1 and 10", `,t=([0-9]{1,9}),`) + ` and ` + number("between 1 and 8", `,p=([0-9]{1,9})\$`) + `
              and ` + number("", `\$m=([0-9]{1,9}),`) + ` * ` + number("", `,t=([0-9]{1,9}),`) + ` <= 655360 then 'argon2' else 'too_costly' end
      when ` + p + ` ~ '^\$fbscrypt\$v=1,n=[0-9]+,r=[0-9]+,p=[0-9]+(,ss=[^,$]*)?(,sk=[^$]*)?\$[^$]+\$.+$' then
        case when ` + number("between 1 and 20", `,n=([0-9]{1,9}),`) + ` and ` + number("between 1 and 64", `,r=([0-9]{1,9}),`) + ` and ` + number("between 1 and 8", `,p=([0-9]{1,9})[,$]`) + `
              and (1::bigint << ` + number("", `,n=([0-9]{1,2}),`) + `::int) * ` + number("", `,r=([0-9]{1,9}),`) + ` * ` + number("", `,p=([0-9]{1,9})[,$]`) + ` <= 1048576 then 'fbscrypt' else 'too_costly' end
      when ` + p + ` like '{%' and ` + p + ` like '%"alg":"aes-gcm-hkdf"%' then 'encrypted'
      else 'unknown' end`
}

// Tokens for one use, good for nothing elsewhere.
var tokens = []string{
	"confirmation_token", "recovery_token", "email_change_token_new", "email_change_token_current", "phone_change_token", "reauthentication_token",
}

// userResidue keeps what "user" has no column for, the original of what was altered, and the imported hash: with it the
// way back stays open after a rehash.
func (m mapping) userResidue() string {
	skip := map[string]bool{"id": true}
	for _, t := range tokens {
		skip[t] = true
	}
	for there, col := range map[string]string{"userMetadata": "raw_user_meta_data", "appMetadata": "raw_app_meta_data", "isAnonymous": "is_anonymous", "role": "is_super_admin", "invitedAt": "invited_at", "lastSignInAt": "last_sign_in_at"} {
		skip[col] = m.dst.user.has(there)
	}
	// The address stays as well: somebody may change it in the target.
	altered := map[string]string{"created_at": "c.created_at", "updated_at": "coalesce(" + usual("u.updated_at") + ", c.created_at)"}
	return residue(m.src.users, "u", skip, altered)
}
