package social

import (
	"context"
	"fmt"
	"time"

	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/oauth"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// tokensToStore converts the tokens of a provider's answer to the columns of an account's row.
func tokensToStore(t oauth.Tokens) store.ProviderTokens {
	return store.ProviderTokens{
		AccessToken: nilIfEmpty(t.Access), RefreshToken: nilIfEmpty(t.Refresh), IDToken: nilIfEmpty(t.ID),
		AccessTokenExpiresAt: timeOrNil(t.AccessExpires), RefreshTokenExpiresAt: timeOrNil(t.RefreshExpires),
		Scope: &t.Scope,
	}
}

func nilIfEmpty(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func timeOrNil(t time.Time) *store.Time {
	if t.IsZero() {
		return nil
	}
	return &store.Time{Time: t.Truncate(time.Millisecond)}
}

// encryptTokens encrypts the access token and the refresh token, if ENCRYPT_OAUTH_TOKENS is on. As in Better Auth, the
// id token stays as it is.
func (s *Service) encryptTokens(ctx context.Context, t store.ProviderTokens) (store.ProviderTokens, error) {
	if !s.Options.Social.EncryptOAuthTokens {
		return t, nil
	}
	keys, err := s.EncryptionKeys(ctx)
	if err != nil {
		return t, fmt.Errorf("read secrets: %w", err)
	}
	for _, token := range []**string{&t.AccessToken, &t.RefreshToken} {
		if web.OrEmpty(*token) != "" {
			encrypted := keys.Encrypt(**token)
			*token = &encrypted
		}
	}
	return t, nil
}

// decryptToken returns a stored token in plain text. If ENCRYPT_OAUTH_TOKENS is on, a text in hex or with the prefix
// $ba$ is an encrypted token, as in Better Auth. Any other text is a token that was stored before ENCRYPT_OAUTH_TOKENS
// was on.
func (s *Service) decryptToken(ctx context.Context, stored *string) (string, error) {
	text := web.OrEmpty(stored)
	if !s.Options.Social.EncryptOAuthTokens || text == "" || !cipher.LooksEncrypted(text) {
		return text, nil
	}
	keys, err := s.EncryptionKeys(ctx)
	if err != nil {
		return "", fmt.Errorf("read secrets: %w", err)
	}
	return keys.Decrypt(text)
}
