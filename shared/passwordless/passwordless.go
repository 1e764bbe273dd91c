// Package passwordless implements Better Auth's plugins magicLink and emailOTP, one file for each endpoint: sign-in
// with a mailed link or code. Paths, bodies, error codes and cookies are those of better-auth 1.7.25 with the default
// options of the plugins.
package passwordless

import (
	"errors"
	"net/http"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// Service has the endpoints. They use the dependencies of package auth.
type Service struct{ *auth.Service }

// New returns the endpoints of a deployment.
func New(service *auth.Service) *Service { return &Service{service} }

// PasswordlessRoutes returns the routes of functions/passwordless. The routes of a plugin that is off answer like paths
// that do not exist, as in Better Auth without the plugin.
func (s *Service) PasswordlessRoutes() web.Routes {
	routes := web.Routes{}
	s.addRoutes(routes, s.Options.MagicLink, auth.Handlers{
		"POST /api/auth/sign-in/magic-link": s.CheckedPost(s.signInMagicLink),
		"GET /api/auth/magic-link/verify":   s.magicLinkVerify,
	})
	s.addRoutes(routes, s.Options.MagicLink && s.Options.MagicLinkConfirm, auth.Handlers{
		"POST /api/auth/magic-link/verify": s.CheckedPost(s.confirmMagicLink),
	})
	s.addRoutes(routes, s.Options.EmailOTP, auth.Handlers{
		"POST /api/auth/email-otp/send-verification-otp":  s.CheckedPost(s.sendVerificationOTP),
		"POST /api/auth/email-otp/check-verification-otp": s.CheckedPost(s.checkVerificationOTP),
		"POST /api/auth/email-otp/verify-email":           s.CheckedPost(s.verifyEmailOTP),
		"POST /api/auth/sign-in/email-otp":                s.CheckedPost(s.signInEmailOTP),
		"POST /api/auth/email-otp/request-password-reset": s.CheckedPost(s.requestPasswordResetOTP),
		"POST /api/auth/forget-password/email-otp":        s.CheckedPost(s.requestPasswordResetOTP),
		"POST /api/auth/email-otp/reset-password":         s.CheckedPost(s.resetPasswordOTP),
		"POST /api/auth/email-otp/request-email-change":   s.CheckedPost(s.requestEmailChangeOTP),
		"POST /api/auth/email-otp/change-email":           s.CheckedPost(s.changeEmailOTP),
	})
	return routes
}

// addRoutes adds routes with these handlers if on is true. Otherwise the routes answer 404.
func (s *Service) addRoutes(routes web.Routes, on bool, handlers auth.Handlers) {
	for route, handler := range s.BuildRoutes(handlers) {
		if !on {
			handler = web.AnswerNotFound
		}
		routes[route] = handler
	}
}

// signIn signs in the owner of an email with a statement that redeems a proof, sets the cookies, and notes the user in
// the log record. It returns the errors of that statement, but errRejected for those of triggers. It returns a
// challenge, and ends the session, if the user needs a second factor (TWO_FACTOR_FOR=all).
func (s *Service) signIn(
	w http.ResponseWriter,
	r *http.Request,
	db *store.Store,
	in *store.EmailSignIn,
	redeem func(store.EmailSignIn) (store.EmailSignInResult, error),
) (store.EmailSignInResult, *auth.TwoFactorChallenge, error) {
	row := s.Sessions.NewUnsavedSession(r, true)
	in.Session, in.SignUp = &row, s.Options.SignUp
	got, err := redeem(*in)
	if got.User.ID != "" {
		web.NoteUser(r.Context(), got.User.ID)
	}
	if got.RemovedAccounts > 0 {
		web.NoteAccountsRemoved(r.Context(), got.RemovedAccounts)
	}
	switch {
	case errors.Is(err, store.ErrBanned):
		return got, nil, auth.ErrBanned
	case store.IsRejectedByDatabase(err):
		web.NoteError(r.Context(), err)
		return got, nil, errRejected
	case err != nil || got.User.ID == "":
		return got, nil, err
	}
	remember, err := s.Sessions.IsRemembered(r)
	if err != nil {
		return got, nil, err
	}
	proved := auth.ProvedUser{User: got.User, Remember: remember, Session: &row}
	challenge, err := s.SignInOrChallenge(w, r, db, proved, func() error {
		return s.Sessions.RenewCookies(w, r, session.Caller{Session: row, User: got.User})
	})
	if errors.Is(err, store.ErrBanned) {
		err = auth.ErrBanned
	}
	return got, challenge, err
}
