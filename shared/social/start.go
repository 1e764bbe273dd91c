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

var reservedParams = []string{
	"state", "client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method", "nonce", "scope",
}

// Problem returns an error text if there are parameters that would replace those of OAuth, else "".
func (p authorizationParams) Problem() string {
	if !slices.ContainsFunc(reservedParams, func(name string) bool { _, present := p[name]; return present }) {
		return ""
	}
	return "additionalParams cannot include reserved OAuth parameters: " + strings.Join(reservedParams, ", ")
}

// startInput is what the body of sign-in/social or link-social says about the redirect to the provider.
type startInput struct {
	state           state
	scopes          []string
	loginHint       *string
	params          authorizationParams
	disableRedirect *bool
}

// maxURL is the maximum length of an authorization URL in bytes. API Gateway rejects longer response headers.
const maxURL = 8 << 10

type startReply struct {
	URL      string `json:"url"`
	Redirect bool   `json:"redirect"`
}

// start answers with the URL at the provider that the browser goes to, and stores the state.
func (s *Service) start(
	w http.ResponseWriter, r *http.Request, db *store.Store, p *oauth.Provider, in startInput,
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
	case len(location) > maxURL:
		return errURLTooLong
	}
	if err := s.storeState(w, r, db, st); err != nil {
		return err
	}
	redirects := in.disableRedirect == nil || !*in.disableRedirect
	if redirects {
		w.Header().Set("Location", location)
	}
	return web.JSON(w, http.StatusOK, startReply{location, redirects})
}
