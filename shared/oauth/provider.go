package oauth

import (
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"github.com/xenon-auth/xenon/shared/config"
)

// Provider is a configured provider.
type Provider struct {
	config.Provider
	providerSpec

	issuer    string  // of an OpenID Connect provider
	keys      *keySet // of id tokens; nil if the provider has none
	providers *Providers
}

// providerSpec is what Xenon knows of a provider besides its settings.
type providerSpec struct {
	endpoint  oauth2.Endpoint  // AuthStyle: how the client authenticates
	refresh   oauth2.AuthStyle // how the client authenticates in a refresh, if that differs
	scopes    []string         // the defaults
	pkce      bool
	loginHint bool // the provider takes the parameter login_hint

	requestScopesFirst bool // scopes of the request come before the configured ones
	noScopes           bool // the provider takes no scope
	refreshScopes      bool // a refresh repeats the scopes

	params      map[string]string // of the authorization URL; a request can replace them
	fixedParams map[string]string // of the authorization URL; a request cannot replace them

	idToken       *idTokenRules
	profileURL    string
	profileHeader map[string]string
	load          profileLoader
	describe      func(object) Profile // a profile without a subject is refused
	// complete adds what only another request returns, such as GitHub's list of emails. It may be nil.
	complete func(ctx context.Context, p *Provider, access string, o object, profile *Profile) error
}

// Authorization is a request for an authorization URL.
type Authorization struct {
	State, Verifier, Nonce string
	Scopes                 []string
	LoginHint              string
	Extra                  map[string]string // more parameters; they do not replace reserved ones
}

// reservedURLParameters lists the parameters that Authorization.Extra does not replace. Most of them bind the callback
// to the request.
var reservedURLParameters = []string{
	"state", "client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method", "nonce", "scope",
}

// AuthorizationURL returns the URL at the provider where the user signs in.
func (p *Provider) AuthorizationURL(_ context.Context, a Authorization) (string, error) {
	if a.State == "" || p.pkce && a.Verifier == "" || p.SendsNonce() && a.Nonce == "" {
		return "", errors.New("the authorization URL lacks a state, a code verifier or a nonce")
	}
	var options []oauth2.AuthCodeOption
	add := func(name, value string) {
		if value != "" {
			options = append(options, oauth2.SetAuthURLParam(name, value))
		}
	}
	if p.pkce {
		options = append(options, oauth2.S256ChallengeOption(a.Verifier))
	}
	if p.loginHint {
		add("login_hint", a.LoginHint)
	}
	if p.SendsNonce() {
		add("nonce", a.Nonce)
	}
	for name, value := range p.params {
		add(name, value)
	}
	add("prompt", p.Prompt)
	add("hd", p.HostedDomain)
	add("access_type", p.AccessType)
	for name, value := range a.Extra {
		if !slices.Contains(reservedURLParameters, name) {
			options = append(options, oauth2.SetAuthURLParam(name, value))
		}
	}
	for name, value := range p.fixedParams {
		add(name, value)
	}
	request := oauth2.Config{
		ClientID: p.clientID(), Endpoint: p.endpoint, RedirectURL: p.redirectURI(), Scopes: p.scopesOf(a.Scopes),
	}
	return request.AuthCodeURL(a.State, options...), nil
}

// scopesOf returns the scopes of an authorization URL.
func (p *Provider) scopesOf(requested []string) []string {
	switch {
	case p.noScopes:
		return nil
	case p.OIDC:
		configured := slices.DeleteFunc(slices.Clone(p.Scopes), func(s string) bool { return slices.Contains(p.scopes, s) })
		return slices.Concat(requested, p.scopes, configured)
	case p.requestScopesFirst:
		return slices.Concat(p.scopes, requested, p.Scopes)
	}
	return slices.Concat(p.scopes, p.Scopes, requested)
}

func (p *Provider) clientID() string {
	if len(p.ClientIDs) == 0 {
		return ""
	}
	return p.ClientIDs[0]
}

func (p *Provider) redirectURI() string { return p.providers.origin + "/api/auth/callback/" + p.ID }

// SendsNonce reports whether the authorization URL has a nonce, which the id token has to repeat.
func (p *Provider) SendsNonce() bool { return p.OIDC && p.keys != nil }

// CheckIssuer checks the parameter iss of a callback (RFC 9207). Providers without discovery have no issuer to compare.
func (p *Provider) CheckIssuer(iss string) error {
	if p.OIDC && iss != "" && iss != p.issuer {
		return ErrIssuerMismatch
	}
	return nil
}

// withConfiguredURLs returns a copy of s with the URLs of the GitLab server or the Microsoft tenant in the settings c.
func (s providerSpec) withConfiguredURLs(c config.Provider) providerSpec {
	switch {
	case c.ID == "gitlab" && c.Issuer != "":
		return s.replaceInURLs("https://gitlab.com/", strings.TrimRight(c.Issuer, "/")+"/")
	case c.ID == "microsoft" && c.TenantID != "":
		return s.replaceInURLs("/"+commonTenant+"/", "/"+c.TenantID+"/")
	}
	return s
}

// replaceInURLs returns a copy of s in which a part of each URL is replaced.
func (s providerSpec) replaceInURLs(old, replacement string) providerSpec {
	for _, u := range []*string{&s.endpoint.AuthURL, &s.endpoint.TokenURL, &s.profileURL} {
		*u = strings.Replace(*u, old, replacement, 1)
	}
	if s.idToken != nil {
		rules := *s.idToken
		rules.jwks = strings.Replace(rules.jwks, old, replacement, 1)
		s.idToken = &rules
	}
	return s
}
