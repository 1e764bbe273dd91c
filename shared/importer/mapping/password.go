package mapping

import "strings"

// PasswordFormatSQL returns an SQL expression for the format of a stored password: bcrypt, argon2, fbscrypt, encrypted
// (at rest, by Supabase), unknown, or too_costly if its cost is above the limits of shared/password. It is NULL if
// there is no password. The patterns and limits are those of shared/password; a test compares them. The length of a
// bcrypt hash is a separate condition, because {53} in the pattern makes Postgres five times slower.
func PasswordFormatSQL(p string) string {
	return `CASE WHEN coalesce(` + p + `, '') = '' THEN NULL
      WHEN ` + p + ` ~ '^\$2[abxy]?\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]+$'
        AND length(split_part(` + p + `, '$', 4)) = 53
      THEN CASE WHEN split_part(` + p + `, '$', 3) < '14' THEN 'bcrypt' ELSE 'too_costly' END
      WHEN ` + p + ` ~ '` + argon2Pattern + `'
      THEN CASE WHEN ` + argon2WithinLimits(p) + ` THEN 'argon2' ELSE 'too_costly' END
      WHEN ` + p + ` ~ '` + fbscryptPattern + `'
      THEN CASE WHEN ` + fbscryptWithinLimits(p) + ` THEN 'fbscrypt' ELSE 'too_costly' END
      WHEN ` + p + ` LIKE '{%' AND ` + p + ` LIKE '%"alg":"aes-gcm-hkdf"%' THEN 'encrypted'
      ELSE 'unknown' END`
}

const (
	argon2Pattern   = `^\$argon2(i|id)\$v=19\$m=[0-9]+,t=[0-9]+,p=[0-9]+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$`
	fbscryptPattern = `^\$fbscrypt\$v=1,n=[0-9]+,r=[0-9]+,p=[0-9]+(,ss=[^,$]*)?(,sk=[^$]*)?\$[^$]+\$.+$`
)

func argon2WithinLimits(p string) string {
	memory, time := numberSQL(p, `\$m=([0-9]{1,9}),`), numberSQL(p, `,t=([0-9]{1,9}),`)
	threads := numberSQL(p, `,p=([0-9]{1,9})\$`)
	return strings.Join([]string{
		memory + " BETWEEN 1 AND 262144",
		time + " BETWEEN 1 AND 10",
		threads + " BETWEEN 1 AND 8",
		memory + " * " + time + " <= 655360",
	}, "\n          AND ")
}

func fbscryptWithinLimits(p string) string {
	n, r := numberSQL(p, `,n=([0-9]{1,9}),`), numberSQL(p, `,r=([0-9]{1,9}),`)
	threads := numberSQL(p, `,p=([0-9]{1,9})[,$]`)
	return strings.Join([]string{
		n + " BETWEEN 1 AND 20",
		r + " BETWEEN 1 AND 64",
		threads + " BETWEEN 1 AND 8",
		"(1::bigint << " + numberSQL(p, `,n=([0-9]{1,2}),`) + "::int) * " + r + " * " + threads + " <= 1048576",
	}, "\n          AND ")
}

// numberSQL returns an SQL expression for the number that a pattern finds in a text, or 999999999 if it finds none.
func numberSQL(text, pattern string) string {
	return "coalesce(substring(" + text + " FROM '" + pattern + "')::bigint, 999999999)"
}

// withholdReasons returns WHEN clauses with the reasons for which the options withhold a password of a supported
// format.
func (m Mapping) withholdReasons() string {
	sql := ""
	if m.Options.Unconfirmed != "allow" {
		sql += "\n      WHEN a.email IS NOT NULL AND NOT " + m.Confirmed() + " THEN 'unconfirmed_held'"
	}
	if condition := m.isHeldForFactor(); condition != "" {
		sql += "\n      WHEN " + condition + " THEN 'mfa_held'"
	}
	return sql
}
