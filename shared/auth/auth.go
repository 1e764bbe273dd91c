// Package auth is the Better Auth endpoints, one file each, with the library's wire: paths, bodies, codes and cookies as
// better-auth 1.7.25 answers them. Differences are listed in docs/divergences.md.
package auth

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/password"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// Service holds what the endpoints need.
type Service struct {
	Store    *store.Store
	Sessions *session.Sessions
	Keys     *keys.Keys // nil in functions that sign nothing
	Hasher   *password.Hasher
	Origins  web.Origins
	Now      func() time.Time
}

// New makes the endpoints of a deployment. signing may be nil where none of the routes served signs or publishes keys.
func New(cfg config.Config, db *store.Store, vault *secrets.Secrets, signing *keys.Keys) *Service {
	return &Service{
		Store:    db,
		Sessions: session.New(cfg, db, vault.AuthSecret),
		Keys:     signing,
		Hasher:   password.New(cfg.PasswordHash),
		Origins:  web.NewOrigins(cfg.Origin, cfg.TrustedOrigins),
		Now:      time.Now, //nolint:forbidigo // the default of the clock that tests replace
	}
}

// Signup is what functions/signup serves.
func (s *Service) Signup() web.Routes {
	return web.Routes{"POST /api/auth/sign-up/email": s.login(s.signUpEmail)}
}

// Signin is what functions/signin serves.
func (s *Service) Signin() web.Routes {
	return web.Routes{"POST /api/auth/sign-in/email": s.login(s.signInEmail)}
}

// Signout is what functions/signout serves.
func (s *Service) Signout() web.Routes {
	return web.Routes{"POST /api/auth/sign-out": s.post(s.signOut)}
}

// Session is what functions/session serves.
func (s *Service) Session() web.Routes {
	return web.Routes{
		"GET /api/auth/get-session":  s.getSession,
		"POST /api/auth/get-session": s.postSession,
	}
}

// Token is what functions/token serves.
func (s *Service) Token() web.Routes {
	return web.Routes{"GET /api/auth/token": s.token}
}

// JWKS is what functions/jwks serves.
func (s *Service) JWKS() web.Routes {
	return web.Routes{"GET /api/auth/jwks": s.jwks}
}

// post puts the checks of every POST before a handler, in the library's order: body, origin, redirect targets.
func (s *Service) post(h web.Handler) web.Handler { return s.checked(h, false) }

// login is post for the two routes that also take form fields.
func (s *Service) login(h web.Handler) web.Handler { return s.checked(h, true) }

func (s *Service) checked(h web.Handler, form bool) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := web.ReadBody(w, r, form); err != nil {
			return err
		}
		if err := s.Origins.CheckOrigin(r); err != nil {
			return err
		}
		if err := s.Origins.CheckRedirects(r); err != nil {
			return err
		}
		return h(w, r)
	}
}

// unknownHash tells the operator that somebody's password is stored in a form nobody can check. To the person it is a
// wrong password.
func unknownHash(r *http.Request, userID string) {
	slog.WarnContext(r.Context(), "stored password hash has an unknown format", slog.String("userId", userID))
}
