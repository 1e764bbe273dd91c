package mapping

import (
	"fmt"
	"strings"
)

// CarryFactors is the value of Options.MFA with which a run copies TOTP factors: the codes of an authenticator app work
// at the target, too.
const CarryFactors = "carry"

// The numbers of characters of the base32 of a key that a run copies. 16 characters are 80 bits, which is the least
// that authenticator apps use; Supabase makes 32.
const (
	MinFactorSecret = 16
	MaxFactorSecret = 256
)

// Reasons why a second factor is not copied.
const (
	// FactorEncrypted: Supabase has encrypted the secret, and no given key opens it.
	FactorEncrypted = "mfa_encrypted"
	// FactorInvalid: the secret is not the base32 of a key.
	FactorInvalid = "mfa_secret_invalid"
	// TargetFactorTaken: the target has another second factor of the user, which this run did not write or which changed
	// since.
	TargetFactorTaken = "target_factor_taken"
)

// CarriesFactors reports whether the run copies TOTP factors into the table "twoFactor".
func (m Mapping) CarriesFactors() bool { return m.Options.MFA == CarryFactors }

// Factors returns the projection of auth.mfa_factors into "twoFactor", for a run that copies TOTP factors. Its last
// column is the secret as it is stored in Supabase: package run encrypts it for the target. Of several TOTP factors of
// a user it copies the one that was used last.
func (m Mapping) Factors(s Scope, r Rejections) string {
	return `SELECT f.id AS key, f.user_id, ` + m.Source.Factors.fingerprint("f") + ` AS raw, b.reason,
  NULL::text[] AS fields,
  CASE WHEN b.reason IS NOT NULL THEN to_jsonb(f) END AS original,
  CASE WHEN b.reason IS NULL THEN ` + m.unstoredFactorValues() + ` END AS residue,
  f.secret::text AS secret
FROM auth.mfa_factors f
` + joinUser(s, "f.user_id") + `
CROSS JOIN LATERAL (
  SELECT CASE WHEN f.status <> 'verified' THEN 'mfa_unverified'
    WHEN f.factor_type <> 'totp' THEN 'mfa_not_portable'
    WHEN u.id IS NULL OR (` + m.UserReason(r) + `) IS NOT NULL THEN 'parent_quarantined'
    WHEN ` + r.Include(Factor, FactorEncrypted, "f.id") + ` THEN '` + FactorEncrypted + `'
    WHEN ` + r.Include(Factor, FactorInvalid, "f.id") + ` THEN '` + FactorInvalid + `'
    WHEN ` + r.Include(Factor, TargetError, "f.id") + ` THEN '` + TargetError + `'
    WHEN f.id <> (
      SELECT c.id
      FROM auth.mfa_factors c
      WHERE c.user_id = f.user_id AND ` + isPortable("c", r) + `
      ORDER BY ` + m.newestFactorFirst("c") + `
      LIMIT 1) THEN 'mfa_extra_factor'
    WHEN ` + r.Include(Factor, TargetFactorTaken, "f.id") + ` THEN '` + TargetFactorTaken + `' END AS reason
  OFFSET 0
) b
WHERE ` + s.Contains("f.user_id")
}

// isPortable returns an SQL condition: the target can have the second factor in this row.
func isPortable(row string, r Rejections) string {
	condition := row + ".status = 'verified' AND " + row + ".factor_type = 'totp'"
	for _, reason := range []string{FactorEncrypted, FactorInvalid, TargetError} {
		condition += " AND NOT " + r.Include(Factor, reason, row+".id")
	}
	return condition
}

// newestFactorFirst returns an ORDER BY clause. A factor was last used when Supabase last asked for its code.
func (m Mapping) newestFactorFirst(row string) string {
	order := ""
	for _, column := range []string{"last_challenged_at", "updated_at"} {
		if m.Source.Factors.Has(column) {
			order += row + "." + column + " DESC NULLS LAST, "
		}
	}
	return order + row + ".id DESC"
}

// factorsOfUser returns columns of the projection of a user u: has_factor, the source has a second factor of the user
// that the target can have; factor_taken, the target has another one. It returns "" if the run does not copy factors.
func (m Mapping) factorsOfUser(r Rejections) string {
	if !m.CarriesFactors() {
		return ""
	}
	return `,
    EXISTS (SELECT FROM auth.mfa_factors f WHERE f.user_id = u.id AND ` + isPortable("f", r) + `) AS has_factor,
    EXISTS (
      SELECT FROM auth.mfa_factors f
      WHERE f.user_id = u.id AND ` + r.Include(Factor, TargetFactorTaken, "f.id") + `) AS factor_taken`
}

// twoFactorEnabled returns an SQL expression on the columns of factorsOfUser: the user enters a code at each sign-in.
func (m Mapping) twoFactorEnabled() string {
	if !m.CarriesFactors() {
		return "false"
	}
	return "a.has_factor AND NOT a.factor_taken"
}

// isHeldForFactor returns an SQL condition: the user u has a verified second factor that is not copied, and the
// password is withheld for it. It returns "" if no password is.
func (m Mapping) isHeldForFactor() string {
	if m.Options.MFA == "allow" || m.Options.MFA == "" || !m.Source.Factors.IsUsable() {
		return ""
	}
	hasFactor := "EXISTS (SELECT FROM auth.mfa_factors f WHERE f.user_id = u.id AND f.status = 'verified')"
	if m.CarriesFactors() {
		return "NOT a.has_factor AND " + hasFactor
	}
	return hasFactor
}

// unstoredFactorValues returns SQL for the residue of a copied second factor. The target has the secret.
func (m Mapping) unstoredFactorValues() string {
	return unmapped(m.Source.Factors, "f", []string{"id", "user_id", "secret", "status", "factor_type"}, nil)
}

// FactorColumns returns the columns of "twoFactor" that the import writes, apart from id, "userId" and the counter of
// wrong codes. The values of the first two are encrypted.
func (m Mapping) FactorColumns() []Column {
	return []Column{{"secret", "text", ""}, {"backupCodes", "text", ""}, {"verified", "boolean", ""}}
}

// FactorRow describes the rows of "twoFactor".
func (m Mapping) FactorRow() TargetRow {
	return TargetRow{
		Kind: Factor, Stage: "stage_factor", Action: "action", Hash: "written", Wanted: "s.reason IS NULL",
		From: `"twoFactor" e WHERE true`, Key: "e.id", Owner: `e."userId"`, Columns: QuotedNames(m.FactorColumns()),
	}
}

// UnreadableFactors returns SQL for (id, user_id, secret) of the verified TOTP factors whose secret is not the base32
// of a key in clear: it is encrypted or unusable. Base32 texts of some lengths are not possible.
func (m Mapping) UnreadableFactors() string {
	return fmt.Sprintf(`SELECT f.id::text, f.user_id::text, coalesce(f.secret, '')::text
FROM auth.mfa_factors f
WHERE f.status = 'verified' AND f.factor_type = 'totp'
  AND (f.secret ~ '^[A-Za-z2-7]+=*$'
    AND length(rtrim(f.secret, '=')) BETWEEN %d AND %d
    AND length(rtrim(f.secret, '=')) %% 8 IN (0, 2, 4, 5, 7)) IS NOT TRUE
ORDER BY f.id`, MinFactorSecret, MaxFactorSecret)
}

// FactorRefusals returns the reasons why a run cannot copy TOTP factors into the target.
func (t TargetCatalog) FactorRefusals() []string {
	var missing []string
	if !t.User.Has("twoFactorEnabled") {
		missing = append(missing, `"user"."twoFactorEnabled"`)
	}
	for _, name := range []string{"id", "userId", "secret", "backupCodes", "verified", "failedVerificationCount"} {
		if !t.TwoFactor.Has(name) {
			missing = append(missing, `"twoFactor".`+Quote(name))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return []string{"--mfa carry needs columns that the target does not have: run `xenon schema up` first (" +
		strings.Join(missing, ", ") + ")"}
}

// SocialUsersWithFactor returns SQL for the ids of the users whose TOTP factor the run copies, and who can also sign in
// at a provider.
func (m Mapping) SocialUsersWithFactor(r Rejections) string {
	return `SELECT f.user_id::text
FROM (` + m.Factors(AllUsers, r) + `) f
WHERE f.reason IS NULL AND EXISTS (
  SELECT FROM auth.identities i
  WHERE i.user_id = f.user_id AND i.provider NOT IN ('email', 'phone') AND ` + m.Provider("i.provider") + ` IS NOT NULL)
ORDER BY 1`
}

// FactorsNotCopied returns SQL for the verified second factors and the passkeys that no user has at the target: the id
// of the user, the kind ("totp", "phone", "webauthn" or "passkey"), the reason, and the number of all rows. It returns
// "" if the source has no such tables. A run that does not copy TOTP factors could copy them, so they are left out. So
// are those of users who are not copied.
func (m Mapping) FactorsNotCopied(r Rejections, limit int) string {
	var parts []string
	switch {
	case m.Source.Factors.IsUsable() && m.CarriesFactors():
		parts = append(parts, `SELECT x.user_id, f.factor_type::text AS kind, x.reason
FROM (`+m.Factors(AllUsers, r)+`) x
JOIN auth.mfa_factors f ON f.id = x.key
WHERE x.reason NOT IN ('mfa_unverified', 'parent_quarantined')`)
	case m.Source.Factors.IsUsable():
		parts = append(parts, `SELECT f.user_id, f.factor_type::text, 'mfa_not_portable'
FROM auth.mfa_factors f
WHERE f.status = 'verified' AND f.factor_type <> 'totp'`)
	}
	if m.Source.Passkeys.IsUsable() {
		parts = append(parts, "SELECT k.user_id, 'passkey', 'passkey_not_mapped'\nFROM auth.webauthn_credentials k")
	}
	if len(parts) == 0 {
		return ""
	}
	return "SELECT user_id::text, kind, reason, count(*) OVER ()\nFROM (\n" + strings.Join(parts, "\nUNION ALL\n") +
		fmt.Sprintf("\n) n (user_id, kind, reason)\nORDER BY 1, 2, 3\nLIMIT %d", limit)
}
