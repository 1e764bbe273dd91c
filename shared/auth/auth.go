// Package auth implements Better Auth's endpoints, one file for each, with the paths, bodies, error codes and cookies
// of better-auth 1.7.25. docs/divergences.md lists the differences. The endpoints of social sign-in are in package
// social.
package auth

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/password"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// Service has what the endpoints need. Its methods are the endpoints.
type Service struct {
	Store    *store.Store
	Sessions *session.Sessions
	Keys     *keys.Keys
	Hasher   *password.Hasher
	Breaches *password.Breaches
	Limits   *limit.Limiter
	Mail     mail.Sender
	Origins  web.Origins
	Options  config.API
	Now      func() time.Time

	EncryptionKeys func(context.Context) (cipher.Keys, error) // encrypt and decrypt what rows and cookies store

	// SupabaseJWTSecret returns SUPABASE_JWT_SECRET, or nothing if it is not set.
	SupabaseJWTSecret func(context.Context) ([]byte, error)

	lastSupabaseImport atomic.Pointer[supabaseImport]
	lastBetterAuthKeys atomic.Pointer[betterAuthKeySet]
}

// New returns the Service of a deployment. It makes no request.
func New(cfg config.API, db *store.Store, appSecrets *secrets.Secrets, now func() time.Time) *Service {
	clients := web.NewClients(cfg.ClientIP, appSecrets.AcceptsOriginSecret)
	return &Service{
		Store:    db,
		Sessions: session.New(cfg, appSecrets.AuthSecrets, clients, now),
		Limits:   limit.New(cfg, db, clients, now),
		Keys:     keys.New(appSecrets, cfg, now),
		Hasher:   password.New(cfg.PasswordHash),
		Breaches: password.NewBreaches(),
		Mail:     mail.New(cfg),
		Options:  cfg,
		Origins:  web.NewOrigins(cfg.Origin, cfg.TrustedOrigins...),
		Now:      now,

		EncryptionKeys:    appSecrets.EncryptionKeys,
		SupabaseJWTSecret: appSecrets.SupabaseJWTSecret,
	}
}

// SignupRoutes returns the routes of the Lambda function functions/signup.
func (s *Service) SignupRoutes() web.Routes {
	return s.BuildRoutes(Handlers{"POST /api/auth/sign-up/email": s.CheckedFormPost(s.signUpEmail)})
}

// SigninRoutes returns the routes of the Lambda function functions/signin.
func (s *Service) SigninRoutes() web.Routes {
	routes := s.BuildRoutes(Handlers{
		"POST /api/auth/sign-in/email":    s.CheckedFormPost(s.signInEmail),
		"POST /api/auth/sign-in/supabase": s.whileBridgeIsOpen(s.CheckedPost(s.signInSupabase)),
	})
	if !s.Options.SupabaseBridge.On {
		routes["POST /api/auth/sign-in/supabase"] = web.AnswerNotFound
	}
	return routes
}

// SignoutRoutes returns the routes of the Lambda function functions/signout.
func (s *Service) SignoutRoutes() web.Routes {
	return s.BuildRoutes(Handlers{"POST /api/auth/sign-out": s.CheckedPost(s.signOut)})
}

// SessionRoutes returns the routes of the Lambda function functions/session.
func (s *Service) SessionRoutes() web.Routes {
	routes := s.BuildRoutes(Handlers{
		"GET /api/auth/get-session":            s.getSession,
		"POST /api/auth/get-session":           s.postGetSession,
		"GET /api/auth/list-sessions":          s.listSessions,
		"POST /api/auth/revoke-session":        s.CheckedPost(s.revokeSession),
		"POST /api/auth/revoke-sessions":       s.CheckedPost(s.revokeSessions),
		"POST /api/auth/revoke-other-sessions": s.CheckedPost(s.revokeOtherSessions),
		"POST /api/auth/update-session":        s.CheckedPost(s.updateSession),
	})
	// The Lambda function functions/session also answers preflights, because it has the highest concurrency.
	routes[web.PreflightRoute] = web.AnswerUnhandledOptions
	return routes
}

// TokenRoutes returns the routes of the Lambda function functions/token.
func (s *Service) TokenRoutes() web.Routes {
	return s.BuildRoutes(Handlers{"GET /api/auth/token": s.token})
}

// JWKSRoutes returns the routes of the Lambda function functions/jwks.
func (s *Service) JWKSRoutes() web.Routes {
	routes := s.BuildRoutes(Handlers{
		"GET /api/auth/jwks":               s.jwks,
		"HEAD /api/auth/jwks":              s.jwks,
		"GET " + web.KeySetPath:            s.jwks,
		"HEAD " + web.KeySetPath:           s.jwks,
		"GET " + web.ProviderMetadataPath:  s.openIDConfiguration,
		"HEAD " + web.ProviderMetadataPath: s.openIDConfiguration,
	})
	routes[web.WellKnownPreflightRoute] = web.AnswerUnhandledOptions
	return routes
}

// PasswordRoutes returns the routes of the Lambda function functions/password.
func (s *Service) PasswordRoutes() web.Routes {
	return s.BuildRoutes(Handlers{
		"POST /api/auth/change-password":        s.CheckedPost(s.changePassword),
		"POST /api/auth/verify-password":        s.CheckedPost(s.verifyPassword),
		"POST /api/auth/request-password-reset": s.CheckedPost(s.requestPasswordReset),
		"GET /api/auth/reset-password/{token}":  s.resetPasswordLink,
		"POST /api/auth/reset-password":         s.CheckedPost(s.resetPassword),
	})
}

// EmailRoutes returns the routes of the Lambda function functions/email.
func (s *Service) EmailRoutes() web.Routes {
	return s.BuildRoutes(Handlers{
		"POST /api/auth/send-verification-email": s.CheckedPost(s.sendVerificationEmail),
		"GET /api/auth/verify-email":             s.verifyEmail,
		"POST /api/auth/change-email":            s.CheckedPost(s.changeEmail),
		"POST /api/auth/cancel-email-change":     s.CheckedPost(s.cancelEmailChange),
	})
}

// AccountRoutes returns the routes of the Lambda function functions/account.
func (s *Service) AccountRoutes() web.Routes {
	return s.BuildRoutes(Handlers{
		"POST /api/auth/update-user":         s.CheckedPost(s.updateUser),
		"POST /api/auth/delete-user":         s.CheckedPost(s.deleteUser),
		"GET /api/auth/delete-user/callback": s.deleteUserCallback,
		"GET /api/auth/list-accounts":        s.listAccounts,
		"POST /api/auth/unlink-account":      s.CheckedPost(s.unlinkAccount),
	})
}

// SendsMail reports whether the deployment can send mails.
func (s *Service) SendsMail() bool { return s.Options.Mail != config.MailNone }

// CheckedPost makes a handler check the request first, as Better Auth does for every POST: the body, the origin and the
// redirect targets, in this order.
func (s *Service) CheckedPost(h limit.Handler) limit.Handler { return s.withRequestChecks(h, false) }

// CheckedFormPost is like CheckedPost, for routes that accept form fields as well as JSON.
func (s *Service) CheckedFormPost(h limit.Handler) limit.Handler { return s.withRequestChecks(h, true) }

// withRequestChecks makes h check the request first. form allows form fields in the body.
func (s *Service) withRequestChecks(h limit.Handler, form bool) limit.Handler {
	return func(w http.ResponseWriter, r *http.Request, db *store.Store) error {
		if err := web.ReadBody(w, r, form); err != nil {
			return err
		}
		if err := s.Origins.CheckOrigin(r); err != nil {
			return err
		}
		if err := s.Origins.CheckRedirects(r); err != nil {
			return err
		}
		return h(w, r, db)
	}
}

// statusReply is the body of a response that says only that the request has succeeded.
type statusReply struct {
	Status bool `json:"status"`
}

// replyStatusTrue answers {"status":true}.
func replyStatusTrue(w http.ResponseWriter) error {
	return web.WriteJSON(w, http.StatusOK, statusReply{true})
}

// warnUnknownHashFormat logs that the stored password hash of a user has an unknown format, so that no password matches
// it. The client gets the same error as for a wrong password.
func warnUnknownHashFormat(r *http.Request, userID string) {
	slog.WarnContext(r.Context(), "stored password hash has an unknown format", slog.String("userId", userID))
}
