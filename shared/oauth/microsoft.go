package oauth

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
)

// The values of MICROSOFT_TENANT_ID that stand for many tenants, and the tenant of all personal accounts.
const (
	commonTenant        = "common"
	organizationsTenant = "organizations"
	consumersTenant     = "consumers"
	personalTenant      = "9188040d-6c67-4c5b-b112-36a304b66dad"
)

// allowsTenant checks that the issuer is the tenant of the claim tid, and that the settings allow this tenant.
// https://learn.microsoft.com/en-us/entra/identity-platform/id-token-claims-reference
func allowsTenant(p *Provider, claims object, from tokenSource) bool {
	tenant := claims.text("tid")
	if tenant == "" || claims.text("iss") != "https://login.microsoftonline.com/"+tenant+"/v2.0" {
		return false
	}
	switch configured := p.TenantID; {
	case configured == "" || configured == commonTenant:
		return true
	case configured == organizationsTenant:
		return tenant != personalTenant
	case configured == consumersTenant:
		return tenant == personalTenant
	case strings.Contains(configured, "."):
		// A domain cannot be compared with tid. The token endpoint of a domain issues only tokens of its tenant; a token
		// that a client sends may be of another tenant.
		return from == fromProvider
	default:
		return strings.EqualFold(tenant, configured)
	}
}

// profileFromMicrosoft takes oid as the subject, because sub differs between the apps of a tenant.
func profileFromMicrosoft(o object) Profile {
	email := o.text("email")
	verified := o.isTrue("email_verified")
	if _, exists := o["email_verified"]; !exists {
		verified = email != "" &&
			(o.contains("verified_primary_email", email) || o.contains("verified_secondary_email", email))
	}
	return Profile{
		Subject: o.text("oid"), Name: o.optional("name"), Email: email, Image: o.optional("picture"), EmailVerified: verified,
	}
}

// contains reports whether a member is an array that contains the text.
func (o object) contains(name, text string) bool {
	array, _ := o[name].([]any)
	return slices.Contains(array, any(text))
}

// addMicrosoftPhoto adds the photo of the user, if there is one.
func addMicrosoftPhoto(ctx context.Context, p *Provider, access string, o object, profile *Profile) error {
	if access == "" {
		return nil
	}
	photo, err := p.providers.get(ctx, "photo", "https://graph.microsoft.com/v1.0/me/photos/48x48/$value", access,
		map[string]string{"Accept": "image/jpeg"})
	if err != nil {
		return nil //nolint:nilerr // a user may have no photo
	}
	// Better Auth has the blank after the comma, too.
	image := "data:image/jpeg;base64, " + base64.StdEncoding.EncodeToString(photo)
	o["picture"], profile.Image = image, &image
	return nil
}
