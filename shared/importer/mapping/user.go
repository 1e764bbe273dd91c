package mapping

import (
	"fmt"
	"slices"
	"strings"
)

// maxImageCharacters is the maximum number of characters of the column image, as in the API. Some projects store whole
// pictures as data URLs, which are too long for a header or a token.
const maxImageCharacters = 32_768

// Users returns the projection of auth.users into "user". Its last column is the password for the credential account.
func (m Mapping) Users(s Scope, r Rejections) string {
	return m.users(`CASE WHEN c.reason IS NULL AND c.withheld IS NULL
    THEN nullif(u.encrypted_password, '')::text END AS password`, s, r)
}

// UsersWithFormat is like Users, but the last column is the format of the password instead of the password.
func (m Mapping) UsersWithFormat(s Scope, r Rejections) string {
	return m.users("a.format", s, r)
}

// users returns SQL whose last column is the SQL expression last. It has three LATERAL subqueries: a has the values of
// the source, b has the reasons why the row or the password is not copied, and c has the values for the target. OFFSET
// 0 prevents Postgres from inlining a subquery and computing its expressions several times.
func (m Mapping) users(last string, s Scope, r Rejections) string {
	return `SELECT u.id AS key, u.id AS user_id, ` + m.Source.Users.fingerprint("u") + ` AS raw, c.reason, c.fields,
  CASE WHEN c.reason IS NOT NULL OR c.fields IS NOT NULL THEN to_jsonb(u) END AS original,
  CASE WHEN c.reason IS NULL THEN ` + m.unstoredUserValues() + ` END AS residue,
  ` + selectList(m.UserColumns()) + `,
  ` + last + `
FROM auth.users u
CROSS JOIN LATERAL (
  SELECT ` + m.Email() + ` AS email,
    ` + PasswordFormatSQL("u.encrypted_password") + ` AS format,
    ` + m.Phone() + ` AS phone,
    ` + m.firstClaim("avatar_url", "picture") + ` AS image,
    ` + WithoutEmail(r) + ` AS email_lost,
    ` + r.Include(User, TargetEmailTaken, "u.id") + ` AS email_taken,
    ` + r.Include(User, TargetEmailUnverified, "u.id") + ` AS email_held,
    ` + r.Include(User, PhoneConflict, "u.id") + ` AS phone_lost,
    ` + r.Include(User, TargetPhoneTaken, "u.id") + ` AS phone_taken` + m.factorsOfUser(r) + `
  OFFSET 0
) a
CROSS JOIN LATERAL (
  SELECT ` + m.UserReason(r) + ` AS reason,
    ` + m.withheld() + ` AS withheld,
    ` + m.createdAt() + ` AS created_at
  OFFSET 0
) b
CROSS JOIN LATERAL (
  SELECT b.reason, b.withheld, b.created_at,
    ` + m.rejectedUserFieldsSQL() + ` AS fields,
    CASE WHEN ` + hasEmail + ` THEN a.email
      ELSE u.id || '@' || CASE WHEN a.email IS NOT NULL THEN 'email-conflict'
        WHEN ` + m.userFlag("is_anonymous") + ` THEN 'anonymous'
        WHEN a.phone IS NOT NULL THEN 'phone-only'
        ELSE 'no-email' END || '.` + PlaceholderDomain + `' END AS email
  OFFSET 0
) c
WHERE ` + s.Contains("u.id")
}

// withheld returns an SQL expression for the reason why the password of a user is not copied, or NULL.
func (m Mapping) withheld() string {
	return `CASE WHEN a.format IS NULL THEN NULL
      WHEN a.format IN ('unknown', 'encrypted', 'too_costly') THEN 'hash_' || a.format` + m.withholdReasons() + `
    END`
}

// userReasons returns SQL for the id of each user (key), with the reasons why the user (reason) or the password
// (withheld) is not copied. It takes less time than Users.
func (m Mapping) userReasons(s Scope, r Rejections) string {
	return `SELECT u.id AS key, ` + m.UserReason(r) + ` AS reason,
  ` + m.withheld() + ` AS withheld
FROM auth.users u
CROSS JOIN LATERAL (
  SELECT ` + m.Email() + ` AS email,
    ` + PasswordFormatSQL("u.encrypted_password") + ` AS format` + m.factorsOfUser(r) + `
  OFFSET 0
) a
WHERE ` + s.Contains("u.id")
}

// hasEmail is an SQL condition: the user gets the email of the source, not a placeholder.
const hasEmail = "a.email IS NOT NULL AND NOT a.email_lost AND NOT a.email_taken AND NOT a.email_held"

// rejectedUserFieldsSQL returns an SQL expression for the columns of a user that are not copied, as "column:reason".
func (m Mapping) rejectedUserFieldsSQL() string {
	phone := ""
	if m.HasPhone() {
		phone = `
      CASE WHEN a.phone IS NULL THEN NULL
        WHEN a.phone_lost THEN 'phone:` + PhoneConflict + `'
        WHEN a.phone_taken THEN 'phone:` + TargetPhoneTaken + `' END,`
	}
	return `nullif(array_remove(ARRAY[
      CASE WHEN a.email IS NULL THEN NULL
        WHEN a.email_lost THEN 'email:` + EmailConflict + `'
        WHEN a.email_taken THEN 'email:` + TargetEmailTaken + `'
        WHEN a.email_held THEN 'email:` + TargetEmailUnverified + `' END,` + phone + `
      'encrypted_password:' || b.withheld,
      CASE WHEN char_length(a.image) > ` + fmt.Sprint(maxImageCharacters) + ` THEN 'image:image_too_long' END,
      CASE WHEN ` + isOutsideDateRange("u.created_at") + ` THEN 'created_at:date_unrepresentable' END,
      CASE WHEN ` + isOutsideDateRange("u.updated_at") + ` THEN 'updated_at:date_unrepresentable' END
    ], NULL), '{}')`
}

// UserColumns returns the columns of "user" that the import writes: six that every target has, and those of plugins
// that this target has.
func (m Mapping) UserColumns() []Column {
	columns := []Column{
		{"name", "text", m.userNameSQL()},
		{"email", "text", "c.email"},
		{"emailVerified", "boolean", m.Confirmed() + " AND " + hasEmail},
		{"image", "text", fmt.Sprintf("CASE WHEN char_length(a.image) <= %d THEN a.image END", maxImageCharacters)},
		{"createdAt", "timestamptz", "c.created_at"},
		{"updatedAt", "timestamptz", "coalesce(" + timeOrNull("u.updated_at") + ", c.created_at)"},
	}
	for _, c := range m.pluginColumns() {
		if m.Target.User.Has(c.Name) {
			columns = append(columns, c)
		}
	}
	return m.Target.User.withPrecision(columns)
}

// pluginColumns returns the columns that plugins of Better Auth and Xenon add to "user".
func (m Mapping) pluginColumns() []Column {
	banned := m.userColumn("banned_until", "NULL::timestamptz")
	phone := "CASE WHEN NOT a.phone_lost AND NOT a.phone_taken THEN a.phone END"
	confirmed := m.userColumn("phone_confirmed_at", "NULL::timestamptz") + " IS NOT NULL"
	expires := "CASE WHEN " + banned + " < '0001-01-01' THEN 'epoch' ELSE " + timeOrNull(banned) + " END"
	return []Column{
		{"banned", "boolean", banned + " IS NOT NULL"},
		{"banReason", "text", "CASE WHEN " + banned + " IS NOT NULL THEN 'supabase: banned_until' END"},
		{"banExpires", "timestamptz", expires},
		{"role", "text", "CASE WHEN " + m.userFlag("is_super_admin") + " THEN 'admin' ELSE 'user' END"},
		{"isAnonymous", "boolean", m.userFlag("is_anonymous")},
		{"phoneNumber", "text", phone},
		{"phoneNumberVerified", "boolean", "CASE WHEN (" + phone + ") IS NOT NULL THEN " + confirmed + " END"},
		{"twoFactorEnabled", "boolean", m.twoFactorEnabled()},
		{"userMetadata", "jsonb", m.userColumn("raw_user_meta_data", "NULL::jsonb")},
		{"appMetadata", "jsonb", m.userColumn("raw_app_meta_data", "NULL::jsonb")},
		{"invitedAt", "timestamptz", m.userColumn("invited_at", "NULL::timestamptz")},
		{"lastSignInAt", "timestamptz", m.userColumn("last_sign_in_at", "NULL::timestamptz")},
	}
}

// metadataColumns are the columns of "user" that `xenon schema up --metadata` adds.
var metadataColumns = []string{"userMetadata", "appMetadata"}

// MetadataColumns returns those of the columns for metadata that the target has. The import fills them.
func (t TargetCatalog) MetadataColumns() []string {
	columns := []string{}
	for _, name := range metadataColumns {
		if t.User.Has(name) {
			columns = append(columns, name)
		}
	}
	return columns
}

// WithMetadataColumns returns the catalog without the columns for metadata that are not in names.
func (t TargetCatalog) WithMetadataColumns(names []string) TargetCatalog {
	t.User.Columns = slices.DeleteFunc(slices.Clone(t.User.Columns), func(c TableColumn) bool {
		return slices.Contains(metadataColumns, c.Name) && !slices.Contains(names, c.Name)
	})
	return t
}

// WithoutPluginColumns returns the catalog without the columns that migration 8 adds to "user", for runs that were
// planned before it.
func (t TargetCatalog) WithoutPluginColumns() TargetCatalog {
	t.User.Columns = slices.DeleteFunc(slices.Clone(t.User.Columns), func(c TableColumn) bool {
		return c.Name == "role" || c.Name == "twoFactorEnabled"
	})
	return t
}

// HasPhone reports whether the target has a column for telephone numbers.
func (m Mapping) HasPhone() bool { return m.Target.User.Has("phoneNumber") }

// userColumn returns an SQL expression for a column of auth.users, or fallback if the source does not have the column,
// because the project is too old.
func (m Mapping) userColumn(name, fallback string) string {
	if m.Source.Users.Has(name) {
		return "u." + Quote(name)
	}
	return fallback
}

func (m Mapping) userFlag(name string) string {
	return "coalesce(" + m.userColumn(name, "false") + ", false)"
}

// IsSSO returns an SQL condition: the user u signs in through the SAML server of a company.
func (m Mapping) IsSSO() string { return m.userFlag("is_sso_user") }

// IsNotSoftDeleted returns an SQL condition: the user u of the source is not soft-deleted.
func (m Mapping) IsNotSoftDeleted() string {
	if m.Source.Users.Has("deleted_at") {
		return "u.deleted_at IS NULL"
	}
	return "u.id IS NOT NULL"
}

// Phone returns an SQL expression for the telephone number in the international form, or NULL if there is none. It adds
// the plus sign that Supabase leaves out.
func (m Mapping) Phone() string {
	if !m.Source.Users.Has("phone") {
		return "NULL::text"
	}
	return `CASE WHEN translate(u.phone, ' ().-', '') ~ '^\+?[1-9][0-9]{1,14}$'
      THEN '+' || translate(u.phone, ' ().-+', '') END`
}

// UserReason returns an SQL expression for the reason why the whole user is not copied, or NULL.
func (m Mapping) UserReason(r Rejections) string {
	ban := ""
	if !m.Target.User.Has("banned") && m.Source.Users.Has("banned_until") {
		ban = " WHEN u.banned_until > " + Literal(m.AsOf) + " THEN 'banned_no_target_column'"
	}
	return "CASE WHEN " + r.Include(User, TargetError, "u.id") + " THEN '" + TargetError + "'" +
		" WHEN " + r.Include(User, TargetIDTaken, "u.id") + " THEN '" + TargetIDTaken + "'" +
		" WHEN " + m.userColumn("deleted_at", "NULL::timestamptz") + " IS NOT NULL THEN 'soft_deleted'" + ban + " END"
}

// oneTimeTokens are the columns of auth.users with one-time tokens, which are valid only in Supabase.
var oneTimeTokens = []string{
	"confirmation_token", "recovery_token", "email_change_token_new", "email_change_token_current", "phone_change_token",
	"reauthentication_token",
}

// columnsInTarget lists columns of auth.users, each with the column of "user" that stores its value. If the target has
// this column, the residue leaves the value out.
var columnsInTarget = []struct{ target, source string }{
	{"userMetadata", "raw_user_meta_data"},
	{"appMetadata", "raw_app_meta_data"},
	{"isAnonymous", "is_anonymous"},
	{"role", "is_super_admin"},
	{"invitedAt", "invited_at"},
	{"lastSignInAt", "last_sign_in_at"},
}

// unstoredUserValues returns SQL for the residue of a user: all columns of auth.users without the id, one-time tokens,
// columnsInTarget, and times that are copied unchanged. A return to the source needs the password hash and the email in
// it, because Xenon can rehash the password and the user can change the email.
func (m Mapping) unstoredUserValues() string {
	skip := slices.Concat([]string{"id"}, oneTimeTokens)
	for _, c := range columnsInTarget {
		if m.Target.User.Has(c.target) {
			skip = append(skip, c.source)
		}
	}
	return unmapped(m.Source.Users, "u", skip, map[string]string{
		"created_at": "c.created_at",
		"updated_at": "coalesce(" + timeOrNull("u.updated_at") + ", c.created_at)",
	})
}

// firstClaim returns an SQL expression for the first non-blank string under one of the keys. It looks first in the
// metadata of the user, then in the user's identities, oldest first.
func (m Mapping) firstClaim(keys ...string) string {
	var ofUser, ofIdentity []string
	for _, k := range keys {
		ofUser = append(ofUser, textAtOrNull(m.userColumn("raw_user_meta_data", "NULL::jsonb"), k))
		ofIdentity = append(ofIdentity, textAtOrNull("i.identity_data", k))
	}
	identity := strings.Join(ofIdentity, ", ")
	return "coalesce(" + strings.Join(ofUser, ", ") + `, (
      SELECT coalesce(` + identity + `)
      FROM auth.identities i
      WHERE i.user_id = u.id AND coalesce(` + identity + `) IS NOT NULL
      ORDER BY i.created_at, i.id
      LIMIT 1))`
}

// textAtOrNull returns an SQL expression for the member key of the JSON object doc, or NULL if it is not a non-blank
// string.
func textAtOrNull(doc, key string) string {
	at := doc + "->>" + Literal(key)
	return "CASE WHEN " + at + ` ~ '\S' AND jsonb_typeof(` + doc + "->" + Literal(key) + ") = 'string' THEN " + at + " END"
}

func (m Mapping) userNameSQL() string {
	return "coalesce(" + m.firstClaim("name", "full_name", "username", "user_name", "preferred_username") + `,
    CASE WHEN split_part(u.email, '@', 1) ~ '\S' THEN split_part(u.email, '@', 1) END,
    a.phone,
    CASE WHEN ` + m.userFlag("is_anonymous") + ` THEN 'Anonymous' ELSE 'Unknown' END)`
}
