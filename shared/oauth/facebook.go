package oauth

import (
	"context"
	"errors"
	"net/url"
	"slices"
)

// loadFacebookProfile returns the claims of the id token, if there is one. Otherwise it returns the profile of the
// access token. First it checks that the token was made for this app, because the profile URL accepts the tokens of all
// apps.
func loadFacebookProfile(ctx context.Context, p *Provider, t Tokens, in ProfileInput) (object, error) {
	if isJWT(t.ID) {
		return loadIDTokenClaims(ctx, p, t, in)
	}
	if t.Access == "" {
		return nil, errors.New("there is no access token")
	}
	user, err := p.facebookUserID(ctx, t.Access)
	if err != nil {
		return nil, err
	}
	o, err := loadProfile(ctx, p, t, in)
	if err == nil && o.id("id") != user {
		err = errors.New("the profile is that of another user than the access token")
	}
	return o, err
}

// facebookUserID returns the id of the user of an access token that was made for this app.
// https://developers.facebook.com/docs/facebook-login/guides/access-tokens/debugging
func (p *Provider) facebookUserID(ctx context.Context, access string) (string, error) {
	secret, err := p.clientSecret(ctx)
	if err != nil {
		return "", err
	}
	query := url.Values{"input_token": {access}, "access_token": {p.clientID() + "|" + secret}}
	answer, err := p.providers.getObject(ctx, "debug_token of facebook",
		"https://graph.facebook.com/debug_token?"+query.Encode(), "", nil)
	if err != nil {
		return "", err
	}
	data := answer.object("data")
	user := data.id("user_id")
	if data["is_valid"] != true || !slices.Contains(p.ClientIDs, data.id("app_id")) || user == "" {
		return "", errors.New("the access token is not one of this app")
	}
	return user, nil
}

// profileFromFacebook maps the claims of an id token or a profile. The claims do not say whether the email is verified.
func profileFromFacebook(o object) Profile {
	if _, isClaims := o["sub"]; isClaims {
		return Profile{
			Subject: o.text("sub"), Name: o.optional("name"), Email: o.text("email"), Image: o.optional("picture"),
		}
	}
	return Profile{
		Subject: o.id("id"), Name: o.optional("name"), Email: o.text("email"),
		Image: o.object("picture").object("data").optional("url"), EmailVerified: o.isTrue("email_verified"),
	}
}
