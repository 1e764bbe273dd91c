package social

import (
	"encoding/json"
	"net/http"

	"github.com/xenon-auth/xenon/shared/oauth"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

type accountInfoReply struct {
	User    accountInfoUser    `json:"user"`
	Data    json.RawMessage    `json:"data,omitempty"`
	Account accountInfoAccount `json:"account"`
}

type accountInfoUser struct {
	Name          *string `json:"name,omitempty"`
	Email         *string `json:"email,omitempty"`
	Image         *string `json:"image,omitempty"`
	EmailVerified bool    `json:"emailVerified"`
}

type accountInfoAccount struct {
	ID         string `json:"id"`
	ProviderID string `json:"providerId"`
	AccountID  string `json:"accountId"` // the user's id at the provider
}

// accountInfo answers GET /api/auth/account-info with the caller's profile at a provider. It requests the profile from
// the provider.
func (s *Service) accountInfo(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	id, err := accountIDFromRequest("query", web.Query(r))
	if err != nil {
		return err
	}
	account, err := s.accountOfCaller(w, r, db, id)
	if err != nil {
		return err
	}
	provider, err := s.providerOfAccount(r.Context(), account, errProviderNotSetUp)
	if err != nil {
		return err
	}
	token, err := s.validAccessToken(r, db, provider, account)
	switch {
	case err != nil:
		return err
	case token.AccessToken == "":
		return errAccessTokenNotFound
	}
	profile, err := provider.Profile(r.Context(),
		oauth.Tokens{Access: token.AccessToken, ID: web.OrEmpty(token.IDToken)}, oauth.ProfileInput{Stored: true})
	if err != nil {
		web.NoteError(r.Context(), err)
		return errGetUserInfo
	}
	return web.WriteJSON(w, http.StatusOK, accountInfoReply{
		User: accountInfoUser{
			Name: profile.Name, Email: nilIfEmpty(profile.Email), Image: profile.Image, EmailVerified: profile.EmailVerified,
		},
		Data:    profile.Raw,
		Account: accountInfoAccount{account.ID, account.ProviderID, account.AccountID},
	})
}
