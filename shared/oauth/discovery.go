package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/remote"
)

const discoveryMaxAge = time.Hour // how long a discovery document is used before it is fetched again

// document is the discovery document of an issuer.
// https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata
type document struct {
	oidc.ProviderConfig

	AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
}

// newDiscoveredProvider returns an OpenID Connect provider whose endpoints are in the discovery document of its issuer.
func (p *Providers) newDiscoveredProvider(c config.Provider) *remote.Value[*Provider] {
	var keys *keySet // stays the same when the document is fetched again, unless it names another JWKS or algorithms
	fetch := func(ctx context.Context) (*Provider, error) {
		found, err := p.fetchDiscoveryDocument(ctx, c.Issuer)
		if err != nil {
			return nil, err
		}
		provider := &Provider{Provider: c, providerSpec: found.spec(), providers: p, issuer: found.IssuerURL}
		if rules := provider.idToken; rules.jwks != "" {
			made := p.newKeySet(rules.jwks, rules.algorithms, false)
			if keys == nil || keys.url != made.url || !slices.Equal(keys.algorithms, made.algorithms) {
				keys = made
			}
			provider.keys = keys
		}
		return provider, nil
	}
	return &remote.Value[*Provider]{
		Name: "discovery document of " + c.ID, Fetch: fetch, Fresh: discoveryMaxAge, Now: p.now,
	}
}

// fetchDiscoveryDocument fetches and checks the discovery document of an issuer.
func (p *Providers) fetchDiscoveryDocument(ctx context.Context, issuer string) (document, error) {
	var found document
	place := strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
	body, err := p.get(ctx, place, place, "", nil)
	if err != nil {
		return found, err
	}
	switch {
	case json.Unmarshal(body, &found) != nil:
		return found, fmt.Errorf("%s is not a discovery document", place)
	case found.IssuerURL != issuer:
		return found, fmt.Errorf("the discovery document %s has the issuer %q, but the settings have %q",
			place, found.IssuerURL, issuer)
	}
	return found, found.checkURLs(issuer)
}

// checkURLs checks that the endpoints are https URLs. If the issuer is an http URL, as on a development machine, the
// endpoints may be http URLs too.
func (d document) checkURLs(issuer string) error {
	isValid := func(text string) bool {
		u, err := url.Parse(text)
		return err == nil && u.Host != "" &&
			(u.Scheme == "https" || u.Scheme == "http" && strings.HasPrefix(issuer, "http://"))
	}
	if !isValid(d.AuthURL) || !isValid(d.TokenURL) {
		return errors.New("the discovery document has no valid URL for authorization_endpoint or token_endpoint")
	}
	if d.UserInfoURL != "" && !isValid(d.UserInfoURL) || d.JWKSURL != "" && !isValid(d.JWKSURL) {
		return errors.New("the discovery document has an invalid userinfo_endpoint or jwks_uri")
	}
	return nil
}

// spec returns how to use the provider. The client authenticates in the body, as Better Auth does, unless the provider
// knows only HTTP Basic.
func (d document) spec() providerSpec {
	style := authInParams
	if slices.Contains(d.AuthMethods, "client_secret_basic") && !slices.Contains(d.AuthMethods, "client_secret_post") {
		style = authInHeader
	}
	return providerSpec{
		endpoint: newEndpoint(d.AuthURL, d.TokenURL, style),
		scopes:   []string{"openid", "profile", "email"},
		pkce:     true, loginHint: true,
		idToken: &idTokenRules{
			jwks: d.JWKSURL, issuers: []string{d.IssuerURL}, algorithms: d.publicKeyAlgorithms(), signIn: true,
		},
		profileURL: d.UserInfoURL,
		load:       loadOIDCProfile, describe: profileFromClaims,
	}
}

// publicKeyAlgorithms returns those of the announced algorithms that Xenon knows and that use a public key. So it
// leaves out "none" and the algorithms whose key is the client secret.
func (d document) publicKeyAlgorithms() []string {
	known := []string{
		oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512,
		oidc.EdDSA,
	}
	return slices.DeleteFunc(slices.Clone(d.Algorithms), func(a string) bool { return !slices.Contains(known, a) })
}
