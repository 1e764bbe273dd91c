// Package social implements Better Auth's endpoints of social sign-in, one file each, with the paths, bodies, error
// codes and cookies of better-auth 1.7.25. It also serves GET /api/auth/social-providers, which Better Auth does not
// have. It is not a part of shared/auth, so that only functions/social links the OAuth client
// (docs/adr/0013-social-sign-in-in-a-function-of-its-own.md).
package social

import (
	"context"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/oauth"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// Service has the dependencies of the endpoints.
type Service struct {
	*auth.Service
	Providers *oauth.Providers
}

// New returns the endpoints of a deployment, which use the dependencies of service. It makes no request. Call it
// before the first read of appSecrets.
func New(service *auth.Service, appSecrets *secrets.Secrets) *Service {
	social := service.Options.Social
	appSecrets.UseSocial(social)
	secret := func(ctx context.Context, provider, name string) (string, error) {
		p, _ := social.Find(provider)
		return appSecrets.SocialSecret(ctx, p.Setting(name))
	}
	return &Service{
		Service:   service,
		Providers: oauth.New(social, service.Options.Origin, secret, func() time.Time { return service.Now() }),
	}
}

// SocialRoutes returns the routes of functions/social.
func (s *Service) SocialRoutes() web.Routes {
	return s.BuildRoutes(auth.Handlers{
		"GET /api/auth/social-providers":     s.socialProviders,
		"POST /api/auth/sign-in/social":      s.CheckedPost(s.signInSocial),
		"GET /api/auth/callback/{provider}":  s.callback,
		"POST /api/auth/callback/{provider}": s.CheckedFormPost(s.postCallback),
		"POST /api/auth/link-social":         s.CheckedPost(s.linkSocial),
		"POST /api/auth/get-access-token":    s.CheckedPost(s.getAccessToken),
		"POST /api/auth/refresh-token":       s.CheckedPost(s.refreshToken),
		"GET /api/auth/account-info":         s.accountInfo,
	})
}

// configuredProvider returns a configured provider, or errProviderNotFound.
func (s *Service) configuredProvider(ctx context.Context, id string) (*oauth.Provider, error) {
	p, err := s.Providers.Find(ctx, id)
	if err != nil {
		s.noteDiscoveryError(ctx, err)
		return nil, errProviderNotFound
	}
	return p, nil
}

// noteDiscoveryError writes to the log why the discovery document of a configured provider cannot be read. The argument
// err is an error of Providers.Find.
func (s *Service) noteDiscoveryError(ctx context.Context, err error) {
	if err != oauth.ErrUnknownProvider { //nolint:errorlint // an error with a cause wraps it, and is not equal
		web.NoteError(ctx, err)
	}
}

// nowInMilliseconds returns the time with the precision of Better Auth's dates.
func (s *Service) nowInMilliseconds() store.Time {
	return store.Time{Time: s.Now().Truncate(time.Millisecond)}
}

// socialProviders answers GET /api/auth/social-providers with the configured providers, for the buttons of the site.
// Better Auth has no such endpoint.
func (s *Service) socialProviders(w http.ResponseWriter, _ *http.Request, _ *store.Store) error {
	w.Header().Set("Cache-Control", "public, max-age=300")
	return web.WriteJSON(w, http.StatusOK, s.Providers.All())
}
