package providertest

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// errInvalidClient is in every error about the authentication of the client.
var errInvalidClient = errors.New("invalid_client")

// tokenEndpoint exchanges codes and refresh tokens.
func (s *Server) tokenEndpoint(p provider) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		endpoint, credential := "token", r.PostForm.Get("code")
		if r.PostForm.Get("grant_type") == "refresh_token" {
			endpoint, credential = "refresh", r.PostForm.Get("refresh_token")
		}
		l := s.findLogin(credential)
		refused := p.checkTokenRequest(r, l)
		s.recordRequest(p, endpoint, r, l, refused)
		if refused != nil {
			p.refuse(w, refused)
			return
		}
		if endpoint == "refresh" && l.Visit.OnRefresh != nil {
			l.Visit.OnRefresh()
		}
		if s.fault(p, endpoint, l).send(w, r, s.Delay) {
			return
		}
		answer, err := s.tokenAnswer(p, endpoint, credential, l)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		writeJSON(w, http.StatusOK, answer)
	}
}

// checkTokenRequest checks a request to the token endpoint, and marks its code as used if the request is valid.
func (p provider) checkTokenRequest(r *http.Request, l *Login) error {
	for name, values := range r.PostForm {
		if len(values) > 1 {
			return fmt.Errorf("the parameter %s is sent more than once", name)
		}
	}
	if err := p.authenticate(r); err != nil {
		return fmt.Errorf("%w: %w", errInvalidClient, err)
	}
	if l == nil || l.Provider != p.id {
		return errors.New("an unknown code or refresh token")
	}
	if r.PostForm.Get("grant_type") == "refresh_token" {
		return nil
	}
	if r.PostForm.Get("grant_type") != "authorization_code" {
		return fmt.Errorf("a wrong grant_type %q, want authorization_code or refresh_token", r.PostForm.Get("grant_type"))
	}
	return l.useCode(r.PostForm.Get("redirect_uri"), r.PostForm.Get("code_verifier"))
}

// useCode marks the code of a login as used. It returns an error if the code was already used, or if the redirect URI
// or the verifier is not that of the authorization URL.
func (l *Login) useCode(redirectURI, verifier string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum := sha256.Sum256([]byte(verifier))
	switch {
	case l.isCodeUsed:
		return errors.New("the code was already exchanged")
	case redirectURI != l.RedirectURI:
		return errors.New("another redirect_uri than in the authorization URL")
	case l.challenge == "" && verifier != "":
		return errors.New("a code_verifier without a code_challenge")
	case l.challenge != "" && base64.RawURLEncoding.EncodeToString(sum[:]) != l.challenge:
		return errors.New("a wrong code_verifier")
	}
	l.isCodeUsed = true
	return nil
}

// refuse answers with the error that the provider sends. GitHub has its own codes, with status 200.
func (p provider) refuse(w http.ResponseWriter, reason error) {
	status, code := http.StatusBadRequest, "invalid_grant"
	if errors.Is(reason, errInvalidClient) {
		status, code = http.StatusUnauthorized, "invalid_client"
	}
	if p.id == "github" {
		status, code = http.StatusOK, "bad_verification_code"
	}
	writeJSON(w, status, map[string]any{"error": code, "error_description": reason.Error()})
}

// tokenAnswer returns the token endpoint's answer to a code or refresh token.
func (s *Server) tokenAnswer(p provider, endpoint, credential string, l *Login) (map[string]any, error) {
	access := randomToken()
	s.storeLogin(access, l)
	answer := withChanges(p.grant, map[string]any{"access_token": access, "token_type": "Bearer"})
	if scope := p.grantedScope(l.Scope); scope != nil {
		answer["scope"] = scope
	}
	if p.renews != nil && p.renews(l) && (endpoint == "token" || p.rotatesRefreshTokens) {
		refresh := randomToken()
		s.storeLogin(refresh, l)
		answer["refresh_token"] = refresh
	}
	if endpoint == "refresh" && p.rotatesRefreshTokens {
		s.invalidateRefreshToken(credential)
	}
	if p.issuer != "" && p.id != "facebook" {
		token, err := s.makeIDToken(p, l)
		if err != nil {
			return nil, err
		}
		answer["id_token"] = token
	}
	if endpoint == "refresh" {
		return s.applyChanges(answer, l.Visit.Renewed, l), nil
	}
	return s.applyChanges(answer, l.Visit.Tokens, l), nil
}

// applyChanges replaces members of an answer with those that the test chose, and makes the tokens among them valid.
func (s *Server) applyChanges(answer, changes map[string]any, l *Login) map[string]any {
	for _, name := range []string{"access_token", "refresh_token"} {
		if token, ok := changes[name].(string); ok {
			s.storeLogin(token, l)
		}
	}
	return withChanges(answer, changes)
}

// grantedScope returns the member scope of the token endpoint's answer in the provider's format. nil means that the
// provider does not send it.
func (p provider) grantedScope(requested string) any {
	switch p.id {
	case "github", "linkedin":
		return strings.Join(strings.Fields(requested), ",")
	case "twitch":
		return strings.Fields(requested)
	case "apple", "facebook", "slack", "notion", "figma":
		return nil
	case "zoom":
		return "user:read:user user:read:email"
	}
	return requested
}
