package social

import (
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/oauth"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// refreshBeforeExpiry: an access token that expires within this time is refreshed.
const refreshBeforeExpiry = 5 * time.Second

type accessTokenReply struct {
	AccessToken          string      `json:"accessToken"`
	AccessTokenExpiresAt *store.Time `json:"accessTokenExpiresAt,omitempty"`
	Scopes               []string    `json:"scopes"`
	IDToken              *string     `json:"idToken,omitempty"`
}

// getAccessToken answers POST /api/auth/get-access-token with the access token of an account at a provider. If the
// token has expired or will expire within refreshBeforeExpiry, and there is a refresh token, it refreshes the token
// first.
func (s *Service) getAccessToken(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	account, err := s.readSelectedAccount(w, r, db)
	if err != nil {
		return err
	}
	provider, err := s.providerOfAccount(r.Context(), account, errProviderNotSupported(account.ProviderID))
	if err != nil {
		return err
	}
	reply, err := s.validAccessToken(r, db, provider, account)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, reply)
}

// validAccessToken returns the access token of an account. It refreshes a token that ends within refreshBeforeExpiry,
// if there is a refresh token. Without one it returns the token as it is.
func (s *Service) validAccessToken(
	r *http.Request, db *store.Store, p *oauth.Provider, account store.StoredAccount,
) (accessTokenReply, error) {
	expires := account.AccessTokenExpiresAt
	if expires != nil && expires.Sub(s.Now()) < refreshBeforeExpiry && web.OrEmpty(account.RefreshToken) != "" {
		account, tokens, err := s.refreshAndStoreTokens(r, db, p, account)
		if err != nil {
			web.NoteError(r.Context(), err)
			return accessTokenReply{}, errGetAccessToken
		}
		return accessTokenReplyOf(account, tokens), nil
	}
	token, err := s.decryptToken(r.Context(), account.AccessToken)
	if err != nil {
		web.NoteError(r.Context(), err)
		return accessTokenReply{}, errGetAccessToken
	}
	return accessTokenReplyOf(account, oauth.Tokens{Access: token}), nil
}

// accessTokenReplyOf returns the reply with the access token in t. Where t has no expiry or id token, the reply has
// those of the account.
func accessTokenReplyOf(account store.StoredAccount, t oauth.Tokens) accessTokenReply {
	reply := accessTokenReply{
		AccessToken: t.Access, AccessTokenExpiresAt: account.AccessTokenExpiresAt,
		Scopes: auth.SplitScopes(web.OrEmpty(account.Scope)), IDToken: account.IDToken,
	}
	if expires := timeOrNil(t.AccessExpires); expires != nil {
		reply.AccessTokenExpiresAt = expires
	}
	if t.ID != "" {
		reply.IDToken = &t.ID
	}
	return reply
}
