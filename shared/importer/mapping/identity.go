package mapping

import (
	"maps"
	"slices"
	"strings"
)

// providerIDs maps names of providers in Supabase to their ids in Xenon. Supabase and Xenon identify a user of such a
// provider by the same subject.
var providerIDs = map[string]string{
	"google": "google", "github": "github", "apple": "apple", "facebook": "facebook", "discord": "discord",
	"gitlab": "gitlab", "twitch": "twitch", "spotify": "spotify", "zoom": "zoom", "figma": "figma", "kakao": "kakao",
	"notion": "notion", "twitter": "twitter", "x": "twitter", "linkedin_oidc": "linkedin", "slack_oidc": "slack",
}

// providerIDsSince2 are the providers that version 2 of the default map adds (Options.ProviderMap). In Xenon, Keycloak
// is a generic OIDC provider with the id "keycloak".
var providerIDsSince2 = map[string]string{"azure": microsoft, "keycloak": "keycloak", "slack": "slack"}

const microsoft = "microsoft"

// providerMap returns the ids of providers in Xenon by their names in Supabase: the default map, changed by the
// options.
func (m Mapping) providerMap() map[string]string {
	all := maps.Clone(providerIDs)
	if m.Options.ProviderMap >= 2 {
		maps.Copy(all, providerIDsSince2)
	}
	maps.Copy(all, m.Options.Providers)
	if m.usesMicrosoftObjectID() {
		all["azure"] = microsoft
	}
	return all
}

// usesMicrosoftObjectID reports whether the subject of a Microsoft account is its object id, by which Xenon and Better
// Auth know such accounts. Supabase knows them by another id, which differs from app to app.
func (m Mapping) usesMicrosoftObjectID() bool {
	switch m.Options.Providers["azure"] {
	case "oid":
		return true
	case "", microsoft:
		return m.Options.ProviderMap >= 2
	}
	return false
}

// Provider returns an SQL expression for the id of a provider in Xenon, or NULL if the import maps it to no provider.
// name is an SQL expression for the name of the provider in Supabase.
func (m Mapping) Provider(name string) string {
	all := m.providerMap()
	sql := "CASE " + name
	for _, from := range slices.Sorted(maps.Keys(all)) {
		sql += " WHEN " + Literal(from) + " THEN " + Literal(all[from])
	}
	return sql + " END"
}

// ProviderSettings returns the names of the settings that a provider of Xenon needs. It returns nil for the id "". A
// provider that is not built in is a generic OIDC provider.
func ProviderSettings(id string) []string {
	prefix := strings.ToUpper(id)
	switch {
	case id == "":
		return nil
	case id == "apple": // APPLE_CLIENT_SECRET can replace the last three
		return []string{"APPLE_CLIENT_ID", "APPLE_TEAM_ID", "APPLE_KEY_ID", "APPLE_PRIVATE_KEY"}
	case slices.Contains(BuiltInProviders(), id):
		return []string{prefix + "_CLIENT_ID", prefix + "_CLIENT_SECRET"}
	}
	return []string{"OIDC_PROVIDER_ID", "OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"}
}

// BuiltInProviders returns the sorted ids of the providers that Xenon supports without an issuer URL.
func BuiltInProviders() []string {
	ids := append(slices.Collect(maps.Values(providerIDs)), microsoft)
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Subject returns an SQL expression for the id of the user at the provider, or NULL if the identity has none. row is
// the alias of auth.identities. Except for Microsoft, the id is the one by which Supabase Auth finds the user.
func (m Mapping) Subject(row string) string {
	if !m.usesMicrosoftObjectID() {
		return row + ".provider_id"
	}
	claims := row + ".identity_data"
	return "CASE WHEN " + row + ".provider = 'azure' THEN coalesce(" +
		textAtOrNull(
			"("+claims+"->'custom_claims')",
			"oid",
		) + ", " + textAtOrNull(claims, "oid") + ") ELSE " + row + ".provider_id END"
}

// Identities returns the projection of auth.identities into account. Email and phone identities (folded) get no
// account. They have a reason only if their user is missing or not copied.
func (m Mapping) Identities(s Scope, r Rejections) string {
	return m.identities(`i.id AS key, i.user_id, `+m.Source.Identities.fingerprint("i")+` AS raw, b.reason,
  NULL::text[] AS fields,
  CASE WHEN b.reason IS NOT NULL THEN to_jsonb(i) END AS original,
  CASE WHEN b.reason IS NULL THEN `+m.unstoredIdentityValues()+` END AS residue,
  a.folded, `+selectList(m.AccountColumns()), s, r)
}

// identities returns SQL that selects expressions from the identities i, the values of their accounts (a) and the
// reason why they are not imported (b).
func (m Mapping) identities(expressions string, s Scope, r Rejections) string {
	return `SELECT ` + expressions + `
FROM auth.identities i
` + joinUser(s, "i.user_id") + `
CROSS JOIN LATERAL (
  SELECT i.provider IN ('email', 'phone') AS folded,
    ` + m.Provider("i.provider") + ` AS "providerId",
    ` + m.Subject("i") + ` AS "accountId",
    coalesce(` + timeOrNull("i.created_at") + `, ` + m.createdAt() + `) AS created_at,
    coalesce(` + timeOrNull("i.updated_at") + `, ` + timeOrNull("i.created_at") + `,
      ` + timeOrNull("u.updated_at") + `, ` + m.createdAt() + `) AS updated_at
  OFFSET 0
) a
CROSS JOIN LATERAL (
  SELECT CASE WHEN u.id IS NULL THEN 'orphan_identity'
    WHEN (` + m.UserReason(r) + `) IS NOT NULL THEN 'parent_quarantined'
    WHEN ` + r.Include(Identity, TargetError, "i.id") + ` THEN '` + TargetError + `'
    WHEN a.folded THEN NULL
    WHEN a."providerId" IS NOT NULL AND a."accountId" IS NOT NULL
    THEN CASE WHEN ` + r.Include(Identity, AccountConflict, "i.id") + ` THEN '` + AccountConflict + `'
      WHEN ` + r.Include(Identity, TargetAccountTaken, "i.id") + ` THEN '` + TargetAccountTaken + `' END
    WHEN i.provider = 'azure' THEN 'provider_subject_incompatible'
    WHEN i.provider LIKE 'sso:%' THEN 'sso_identity'
    WHEN i.provider = 'web3' THEN 'web3_identity'
    WHEN i.provider LIKE 'custom:%' THEN 'custom_provider'
    ELSE 'provider_unmapped' END AS reason
  OFFSET 0
) b
WHERE ` + s.Contains("i.user_id")
}

// unstoredIdentityValues returns an SQL expression for a JSON object with the values of an identity that the target
// does not store.
func (m Mapping) unstoredIdentityValues() string {
	unlessFolded := func(value string) string { return "CASE WHEN NOT a.folded THEN " + value + " END" }
	return unmapped(m.Source.Identities, "i", []string{"id", "user_id"}, map[string]string{
		"provider":    `a."providerId"`,
		"provider_id": unlessFolded(`a."accountId"`),
		"created_at":  unlessFolded("a.created_at"),
		"updated_at":  unlessFolded("a.updated_at"),
	})
}

// AccountColumns returns the columns of account for an identity, without id and userId: their values are the columns
// key and user_id of the projection.
func (m Mapping) AccountColumns() []Column {
	columns := []Column{
		{"accountId", "text", `a."accountId"`},
		{"providerId", "text", `a."providerId"`},
		{"createdAt", "timestamptz", "a.created_at"},
		{"updatedAt", "timestamptz", "a.updated_at"},
	}
	if m.HasIssuer() {
		columns = append(columns, Column{"issuer", "text", `CASE a."providerId"
    WHEN 'google' THEN 'https://accounts.google.com'
    WHEN 'apple' THEN 'https://appleid.apple.com'
    WHEN 'facebook' THEN 'https://www.facebook.com'
    ELSE 'local:oauth:' || a."providerId" END`})
	}
	return m.Target.Account.withPrecision(columns)
}

// HasIssuer reports whether account has the column issuer, as in Better Auth 1.7.0 to 1.7.2.
func (m Mapping) HasIssuer() bool { return m.Target.Account.Has("issuer") }
