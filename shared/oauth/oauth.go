// Package oauth makes the requests of social sign-in: it builds authorization URLs, exchanges codes, refreshes tokens,
// verifies id tokens and reads profiles. The providers are those of a table, with one mapping function each, and OpenID
// Connect providers whose endpoints are found by discovery.
//
// An id token is verified before its claims are used the first time, even if it is from a token endpoint. Each call of
// a provider takes at most five seconds, reads at most 1 MB, follows no redirect and uses the proxy of the environment.
// No error contains a code, a token, a verifier or a secret.
package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/remote"
)

var (
	// ErrUnknownProvider means that the provider is not configured, or that its discovery document cannot be read.
	ErrUnknownProvider = errors.New("unknown provider")
	// ErrIssuerMismatch means that the callback names an issuer that is not the provider's.
	ErrIssuerMismatch = errors.New("the issuer is another one than that of the provider")
	// ErrInvalidCode means that the code was not exchanged for tokens.
	ErrInvalidCode = errors.New("the code was not exchanged")
	// ErrInvalidToken means that an id token is not valid, or that clients cannot sign in with one of this provider.
	ErrInvalidToken = errors.New("the id token is invalid")
	// ErrNoProfile means that the provider did not give a valid profile with a subject.
	ErrNoProfile = errors.New("there is no profile")
)

// Providers has the configured providers. It is safe for concurrent use; use one per process.
type Providers struct {
	infos   []Info
	builtIn map[string]*Provider
	oidc    map[string]*remote.Value[*Provider]

	origin string
	secret func(ctx context.Context, provider, name string) (string, error)
	now    func() time.Time
	http   *http.Client
}

// Info is the public part of a provider's settings.
type Info struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// New returns the providers of cfg. The argument origin is the public origin, with which the redirect URIs begin. The
// function secret returns a setting, such as "CLIENT_SECRET" or "PRIVATE_KEY", of a provider whose settings in cfg have
// none. New makes no request.
func New(
	cfg config.Social, origin string,
	secret func(ctx context.Context, provider, name string) (string, error), now func() time.Time,
) *Providers {
	p := &Providers{
		infos: []Info{}, builtIn: map[string]*Provider{}, oidc: map[string]*remote.Value[*Provider]{},
		origin: origin, secret: secret, now: now, http: newClient(newTransport()),
	}
	specs := builtInSpecs()
	for _, c := range cfg.Providers {
		p.infos = append(p.infos, Info{c.ID, c.Name})
		if c.OIDC {
			p.oidc[c.ID] = p.newDiscoveredProvider(c)
		} else if s, ok := specs[c.ID]; ok {
			p.builtIn[c.ID] = p.newBuiltInProvider(c, s.withConfiguredURLs(c))
		}
	}
	return p
}

// newBuiltInProvider returns a provider whose endpoints are known.
func (p *Providers) newBuiltInProvider(c config.Provider, s providerSpec) *Provider {
	made := &Provider{Provider: c, providerSpec: s, providers: p}
	if s.idToken != nil {
		made.keys = p.newKeySet(s.idToken.jwks, s.idToken.algorithms, s.idToken.needsKeyID)
	}
	return made
}

// All returns the configured providers in the order of the settings.
func (p *Providers) All() []Info { return p.infos }

// Find returns the provider with an id. For an OpenID Connect provider it fetches the discovery document, unless it has
// a recent one. If the fetch fails, it uses the last document that it has.
func (p *Providers) Find(ctx context.Context, id string) (*Provider, error) {
	if found, ok := p.oidc[id]; ok {
		provider, err := found.GetAllowStale(ctx)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnknownProvider, err)
		}
		return provider, nil
	}
	if found, ok := p.builtIn[id]; ok {
		return found, nil
	}
	return nil, ErrUnknownProvider
}
