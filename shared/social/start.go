package social

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/oauth"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// authorizationParams are additional parameters of the authorization request to a provider.
type authorizationParams map[string]string

var reservedAuthorizationParams = []string{
	"state", "client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method", "nonce", "scope",
}

// Problem returns an error text if there are parameters that would replace those of OAuth, else "".
func (p authorizationParams) Problem() string {
	isPresent := func(name string) bool { _, present := p[name]; return present }
	if !slices.ContainsFunc(reservedAuthorizationParams, isPresent) {
		return ""
	}
	return "additionalParams cannot include reserved OAuth parameters: " + strings.Join(reservedAuthorizationParams, ", ")
}

// startAtProviderInput is what the body of sign-in/social or link-social says about the redirect to the provider.
type startAtProviderInput struct {
	state           state
	scopes          []string
	loginHint       *string
	params          authorizationParams
	disableRedirect *bool
}

// maxAuthorizationURLBytes is the maximum length of an authorization URL in bytes. API Gateway rejects longer response
// headers.
const maxAuthorizationURLBytes = 8 << 10

type startReply struct {
	URL      string `json:"url"`
	Redirect bool   `json:"redirect"`
}

// startAtProvider answers with the URL at the provider that the browser goes to, and stores the state.
func (s *Service) startAtProvider(
	w http.ResponseWriter, r *http.Request, db *store.Store, p *oauth.Provider, in startAtProviderInput,
) error {
	if in.state.CallbackURL == "" {
		in.state.CallbackURL = s.Options.SiteURL
	}
	st := s.newState(in.state, p.SendsNonce())
	location, err := p.AuthorizationURL(r.Context(), oauth.Authorization{
		State: st.OAuthState, Verifier: st.CodeVerifier, Nonce: web.OrEmpty(st.IDTokenNonce),
		Scopes: in.scopes, LoginHint: web.OrEmpty(in.loginHint), Extra: in.params,
	})
	switch {
	case err != nil:
		return fmt.Errorf("build the authorization URL: %w", err)
	case len(location) > maxAuthorizationURLBytes:
		return errURLTooLong
	}
	if err := s.storeState(w, r, db, st); err != nil {
		return err
	}
	redirects := in.disableRedirect == nil || !*in.disableRedirect
	if redirects {
		w.Header().Set("Location", location)
	}
	return web.WriteJSON(w, http.StatusOK, startReply{location, redirects})
}
