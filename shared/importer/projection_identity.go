package importer

import (
	"maps"
	"slices"
)

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
	return m.dst.account.fit(cols)
}
