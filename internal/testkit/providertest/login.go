package providertest

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Visit describes what happens at the provider in one authorization: who the user is, and what the provider answers. It
// can be read from JSON.
type Visit struct {
	Person

	Refuse      string            `json:"refuse"`      // the error in the callback, in place of a code: "access_denied"
	Description string            `json:"description"` // the error_description
	Issuer      string            `json:"issuer"`      // the parameter iss of the callback
	Nonce       string            `json:"nonce"`       // of the id token of a login from AuthorizeWithoutBrowser
	Tokens      map[string]any    `json:"tokens"`      // replaces members of the token endpoint's answer to the code
	Renewed     map[string]any    `json:"renewed"`     // replaces members of the endpoint's answers to refresh tokens
	IDToken     Forgery           `json:"idToken"`     // how the id token differs from a valid one
	Debug       map[string]any    `json:"debug"`       // replaces members of Facebook's answer about an access token
	Faults      map[string]Fault  `json:"faults"`      // by endpoint
	Callback    map[string]string `json:"callback"`    // replaces parameters of the callback; "" removes one
	OnRefresh   func()            `json:"-"`           // runs before the token endpoint answers to a refresh token
}

// Login is one user's authorization of the client. Authorize and AuthorizeWithoutBrowser create it.
type Login struct {
	Provider    string
	Visit       Visit
	RedirectURI string
	State       string
	Nonce       string
	Scope       string
	AccessType  string
	Code        string
	Callback    string     // the URL to which the provider redirects the browser
	Form        url.Values // the form that the browser posts to Callback; nil if the browser sends a GET

	AccessToken  string // only of a login from AuthorizeWithoutBrowser
	RefreshToken string // only of a login from AuthorizeWithoutBrowser, if the provider gives a refresh token

	challenge string
	server    *Server

	mu         sync.Mutex
	isCodeUsed bool // true also for a login from AuthorizeWithoutBrowser, which has no code
	requests   []Request
}

// Authorize acts as the browser of a user at the provider of an authorization URL. It returns an error where the
// provider would show one to the user: the client, the redirect URI or another parameter is wrong.
func (s *Server) Authorize(authorizationURL string, v Visit) (*Login, error) {
	u, err := url.Parse(authorizationURL)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(allProviders(), func(p provider) bool { return matchesPattern(p.authorize, u.Host+u.Path) })
	if u.Scheme != "https" || i < 0 {
		return nil, fmt.Errorf("no provider has the authorization URL %s", authorizationURL)
	}
	p, q := allProviders()[i], u.Query()
	if err := p.checkAuthorization(q); err != nil {
		return nil, fmt.Errorf("%s: %w in %s", p.id, err, authorizationURL)
	}
	l := &Login{
		Provider: p.id, Visit: v, RedirectURI: q.Get("redirect_uri"), State: q.Get("state"), Nonce: q.Get("nonce"),
		Scope: q.Get("scope"), AccessType: q.Get("access_type"), challenge: q.Get("code_challenge"), Code: randomToken(),
		server: s,
	}
	s.storeLogin(l.Code, l)
	return l, l.setCallback(p)
}

// matchesPattern reports whether a host with its path matches a pattern, in which {tenant} stands for any one segment.
func matchesPattern(pattern, hostAndPath string) bool {
	before, after, hasTenant := strings.Cut(pattern, "{tenant}")
	if !hasTenant {
		return pattern == hostAndPath
	}
	tenant := strings.TrimSuffix(strings.TrimPrefix(hostAndPath, before), after)
	return before+tenant+after == hostAndPath && tenant != "" && !strings.Contains(tenant, "/")
}

// checkAuthorization checks the parameters of an authorization URL.
func (p provider) checkAuthorization(q url.Values) error {
	for name, values := range q {
		if len(values) > 1 {
			return fmt.Errorf("the parameter %s is sent more than once", name)
		}
	}
	responseType, mode := "code", "query"
	if p.id == "apple" {
		responseType, mode = "code id_token", "form_post"
	}
	requestedMode := cmp.Or(q.Get("response_mode"), "query")
	redirect, err := url.Parse(q.Get("redirect_uri"))
	switch {
	case q.Get("client_id") != ClientID(p.id):
		return fmt.Errorf("a wrong client_id %q, want %q", q.Get("client_id"), ClientID(p.id))
	case q.Get("response_type") != responseType || requestedMode != mode:
		return fmt.Errorf("a wrong response_type or response_mode, want %q and %q", responseType, mode)
	case err != nil || redirect.Host == "" || redirect.Path != "/api/auth/callback/"+p.id || redirect.RawQuery != "":
		return errors.New("a redirect_uri that the client has not registered")
	case q.Get("state") == "":
		return errors.New("no state in the authorization URL")
	case p.needsPKCE && (len(q.Get("code_challenge")) != 43 || q.Get("code_challenge_method") != "S256"):
		return errors.New("no code_challenge with the method S256")
	case p.discovery != "" && !slices.Contains(strings.Fields(q.Get("scope")), "openid"):
		return errors.New("the scope openid is missing")
	}
	return nil
}

// setCallback sets Callback, and for Apple also Form, to what the provider sends back through the browser.
func (l *Login) setCallback(p provider) error {
	q := url.Values{"state": {l.State}}
	if l.Visit.Refuse != "" {
		q.Set("error", l.Visit.Refuse)
	} else {
		q.Set("code", l.Code)
	}
	if l.Visit.Description != "" {
		q.Set("error_description", l.Visit.Description)
	}
	if l.Visit.Issuer != "" {
		q.Set("iss", l.Visit.Issuer)
	}
	if p.id == "apple" && l.Visit.Refuse == "" {
		token, err := l.server.makeIDToken(p, l)
		if err != nil {
			return err
		}
		q.Set("id_token", token)
		if l.Visit.Name != "" {
			q.Set("user", appleUser(l.Visit.Person))
		}
	}
	for name, value := range l.Visit.Callback {
		q.Set(name, value)
		if value == "" {
			q.Del(name)
		}
	}
	l.Callback = l.RedirectURI + "?" + q.Encode()
	if p.id == "apple" {
		l.Callback, l.Form = l.RedirectURI, q
	}
	return nil
}

// appleUser returns the parameter user of the callback, which Apple sends at the first sign-in.
func appleUser(who Person) string {
	first, last, _ := strings.Cut(who.Name, " ")
	text, err := json.Marshal(map[string]any{
		"name": map[string]string{"firstName": first, "lastName": last}, "email": who.Email,
	})
	if err != nil {
		panic(err) // cannot happen: it is text only
	}
	return string(text)
}

// AuthorizeWithoutBrowser authorizes the client without a browser, as an app on a phone does. The login has an access
// token and no code.
func (s *Server) AuthorizeWithoutBrowser(provider string, v Visit) *Login {
	l := &Login{Provider: provider, Visit: v, Nonce: v.Nonce, server: s, isCodeUsed: true, AccessToken: randomToken()}
	s.storeLogin(l.AccessToken, l)
	if findProvider(provider).renews != nil {
		l.RefreshToken = randomToken()
		s.storeLogin(l.RefreshToken, l)
	}
	return l
}

// MakeIDToken returns an id token of the login's user.
func (l *Login) MakeIDToken() (string, error) {
	return l.server.makeIDToken(findProvider(l.Provider), l)
}

// storeLogin stores the login to which a code or token belongs.
func (s *Server) storeLogin(token string, l *Login) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins[token] = l
}

// findLogin returns the login to which a code or token belongs, or nil.
func (s *Server) findLogin(token string) *Login {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins[token]
}

// invalidateRefreshToken makes a refresh token invalid.
func (s *Server) invalidateRefreshToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.logins, token)
}

// randomToken returns 32 random letters and digits.
func randomToken() string { return (rand.Text() + rand.Text())[:32] }
