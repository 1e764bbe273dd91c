package supabase

import (
	"encoding/json"
	"fmt"
	"maps"
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

// users projects auth.users into "user" and, as the column password, its credential account.
func (m mapping) users(s scope, r rulings) string {
	cols := m.userColumns()
	return `select u.id as key, u.id as user_id, ` + m.src.users.fingerprint("u") + ` as raw, c.reason, c.fields,
  case when c.reason is not null or c.fields is not null then to_jsonb(u) end as original,
  case when c.reason is null then ` + m.userResidue() + ` end as residue,
  ` + selectList(cols) + `,
  case when c.reason is null and c.held is null then nullif(u.encrypted_password, '')::text end as password
from auth.users u
cross join lateral (select ` + m.address() + ` as address, ` + form("u.encrypted_password") + ` as form,
    ` + m.phone() + ` as phone,
    (` + r.hit(User, "email_conflict", "u.id") + ` or u.email like '%.` + addressSuffix + `') as lost, ` + r.hit(User, "target_email_taken", "u.id") + ` as taken,
    ` + r.hit(User, "phone_conflict", "u.id") + ` as phone_lost, ` + r.hit(User, "target_phone_taken", "u.id") + ` as phone_taken
  offset 0) a
cross join lateral (select ` + m.userReason(r) + ` as reason,
    case when a.form is null then null
         when a.form in ('unknown', 'encrypted', 'too_costly') then 'hash_' || a.form
         ` + m.hold() + ` end as held,
    ` + m.createdAt() + ` as created_at
  offset 0) b
cross join lateral (select b.reason, b.held, b.created_at,
    nullif(array_remove(array[case when a.address is null then null when a.lost then 'email:email_conflict' when a.taken then 'email:target_email_taken' end,
      ` + m.phoneFields() + `
      'encrypted_password:' || b.held,
      case when ` + unusual("u.created_at") + ` then 'created_at:date_unrepresentable' end,
      case when ` + unusual("u.updated_at") + ` then 'updated_at:date_unrepresentable' end], null), '{}') as fields,
    case when a.address is not null and not a.lost and not a.taken then a.address
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
		{"emailVerified", "boolean", "u.email_confirmed_at is not null and a.address is not null and not a.lost and not a.taken"},
		{"image", "text", m.claim([]string{"avatar_url", "picture"})},
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
	return cols
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
		sql += " when a.address is not null and u.email_confirmed_at is null then 'unconfirmed_held'"
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
        case when split_part(` + p + `, '$', 3) < '15' then 'bcrypt' else 'too_costly' end
      when ` + p + ` ~ '^\$argon2(i|id)\$v=19\$m=[0-9]+,t=[0-9]+,p=[0-9]+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$' then
        case when ` + number("between 1 and 262144", `\$m=([0-9]{1,9}),`) + ` and ` + number("between 1 and 10", `,t=([0-9]{1,9}),`) + ` and ` + number("between 1 and 8", `,p=([0-9]{1,9})\$`) + ` then 'argon2' else 'too_costly' end
      when ` + p + ` ~ '^\$fbscrypt\$v=1,n=[0-9]+,r=[0-9]+,p=[0-9]+(,ss=[^,$]*)?(,sk=[^$]*)?\$[^$]+\$.+$' then
        case when ` + number("between 1 and 20", `,n=([0-9]{1,9}),`) + ` and ` + number("between 1 and 64", `,r=([0-9]{1,9}),`) + ` and ` + number("between 1 and 8", `,p=([0-9]{1,9})[,$]`) + `
              and (1::bigint << ` + number("", `,n=([0-9]{1,2}),`) + `::int) * ` + number("", `,r=([0-9]{1,9}),`) + ` <= 1048576 then 'fbscrypt' else 'too_costly' end
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

// residue is a JSON object of a row's columns, without those to skip, those of an altered value that is no different, and
// without NULL, ” and defaults.
func residue(t table, row string, skip map[string]bool, altered map[string]string) string {
	var parts []string
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

// The providers whose accounts carry over, by Supabase's name. Their subject is the same in both.
var providers = map[string]string{
	"google": "google", "github": "github", "apple": "apple", "facebook": "facebook", "discord": "discord", "gitlab": "gitlab",
	"twitch": "twitch", "spotify": "spotify", "zoom": "zoom", "figma": "figma", "kakao": "kakao", "notion": "notion",
	"twitter": "twitter", "x": "twitter", "linkedin_oidc": "linkedin", "slack_oidc": "slack",
}

// provider is the account's provider for an identity's, or NULL.
func (m mapping) provider(expr string) string {
	all := maps.Clone(providers)
	maps.Copy(all, m.o.Providers)
	sql := "case " + expr
	for _, from := range slices.Sorted(maps.Keys(all)) {
		to := all[from]
		if from == "azure" && to == "oid" {
			to = "microsoft"
		}
		sql += " when " + literal(from) + " then " + literal(to)
	}
	return sql + " end"
}

// accountID is the provider's subject: what Supabase Auth itself looks people up by.
func (m mapping) accountID(row string) string {
	if m.o.Providers["azure"] == "oid" {
		return "case when " + row + ".provider = 'azure' then " + stringAt("("+row+".identity_data->'custom_claims')", "oid") + " else " + row + ".provider_id end"
	}
	return row + ".provider_id"
}

// owner joins the user u of a row. How many ids lie between two uuids is a bad guess of Postgres, one as often as not, and then
// it would hold every row of a batch against every user of it: so each user is looked up, unless all are wanted.
func owner(s scope, id string) string {
	if s.ids == nil && s.low == lowest && s.high == "" {
		return "left join auth.users u on u.id = " + id
	}
	return "left join lateral (select * from auth.users o where o.id = " + id + " offset 0) u on true"
}

// identities projects auth.identities into account. folded rows have neither reason nor account.
func (m mapping) identities(s scope, r rulings) string {
	skip := map[string]bool{"id": true, "user_id": true}
	return `select i.id as key, i.user_id, ` + m.src.identities.fingerprint("i") + ` as raw, b.reason, null::text[] as fields,
  case when b.reason is not null then to_jsonb(i) end as original,
  case when b.reason is null then ` + residue(m.src.identities, "i", skip, map[string]string{
		"provider": `a."providerId"`, "provider_id": unlessFolded(`a."accountId"`), "created_at": unlessFolded("a.created_at"), "updated_at": unlessFolded("a.updated_at"),
	}) + ` end as residue,
  a.folded, ` + selectList(m.accountColumns()) + `
from auth.identities i
` + owner(s, "i.user_id") + `
cross join lateral (select i.provider in ('email', 'phone') as folded, ` + m.provider("i.provider") + ` as "providerId", ` + m.accountID("i") + ` as "accountId",
    coalesce(` + usual("i.created_at") + `, ` + m.createdAt() + `) as created_at,
    coalesce(` + usual("i.updated_at") + `, ` + usual("i.created_at") + `, ` + usual("u.updated_at") + `, ` + m.createdAt() + `) as updated_at
  offset 0) a
cross join lateral (select case
    when u.id is null then 'orphan_identity'
    when (` + m.userReason(r) + `) is not null then 'parent_quarantined'
    when ` + r.hit(Identity, "target_error", "i.id") + ` then 'target_error'
    when a.folded then null
    when a."providerId" is not null and a."accountId" is not null then
      case when ` + r.hit(Identity, "account_conflict", "i.id") + ` then 'account_conflict'
           when ` + r.hit(Identity, "target_account_taken", "i.id") + ` then 'target_account_taken' end
    when i.provider = 'azure' then 'provider_subject_incompatible'
    when i.provider like 'sso:%' then 'sso_identity'
    when i.provider = 'web3' then 'web3_identity'
    when i.provider like 'custom:%' then 'custom_provider'
    else 'provider_unmapped' end as reason
  offset 0) b
where ` + s.on("i.user_id")
}

func unlessFolded(value string) string { return "case when not a.folded then " + value + " end" }

// accountColumns are those of an account that comes from an identity; id and userId are key and user_id.
func (m mapping) accountColumns() []mapped {
	cols := []mapped{
		{"accountId", "text", `a."accountId"`},
		{"providerId", "text", `a."providerId"`},
		{"createdAt", "timestamptz", "a.created_at"},
		{"updatedAt", "timestamptz", "a.updated_at"},
	}
	if m.dst.account.has("issuer") { // Better Auth 1.7.0 to 1.7.2
		cols = append(cols, mapped{"issuer", "text", `case a."providerId" when 'google' then 'https://accounts.google.com' when 'apple' then 'https://appleid.apple.com'
    when 'facebook' then 'https://www.facebook.com' else 'local:oauth:' || a."providerId" end`})
	}
	return cols
}

// choices are the profile fields whose values the target bounds.
var choices = []string{"age_range", "education_level", "tech_background", "primary_goal", "learning_mode", "learning_speed"}

// profiles projects the profile table into user_profile.
func (m mapping) profiles(s scope, r rulings) string {
	skip := map[string]bool{"user_id": true}
	altered := map[string]string{}
	var fields []string
	cols := m.profileColumns()
	for _, c := range cols {
		if m.src.profiles.has(c.name) {
			altered[c.name] = "(" + c.expr + ")"
		}
	}
	for _, c := range m.src.profiles.columns {
		if t, ok := altered[c.name]; ok && !strings.HasPrefix(c.typ, "timestamp") { // compared as text: the types may differ
			altered[c.name] = t + "::text"
		}
	}
	for _, f := range choices {
		if m.src.profiles.has(f) && m.dst.profile.has(f) {
			fields = append(fields, "case when p."+quote(f)+" is not null and ("+m.choice(f)+") is null then '"+f+":enum_unknown' end")
		}
	}
	if m.src.profiles.has("time_per_week") && m.dst.profile.has("time_per_week") {
		fields = append(fields, "case when p.time_per_week is not null and ("+m.hours()+") is null then 'time_per_week:check_violation' end")
	}
	if m.src.profiles.has("preferred_language") {
		fields = append(fields, "case when char_length(p.preferred_language::text) > 10 then 'preferred_language:value_too_long' when p.preferred_language::text = '' then 'preferred_language:check_violation' end")
	}
	return `select ` + m.profileKey() + ` as key, ` + m.profileKey() + ` as user_id, ` + m.src.profiles.fingerprint("p") + ` as raw, b.reason, b.fields,
  case when b.reason is not null or b.fields is not null then to_jsonb(p) end as original,
  case when b.reason is null then ` + residueAsText(m.src.profiles, "p", skip, altered) + ` end as residue,
  ` + selectList(cols) + `
from ` + m.src.profiles.sql() + ` p
` + owner(s, m.profileKey()) + `
cross join lateral (select case
    when u.id is null then 'orphan_profile'
    when (` + m.userReason(r) + `) is not null then 'parent_quarantined'
    when ` + r.hit(Profile, "target_error", "u.id") + ` then 'target_error'
    when ` + r.hit(Profile, "target_profile_taken", "u.id") + ` then 'target_profile_taken' end as reason,
    nullif(array_remove(array[` + strings.Join(append(fields, "null::text"), ",\n      ") + `], null), '{}') as fields
  offset 0) b
where ` + s.on(m.profileKey())
}

// residueAsText is residue where altered values are compared by their text.
func residueAsText(t table, row string, skip map[string]bool, altered map[string]string) string {
	var same []string
	for _, c := range t.columns {
		if in, ok := altered[c.name]; ok && strings.HasSuffix(in, "::text") {
			text := row + "." + quote(c.name) + "::text"
			name, _ := json.Marshal(c.name)
			same = append(same, "case when "+text+" is distinct from "+in+" then "+literal(string(name)+":")+" || to_json("+row+"."+quote(c.name)+")::text end")
			skip[c.name] = true
		}
	}
	rest := residue(t, row, skip, altered)
	if len(same) == 0 {
		return rest
	}
	return strings.Replace(rest, "concat_ws(',', ", "concat_ws(',', "+strings.Join(same, ", ")+", ", 1)
}

// profileKey is the profile's user id as a uuid; a text column may hold anything.
func (m mapping) profileKey() string {
	if c, _ := m.src.profiles.column("user_id"); c.typ != "uuid" {
		return "(case when p.user_id ~* '" + uuidPattern + "' then p.user_id::uuid end)"
	}
	return "p.user_id"
}

const uuidPattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

func (m mapping) profileColumns() []mapped {
	var cols []mapped
	add := func(name, typ, expr string) {
		if m.dst.profile.has(name) {
			cols = append(cols, mapped{name, typ, expr})
		}
	}
	for _, f := range choices {
		expr := "null::text"
		if m.src.profiles.has(f) {
			expr = m.choice(f)
		}
		add(f, "text", expr)
	}
	hours, language := "null::integer", "'en'"
	if m.src.profiles.has("time_per_week") {
		hours = m.hours()
	}
	if m.src.profiles.has("preferred_language") {
		language = "case when char_length(p.preferred_language::text) between 1 and 10 then p.preferred_language::text else 'en' end"
	}
	add("time_per_week", "integer", hours)
	add("preferred_language", "text", language)
	created, updated := m.profileTime("created_at"), m.profileTime("updated_at")
	add("created_at", "timestamptz", "coalesce("+created+", "+updated+", 'epoch')")
	add("updated_at", "timestamptz", "coalesce("+updated+", "+created+", 'epoch')")
	return cols
}

func (m mapping) profileTime(name string) string {
	switch c, _ := m.src.profiles.column(name); c.typ {
	case "timestamp with time zone":
		return usual("p." + name)
	case "timestamp without time zone":
		return usual("(p." + name + " at time zone 'UTC')")
	}
	return "null::timestamptz"
}

// choice is a field's value, mapped if the options say so, or NULL where the target does not allow it.
func (m mapping) choice(field string) string {
	value := "p." + quote(field) + "::text"
	if to := m.o.ProfileValues[field]; len(to) > 0 {
		sql := "case " + value
		for _, from := range slices.Sorted(maps.Keys(to)) {
			sql += " when " + literal(from) + " then " + literal(to[from])
		}
		value = sql + " else " + value + " end"
	}
	c, _ := m.dst.profile.column(field)
	allowed := append(slices.Clone(c.check), c.labels...)
	if len(allowed) == 0 {
		return value
	}
	quotedValues := make([]string, len(allowed))
	for i, a := range allowed {
		quotedValues[i] = literal(a)
	}
	return "case when (" + value + ") in (" + strings.Join(quotedValues, ", ") + ") then " + value + " end"
}

func (m mapping) hours() string {
	switch c, _ := m.src.profiles.column("time_per_week"); c.typ {
	case "smallint", "integer", "bigint":
		return "case when p.time_per_week between 0 and 2147483647 then p.time_per_week::integer end"
	}
	return "case when p.time_per_week::text ~ '^[0-9]{1,9}$' then p.time_per_week::text::integer end"
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
		parts = append(parts, "select 'profile', "+m.profileKey()+", "+m.profileKey()+", "+m.src.profiles.fingerprint("p")+" from "+m.src.profiles.sql()+" p where "+s.on(m.profileKey()))
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
