package mapping

import "strings"

// PasswordFormat classifies a stored password: bcrypt, argon2, fbscrypt, encrypted (at rest, by Supabase), unknown, or
// too_costly where shared/password refuses to compute it. NULL is none. The patterns and ceilings are those of
// shared/password; a test compares them. Length is counted apart from the pattern: with {53} in it Postgres takes five
// times as long.
func PasswordFormat(p string) string {
	return `CASE WHEN coalesce(` + p + `, '') = '' THEN NULL
      WHEN ` + p + ` ~ '^\$2[abxy]?\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]+$'
        AND length(split_part(` + p + `, '$', 4)) = 53
      THEN CASE WHEN split_part(` + p + `, '$', 3) < '14' THEN 'bcrypt' ELSE 'too_costly' END
      WHEN ` + p + ` ~ '` + argon2Pattern + `'
      THEN CASE WHEN ` + affordableArgon2(p) + ` THEN 'argon2' ELSE 'too_costly' END
      WHEN ` + p + ` ~ '` + fbscryptPattern + `'
      THEN CASE WHEN ` + affordableFbscrypt(p) + ` THEN 'fbscrypt' ELSE 'too_costly' END
      WHEN ` + p + ` LIKE '{%' AND ` + p + ` LIKE '%"alg":"aes-gcm-hkdf"%' THEN 'encrypted'
      ELSE 'unknown' END`
}

const (
	argon2Pattern   = `^\$argon2(i|id)\$v=19\$m=[0-9]+,t=[0-9]+,p=[0-9]+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$`
	fbscryptPattern = `^\$fbscrypt\$v=1,n=[0-9]+,r=[0-9]+,p=[0-9]+(,ss=[^,$]*)?(,sk=[^$]*)?\$[^$]+\$.+$`
)

func affordableArgon2(p string) string {
	memory, time, threads := number(p, `\$m=([0-9]{1,9}),`), number(p, `,t=([0-9]{1,9}),`), number(p, `,p=([0-9]{1,9})\$`)
	return strings.Join([]string{
		memory + " BETWEEN 1 AND 262144",
		time + " BETWEEN 1 AND 10",
		threads + " BETWEEN 1 AND 8",
		memory + " * " + time + " <= 655360",
	}, "\n          AND ")
}

func affordableFbscrypt(p string) string {
	n, r, threads := number(p, `,n=([0-9]{1,9}),`), number(p, `,r=([0-9]{1,9}),`), number(p, `,p=([0-9]{1,9})[,$]`)
	return strings.Join([]string{
		n + " BETWEEN 1 AND 20",
		r + " BETWEEN 1 AND 64",
		threads + " BETWEEN 1 AND 8",
		"(1::bigint << " + number(p, `,n=([0-9]{1,2}),`) + "::int) * " + r + " * " + threads + " <= 1048576",
	}, "\n          AND ")
}

// number is the number that a pattern finds in a text, and a very large one where it finds none.
func number(text, pattern string) string {
	return "coalesce(substring(" + text + " FROM '" + pattern + "')::bigint, 999999999)"
}

// withhold is when a password of a good format is withheld.
func (m Mapping) withhold() string {
	sql := ""
	if m.Options.Unconfirmed != "allow" {
		sql += "\n      WHEN a.email IS NOT NULL AND NOT " + m.Confirmed() + " THEN 'unconfirmed_held'"
	}
	if m.Options.MFA == "hold" && m.Source.Factors.Usable() {
		sql += `
      WHEN EXISTS (SELECT FROM auth.mfa_factors f WHERE f.user_id = u.id AND f.status = 'verified') THEN 'mfa_held'`
	}
	return sql
}
