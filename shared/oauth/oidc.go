package oauth

import (
	"context"
	"errors"
)

// loadOIDCProfile returns the claims of the id token if they have an email. Otherwise it returns the profile of the
// userinfo endpoint, which has to be that of the same subject. It adds the members that Better Auth adds.
func loadOIDCProfile(ctx context.Context, p *Provider, t Tokens, in ProfileInput) (object, error) {
	var claims object
	if t.ID != "" && p.keys != nil {
		var err error
		if claims, err = loadIDTokenClaims(ctx, p, t, in); err != nil {
			return nil, err
		}
		if claims.text("sub") != "" && claims.text("email") != "" {
			addOIDCMembers(claims, object{"id": claims["sub"]})
			return claims, nil
		}
	}
	if p.profileURL == "" {
		return nil, errors.New("the id token has no email, or is missing, and the provider has no userinfo endpoint")
	}
	o, err := loadProfile(ctx, p, t, in)
	if err != nil {
		return nil, err
	}
	if claims != nil && o.id("sub") != claims.text("sub") {
		return nil, errors.New("the userinfo endpoint answers for another subject than the id token")
	}
	addOIDCMembers(o, object{})
	return o, nil
}

// addOIDCMembers adds the given members to o, and image and emailVerified, whose values are those of picture and
// email_verified in o. It replaces no member that o already has, and adds none that is null.
func addOIDCMembers(o, members object) {
	members["image"], members["emailVerified"] = o["picture"], o.isTrue("email_verified")
	for name, value := range members {
		if _, exists := o[name]; !exists && value != nil {
			o[name] = value
		}
	}
}
