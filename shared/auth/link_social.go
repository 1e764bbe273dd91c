package auth

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// linkSocial answers POST /api/auth/link-social. No provider is configured, so it always returns an error.
func (s *Service) linkSocial(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		CallbackURL *string `json:"callbackURL"`
		Provider    string  `json:"provider" check:"choice"`
		IDToken     *struct {
			Token        string  `json:"token"`
			Nonce        *string `json:"nonce"`
			AccessToken  *string `json:"accessToken"`
			RefreshToken *string `json:"refreshToken"`
		} `json:"idToken"`
		RequestSignUp    *bool               `json:"requestSignUp"`
		Scopes           []string            `json:"scopes"`
		ErrorCallbackURL *string             `json:"errorCallbackURL"`
		DisableRedirect  *bool               `json:"disableRedirect"`
		LoginHint        *string             `json:"loginHint"`
		AdditionalParams authorizationParams `json:"additionalParams"`
		AdditionalData   map[string]any      `json:"additionalData"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if _, err := s.RequireSensitive(w, r, db); err != nil {
		return err
	}
	return errProviderNotFound
}
