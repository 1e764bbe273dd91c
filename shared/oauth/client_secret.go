package oauth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/shared/config"
)

// appleClientSecretLifetime is how long a client secret for Apple is valid. Apple allows six months, but Xenon makes a
// new secret for each request.
const appleClientSecretLifetime = 5 * time.Minute

// clientSecret returns the secret of the client, or "" if it has none.
func (p *Provider) clientSecret(ctx context.Context) (string, error) {
	if p.TeamID != "" {
		return p.newAppleClientSecret(ctx)
	}
	return p.secretSetting(ctx, p.ClientSecret, "CLIENT_SECRET")
}

// secretSetting returns configured, a secret from the settings. If it is empty, secretSetting returns the provider's
// secret of this name, such as CLIENT_SECRET, from the app secret.
func (p *Provider) secretSetting(ctx context.Context, configured config.Secret, name string) (string, error) {
	if configured != "" {
		return string(configured), nil
	}
	found, err := p.providers.secret(ctx, p.ID, name)
	if err != nil {
		return "", fmt.Errorf("read %s of %s: %w", name, p.ID, err)
	}
	return found, nil
}

// newAppleClientSecret makes a client secret: a JWT that is signed with the private key.
// https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret
func (p *Provider) newAppleClientSecret(ctx context.Context) (string, error) {
	text, err := p.secretSetting(ctx, p.PrivateKey, "PRIVATE_KEY")
	if err != nil {
		return "", err
	}
	key, err := jwt.ParseECPrivateKeyFromPEM([]byte(text))
	if err != nil {
		return "", errors.New("the private key of Apple is not an EC key in PEM")
	}
	now := p.providers.now()
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.RegisteredClaims{
		Issuer: p.TeamID, Subject: p.clientID(), Audience: jwt.ClaimStrings{"https://appleid.apple.com"},
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(appleClientSecretLifetime)),
	})
	token.Header["kid"] = p.KeyID
	signed, err := token.SignedString(key)
	if err != nil {
		return "", errors.New("the private key of Apple is not an EC key on the curve P-256")
	}
	return signed, nil
}
