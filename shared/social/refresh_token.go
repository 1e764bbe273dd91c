package social

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/oauth"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// storeTokensTimeout is how long storeTokens may take.
const storeTokensTimeout = 5 * time.Second

type refreshTokenReply struct {
	AccessToken           string      `json:"accessToken"`
	RefreshToken          string      `json:"refreshToken"`
	AccessTokenExpiresAt  *store.Time `json:"accessTokenExpiresAt,omitempty"`
	RefreshTokenExpiresAt *store.Time `json:"refreshTokenExpiresAt"`
	Scope                 *string     `json:"scope"`
	IDToken               *string     `json:"idToken"`
	ProviderID            string      `json:"providerId"`
	AccountID             string      `json:"accountId"` // the id of the row, not the id at the provider
}

// refreshToken answers POST /api/auth/refresh-token: it asks the provider for a new access token of an account.
func (s *Service) refreshToken(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	account, err := s.readSelectedAccount(w, r, db)
	if err != nil {
		return err
	}
	provider, err := s.providerOfAccount(r.Context(), account, errProviderNotSupported(account.ProviderID))
	switch {
	case err != nil:
		return err
	case web.OrEmpty(account.RefreshToken) == "":
		return errRefreshTokenNotFound
	}
	account, tokens, err := s.refreshAndStoreTokens(r, db, provider, account)
	if err != nil {
		web.NoteError(r.Context(), err)
		return errRefreshAccessToken
	}
	reply := refreshTokenReply{
		AccessToken: tokens.Access, RefreshToken: tokens.Refresh,
		AccessTokenExpiresAt:  timeOrNil(tokens.AccessExpires),
		RefreshTokenExpiresAt: account.RefreshTokenExpiresAt,
		Scope:                 account.Scope, IDToken: account.IDToken,
		ProviderID: account.ProviderID, AccountID: account.ID,
	}
	if expires := timeOrNil(tokens.RefreshExpires); expires != nil {
		reply.RefreshTokenExpiresAt = expires
	}
	if tokens.ID != "" {
		reply.IDToken = &tokens.ID
	}
	return web.WriteJSON(w, http.StatusOK, reply)
}

// refreshAndStoreTokens asks the provider for new tokens of an account and stores them. The scopes of the account stay,
// because the answer may have fewer. It returns the account as it was read, and the new tokens, with the old refresh
// token if the provider has sent no new one. If another request has refreshed them in the meantime, it
// returns the account and the tokens of that request: the provider may have revoked all others.
func (s *Service) refreshAndStoreTokens(
	r *http.Request, db *store.Store, p *oauth.Provider, account store.StoredAccount,
) (store.StoredAccount, oauth.Tokens, error) {
	old, err := s.decryptToken(r.Context(), account.RefreshToken)
	if err != nil {
		return account, oauth.Tokens{}, err
	}
	tokens, err := p.Refresh(r.Context(), old)
	if err != nil {
		if newer, others, ok := s.tokensOfAnotherRequest(r.Context(), db, account); ok {
			return newer, others, nil
		}
		return account, oauth.Tokens{}, err
	}
	stored := tokensToStore(tokens)
	stored.Scope = nil
	if stored, err = s.encryptTokens(r.Context(), stored); err != nil {
		return account, oauth.Tokens{}, err
	}
	err = s.storeTokens(r.Context(), db, account, stored)
	if errors.Is(err, store.ErrNotFound) {
		if newer, others, ok := s.tokensOfAnotherRequest(r.Context(), db, account); ok {
			return newer, others, nil
		}
	}
	if err != nil {
		web.NoteError(r.Context(), err) // the client still gets the tokens that the provider has issued
	}
	if tokens.Refresh == "" {
		tokens.Refresh = old
	}
	return account, tokens, nil
}

// tokensOfAnotherRequest reads an account again. If another request has replaced its refresh token, it returns the
// account and its tokens.
func (s *Service) tokensOfAnotherRequest(
	ctx context.Context, db *store.Store, before store.StoredAccount,
) (store.StoredAccount, oauth.Tokens, bool) {
	account, err := db.AccountWithTokens(ctx, before.UserID, before.ID)
	if err != nil || web.OrEmpty(account.RefreshToken) == web.OrEmpty(before.RefreshToken) {
		return account, oauth.Tokens{}, false
	}
	access, err := s.decryptToken(ctx, account.AccessToken)
	if err != nil || access == "" {
		return account, oauth.Tokens{}, false
	}
	refresh, err := s.decryptToken(ctx, account.RefreshToken)
	tokens := oauth.Tokens{Access: access, Refresh: refresh}
	if account.AccessTokenExpiresAt != nil {
		tokens.AccessExpires = account.AccessTokenExpiresAt.Time
	}
	return account, tokens, err == nil
}

// storeTokens stores new tokens of an account, even if the client has closed the connection: the provider may have
// revoked the old tokens. If the database is unavailable, it tries once more.
func (s *Service) storeTokens(
	ctx context.Context, db *store.Store, account store.StoredAccount, t store.ProviderTokens,
) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTokensTimeout)
	defer cancel()
	err := db.UpdateTokens(ctx, account.ID, account.RefreshToken, t, s.nowInMilliseconds())
	if unavailable := (interface{ Unavailable() bool })(nil); errors.As(err, &unavailable) {
		err = db.UpdateTokens(ctx, account.ID, account.RefreshToken, t, s.nowInMilliseconds())
	}
	if err != nil {
		return fmt.Errorf("store tokens: %w", err)
	}
	return nil
}
