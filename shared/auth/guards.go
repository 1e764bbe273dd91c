package auth

import (
	"errors"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
)

// maxFreshAge is how long a session counts as fresh after the sign-in.
const maxFreshAge = 24 * time.Hour

// RequireCaller returns the caller, or ErrUnauthorized if the client is not signed in. Like RequireSensitiveCaller,
// requireFreshCaller and CallerOrNil it reads the session from Postgres, never from the cache cookie.
func (s *Service) RequireCaller(w http.ResponseWriter, r *http.Request, db *store.Store) (*session.Caller, error) {
	return callerOrUnauthorized(s.Sessions.Caller(w, r, db))
}

// RequireSensitiveCaller is like RequireCaller, for routes with Better Auth's guard "sensitive": those that
// change credentials, end sessions or delete the user.
func (s *Service) RequireSensitiveCaller(
	w http.ResponseWriter, r *http.Request, db *store.Store,
) (*session.Caller, error) {
	return callerOrUnauthorized(s.Sessions.CallerForSensitiveRoute(w, r, db))
}

// requireFreshCaller is like RequireCaller, but returns errSessionNotFresh if the sign-in was maxFreshAge or longer
// ago.
func (s *Service) requireFreshCaller(w http.ResponseWriter, r *http.Request, db *store.Store) (*session.Caller, error) {
	caller, err := s.RequireCaller(w, r, db)
	if err == nil && !s.isSessionFresh(caller) {
		return nil, errSessionNotFresh
	}
	return caller, err
}

// isSessionFresh reports whether the sign-in of the session was less than maxFreshAge ago.
func (s *Service) isSessionFresh(caller *session.Caller) bool {
	return s.Now().Sub(caller.Session.CreatedAt.Time) < maxFreshAge
}

// CallerOrNil returns the caller, or nil if the client is not signed in.
func (s *Service) CallerOrNil(w http.ResponseWriter, r *http.Request, db *store.Store) (*session.Caller, error) {
	caller, err := s.Sessions.Caller(w, r, db)
	if errors.Is(err, session.ErrEnded) {
		return nil, nil //nolint:nilnil // a client without a session is not an error
	}
	return caller, err
}

// callerOrUnauthorized returns its arguments. If the session has ended, or caller and err are nil, it returns
// ErrUnauthorized instead: the client is not signed in.
func callerOrUnauthorized(caller *session.Caller, err error) (*session.Caller, error) {
	switch {
	case errors.Is(err, session.ErrEnded), err == nil && caller == nil:
		return nil, ErrUnauthorized
	case err != nil:
		return nil, err
	}
	return caller, nil
}
