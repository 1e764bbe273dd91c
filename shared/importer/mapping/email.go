package mapping

// Email is the user's email in lower case as JavaScript makes it, or NULL. Sign-in lowers what the user types and then
// compares; ICU lowers as JavaScript does where Postgres's own lower does not.
func (m Mapping) Email() string {
	return `CASE WHEN u.email ~ '\S' THEN ` + m.Lower("u.email") + " END"
}

// Lower is the lower case of a text.
func (m Mapping) Lower(expr string) string {
	if m.Source.ICU {
		return `(lower(` + expr + `::text COLLATE "und-x-icu") COLLATE "C")`
	}
	return "lower(" + expr + "::text)"
}

// WithoutEmail is an SQL condition: the user does not get the email. Another user of the source gets it, or it is a
// placeholder of an import.
func WithoutEmail(r Rejections) string {
	return "(" + r.Include(User, EmailConflict, "u.id") + " OR u.email LIKE '%." + PlaceholderDomain + "')"
}

// FoldsToASCII is an SQL condition: a letter beyond ASCII becomes an ASCII letter in lower case, as the Kelvin sign
// (U+212A) becomes k. Then the email that is stored is another one, which may belong to another user.
func (m Mapping) FoldsToASCII() string {
	return "(octet_length(u.email) > char_length(u.email) AND " +
		countBeyondASCII("u.email::text") + " > " + countBeyondASCII(m.Lower("u.email")) + ")"
}

func countBeyondASCII(text string) string {
	return "char_length(regexp_replace(" + text + `, '[\u0001-\u007f]', '', 'g'))`
}

// Confirmed is an SQL condition: the user of the source proved to own the email that is stored.
func (m Mapping) Confirmed() string {
	return "(u.email_confirmed_at IS NOT NULL AND NOT coalesce(" + m.FoldsToASCII() + ", false))"
}
