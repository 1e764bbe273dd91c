package mapping

import "github.com/xenon-auth/xenon/shared/placeholder"

// Email returns an SQL expression for the email of the user in lower case, or NULL if there is none. Sign-in converts
// the entered email to lower case as toLowerCase of JavaScript does. ICU gives the same result; a collation of Postgres
// without ICU can differ.
func (m Mapping) Email() string {
	return `CASE WHEN u.email ~ '\S' THEN ` + m.Lower("u.email") + " END"
}

// Lower returns an SQL expression for the lower case of a text.
func (m Mapping) Lower(expr string) string {
	if m.Source.ICU {
		return `(lower(` + expr + `::text COLLATE "und-x-icu") COLLATE "C")`
	}
	return "lower(" + expr + "::text)"
}

// WithoutEmail returns an SQL condition: the user u does not get the email of the source, because another user of the
// source gets it, or because it is a placeholder of an earlier import.
func WithoutEmail(r Rejections) string {
	return "(" + r.Include(User, EmailConflict, "u.id") + " OR u.email LIKE '%." + PlaceholderDomain + "')"
}

// FoldsToASCII returns an SQL condition: the lower case of a non-ASCII letter of the email is an ASCII letter. For
// example, the lower case of the Kelvin sign (U+212A) is k. Then the stored email is a different email, which another
// user can have.
func (m Mapping) FoldsToASCII() string {
	return "(octet_length(u.email) > char_length(u.email) AND " +
		countNonASCII("u.email::text") + " > " + countNonASCII(m.Lower("u.email")) + ")"
}

func countNonASCII(text string) string {
	return "char_length(regexp_replace(" + text + `, '[\u0001-\u007f]', '', 'g'))`
}

// Confirmed returns an SQL condition: the user confirmed in the source the email that the import stores.
func (m Mapping) Confirmed() string {
	return "(u.email_confirmed_at IS NOT NULL AND NOT coalesce(" + m.FoldsToASCII() + ", false))"
}

// IsPlaceholder returns an SQL condition: the email in this expression is a placeholder, as placeholder.Is says.
func IsPlaceholder(email string) string {
	return "(lower(" + email + ") LIKE '%." + PlaceholderDomain + "' OR lower(" + email + ") LIKE '%." +
		placeholder.ProviderDomain + "')"
}
