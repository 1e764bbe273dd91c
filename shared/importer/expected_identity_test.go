package importer_test

import (
	"cmp"
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// sameNameProviders are the providers that have the same name in Supabase and Xenon.
var sameNameProviders = strings.Fields(
	"google github apple facebook discord gitlab twitch spotify zoom figma kakao notion twitter slack keycloak",
)

// expectedAccount returns the provider and the subject of the account that an identity gets, or the reason why it gets
// none. An email or phone identity (folded) has neither.
func (r *expectation) expectedAccount(i sourceIdentity) (provider, subject, reason string) {
	switch to, mapped := r.o.Providers[i.provider]; {
	case i.provider == "email" || i.provider == "phone":
		return "", "", ""
	case i.provider == "azure" && (to == "" || to == "oid"):
		claims, _ := i.claims.(map[string]any)
		if oid := cmp.Or(textAt(claims["custom_claims"], "oid"), textAt(i.claims, "oid")); oid != "" {
			return "microsoft", oid, ""
		}
		return "", "", "provider_subject_incompatible"
	case mapped:
		return to, i.subject, ""
	case slices.Contains(sameNameProviders, i.provider):
		return i.provider, i.subject, ""
	case i.provider == "x":
		return "twitter", i.subject, ""
	case i.provider == "linkedin_oidc" || i.provider == "slack_oidc":
		return strings.TrimSuffix(i.provider, "_oidc"), i.subject, ""
	case strings.HasPrefix(i.provider, "sso:"):
		return "", "", "sso_identity"
	case i.provider == "web3":
		return "", "", "web3_identity"
	case strings.HasPrefix(i.provider, "custom:"):
		return "", "", "custom_provider"
	}
	return "", "", "provider_unmapped"
}

func (r *expectation) addIdentity(i sourceIdentity) {
	user, isCopied := r.state.Users[i.user]
	provider, subject, reason := r.expectedAccount(i)
	if r.withoutAccount[i.id] {
		reason = "account_conflict"
	}
	switch {
	case !isCopied:
		r.quarantine(mapping.Identity, i.id, "", "parent_quarantined", i.rowDigest)
	case reason != "":
		r.quarantine(mapping.Identity, i.id, "", reason, i.rowDigest)
	case provider == "":
		r.setOutcome(mapping.Identity, i.id, mapping.Folded)
	default:
		r.setOutcome(mapping.Identity, i.id, mapping.Copied)
		r.state.Accounts[i.id] = accountRow{
			i.user,
			provider,
			subject,
			"",
			i.created.textOr(user.Created),
			i.updated.textOr(i.created.textOr(user.Updated)),
		}
	}
}
