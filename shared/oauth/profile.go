package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Profile is what a provider says about a user.
type Profile struct {
	Subject       string // the id of the user at the provider
	Name          *string
	Email         string
	Image         *string
	EmailVerified bool
	Raw           json.RawMessage // the whole profile, or the claims of the id token
}

// ProfileInput is the data besides the tokens that Provider.Profile needs.
type ProfileInput struct {
	Nonce     string // of the authorization URL; "" if it had none
	AppleUser string // the parameter user: JSON with the name of the user
	Stored    bool   // the tokens are those of an account: the id token was verified earlier and may have expired
}

// IDToken is an id token that a client signs in with.
type IDToken struct {
	Token, Nonce, AccessToken string
	FirstName, LastName       string // of Apple, which has no names in the token
}

// profileLoader returns the profile as the provider gives it.
type profileLoader func(ctx context.Context, p *Provider, t Tokens, in ProfileInput) (object, error)

// Profile returns the profile of the user to whom the tokens belong. The error wraps ErrNoProfile.
func (p *Provider) Profile(ctx context.Context, t Tokens, in ProfileInput) (Profile, error) {
	o, err := p.load(ctx, p, t, in)
	if err != nil {
		return Profile{}, fmt.Errorf("%w: %w", ErrNoProfile, err)
	}
	return p.profileOf(ctx, o, t.Access)
}

// profileOf returns the Profile for the JSON object that load returned: a profile of the provider, or claims.
func (p *Provider) profileOf(ctx context.Context, o object, access string) (Profile, error) {
	profile := p.describe(o)
	if strings.TrimSpace(profile.Subject) == "" {
		return Profile{}, fmt.Errorf("%w: it has no subject", ErrNoProfile)
	}
	if p.complete != nil {
		if err := p.complete(ctx, p, access, o, &profile); err != nil {
			return Profile{}, fmt.Errorf("%w: %w", ErrNoProfile, err)
		}
	}
	profile.Raw = o.encode()
	return profile, nil
}

// VerifiesIDTokens reports whether clients may sign in with an id token of the provider.
func (p *Provider) VerifiesIDTokens() bool { return p.keys != nil && p.idToken.signIn }

// VerifyIDToken returns the profile of the user whom an id token names. The error wraps ErrInvalidToken or
// ErrNoProfile.
func (p *Provider) VerifyIDToken(ctx context.Context, in IDToken) (Profile, error) {
	if !p.VerifiesIDTokens() {
		return Profile{}, fmt.Errorf("%w: clients cannot sign in with id tokens of this provider", ErrInvalidToken)
	}
	if p.ID == "facebook" && !isJWT(in.Token) {
		return p.Profile(ctx, Tokens{Access: in.AccessToken}, ProfileInput{})
	}
	claims, err := p.verifyIDToken(ctx, in.Token, in.Nonce, fromClient)
	switch {
	case err != nil:
		return Profile{}, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	case p.ID == "apple":
		setAppleName(claims, in.FirstName, in.LastName)
	case p.OIDC && claims.text("email") == "":
		return Profile{}, fmt.Errorf("%w: the id token has no email", ErrNoProfile)
	case p.OIDC:
		addOIDCMembers(claims, object{"id": claims["sub"]})
	}
	return p.profileOf(ctx, claims, in.AccessToken)
}

// loadIDTokenClaims verifies the id token and returns its claims. It does not verify a stored id token (in.Stored)
// again, because such a token may have expired since it was stored.
func loadIDTokenClaims(ctx context.Context, p *Provider, t Tokens, in ProfileInput) (object, error) {
	switch {
	case t.ID == "":
		return nil, errors.New("there is no id token")
	case in.Stored:
		return claimsOfStoredToken(t.ID)
	}
	return p.verifyIDToken(ctx, t.ID, in.Nonce, fromProvider)
}

// loadProfile returns the answer of the profile URL.
func loadProfile(ctx context.Context, p *Provider, t Tokens, _ ProfileInput) (object, error) {
	if t.Access == "" {
		return nil, errors.New("there is no access token")
	}
	return p.providers.getObject(ctx, "profile of "+p.ID, p.profileURL, t.Access, p.profileHeader)
}

// loadAppleClaims adds the name from the parameter user, which Apple sends at the first sign-in only.
func loadAppleClaims(ctx context.Context, p *Provider, t Tokens, in ProfileInput) (object, error) {
	claims, err := loadIDTokenClaims(ctx, p, t, in)
	if err != nil {
		return nil, err
	}
	user, _ := parseObject([]byte(in.AppleUser)) // if it is not an object, there is no name
	name := user.object("name")
	setAppleName(claims, name.text("firstName"), name.text("lastName"))
	return claims, nil
}

// setAppleName sets the claim name, which is "" if it is not known.
func setAppleName(claims object, firstName, lastName string) {
	claims["name"] = firstNonEmpty(strings.TrimSpace(firstName+" "+lastName), claims.text("name"))
}
