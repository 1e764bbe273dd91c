package auth

import (
	"net/http"
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// signInSocial answers POST /api/auth/sign-in/social. No provider is configured, so it always returns an error.
func (s *Service) signInSocial(_ http.ResponseWriter, r *http.Request, _ *store.Store) error {
	var in struct {
		CallbackURL        *string `json:"callbackURL"`
		NewUserCallbackURL *string `json:"newUserCallbackURL"`
		ErrorCallbackURL   *string `json:"errorCallbackURL"`
		Provider           string  `json:"provider" check:"choice"`
		DisableRedirect    *bool   `json:"disableRedirect"`
		IDToken            *struct {
			Token        string   `json:"token"`
			Nonce        *string  `json:"nonce"`
			AccessToken  *string  `json:"accessToken"`
			RefreshToken *string  `json:"refreshToken"`
			ExpiresAt    *float64 `json:"expiresAt"`
			User         *struct {
				Name *struct {
					FirstName *string `json:"firstName"`
					LastName  *string `json:"lastName"`
				} `json:"name"`
				Email *string `json:"email"`
			} `json:"user"`
		} `json:"idToken"`
		Scopes           []string            `json:"scopes"`
		RequestSignUp    *bool               `json:"requestSignUp"`
		LoginHint        *string             `json:"loginHint"`
		AdditionalParams authorizationParams `json:"additionalParams"`
		AdditionalData   map[string]any      `json:"additionalData"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	return errProviderNotFound
}

// authorizationParams are additional parameters of the authorization request to a provider.
type authorizationParams map[string]string

var reservedParams = []string{
	"state", "client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method", "nonce", "scope",
}

// Problem reports parameters that would replace those of OAuth.
func (p authorizationParams) Problem() string {
	if !slices.ContainsFunc(reservedParams, func(name string) bool { _, present := p[name]; return present }) {
		return ""
	}
	return "additionalParams cannot include reserved OAuth parameters: " + strings.Join(reservedParams, ", ")
}
