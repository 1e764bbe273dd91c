package social

import (
	"errors"
	"net/http"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/oauth"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// signInRequest is the body of sign-in/social. The order of the members is the order of Better Auth's error messages.
type signInRequest struct {
	CallbackURL        *string             `json:"callbackURL"`
	NewUserCallbackURL *string             `json:"newUserCallbackURL"`
	ErrorCallbackURL   *string             `json:"errorCallbackURL"`
	Provider           string              `json:"provider" check:"choice"`
	DisableRedirect    *bool               `json:"disableRedirect"`
	IDToken            *idToken            `json:"idToken"`
	Scopes             []string            `json:"scopes"`
	RequestSignUp      *bool               `json:"requestSignUp"`
	LoginHint          *string             `json:"loginHint"`
	AdditionalParams   authorizationParams `json:"additionalParams"`
	AdditionalData     map[string]any      `json:"additionalData"`
}

// idToken is an id token that the client has got from the provider, for example in a mobile app.
type idToken struct {
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
		Email *string `json:"email"` // not used, because nothing proves it
	} `json:"user"`
}

type idTokenReply struct {
	Redirect bool       `json:"redirect"`
	Token    string     `json:"token"`
	User     store.User `json:"user"`
}

// signInSocial answers POST /api/auth/sign-in/social: it begins a sign-in at a provider, or signs in with an id token.
func (s *Service) signInSocial(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in signInRequest
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	provider, err := s.configuredProvider(r.Context(), in.Provider)
	switch {
	case err != nil:
		return err
	case in.IDToken != nil:
		return s.signInWithIDToken(w, r, db, provider, in)
	}
	return s.startAtProvider(w, r, db, provider, startAtProviderInput{
		state: state{
			CallbackURL: web.OrEmpty(in.CallbackURL), ErrorURL: in.ErrorCallbackURL, NewUserURL: in.NewUserCallbackURL,
			RequestSignUp: in.RequestSignUp, additional: in.AdditionalData,
		},
		scopes: in.Scopes, loginHint: in.LoginHint, params: in.AdditionalParams, disableRedirect: in.DisableRedirect,
	})
}

// signInWithIDToken signs in the user of an id token. It counts the request before it verifies the token.
func (s *Service) signInWithIDToken(
	w http.ResponseWriter, r *http.Request, db *store.Store, provider *oauth.Provider, in signInRequest,
) error {
	profile, err := s.profileOfIDToken(r, db, provider, *in.IDToken)
	if err != nil {
		return err
	}
	result, err := s.signIn(r, db, provider, providerIdentity{
		profile:       profile,
		tokens:        store.ProviderTokens{AccessToken: in.IDToken.AccessToken, IDToken: &in.IDToken.Token},
		requestSignUp: in.RequestSignUp != nil && *in.RequestSignUp,
		callbackURL:   web.OrEmpty(in.CallbackURL),
		fromClient:    true,
	})
	switch {
	case errors.Is(err, store.ErrBanned):
		return auth.ErrBanned
	case err != nil:
		return idTokenError(err)
	}
	challenge, err := s.startSession(w, r, db, result)
	switch {
	case errors.Is(err, store.ErrBanned):
		return auth.ErrBanned
	case err != nil:
		return err
	case challenge != nil:
		return web.WriteJSON(w, http.StatusOK, challenge)
	}
	return web.WriteJSON(w, http.StatusOK, idTokenReply{Token: result.session.Token, User: result.user})
}

// profileOfIDToken verifies an id token and returns the profile in it.
func (s *Service) profileOfIDToken(
	r *http.Request, db *store.Store, provider *oauth.Provider, in idToken,
) (oauth.Profile, error) {
	if !provider.VerifiesIDTokens() {
		return oauth.Profile{}, errIDTokenNotSupported
	}
	if err := db.FlushCharges(r.Context()); err != nil {
		return oauth.Profile{}, err
	}
	token := oauth.IDToken{Token: in.Token, Nonce: web.OrEmpty(in.Nonce), AccessToken: web.OrEmpty(in.AccessToken)}
	if in.User != nil && in.User.Name != nil {
		token.FirstName, token.LastName = web.OrEmpty(in.User.Name.FirstName), web.OrEmpty(in.User.Name.LastName)
	}
	profile, err := provider.VerifyIDToken(r.Context(), token)
	switch {
	case errors.Is(err, oauth.ErrNoProfile):
		web.NoteError(r.Context(), err)
		return profile, errGetUserInfo
	case err != nil:
		web.NoteError(r.Context(), err)
		return profile, errInvalidIDToken
	}
	return profile, nil
}
