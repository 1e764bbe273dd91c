package auth

import (
	"errors"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
)

// freshAge is how long a session counts as fresh after the sign-in.
const freshAge = 24 * time.Hour

// requireCaller returns the caller, or ErrUnauthorized if the client is not signed in. Like RequireSensitive,
// requireFresh and optionalCaller it reads the session from Postgres, never from the cache cookie.
func (s *Service) requireCaller(w http.ResponseWriter, r *http.Request, db *store.Store) (*session.Caller, error) {
	return requireSession(s.Sessions.Caller(w, r, db))
}

// RequireSensitive is like requireCaller, for routes with Better Auth's guard "sensitive": those that change
// credentials, end sessions or delete the user.
func (s *Service) RequireSensitive(w http.ResponseWriter, r *http.Request, db *store.Store) (*session.Caller, error) {
	return requireSession(s.Sessions.CallerForSensitiveRoute(w, r, db))
}

// requireFresh is like requireCaller, but returns errSessionNotFresh if the sign-in was freshAge or longer ago.
func (s *Service) requireFresh(w http.ResponseWriter, r *http.Request, db *store.Store) (*session.Caller, error) {
	caller, err := s.requireCaller(w, r, db)
	if err == nil && !s.isFresh(caller) {
		return nil, errSessionNotFresh
	}
	return caller, err
}

// isFresh reports whether the sign-in of the session was less than freshAge ago.
func (s *Service) isFresh(caller *session.Caller) bool {
	return s.Now().Sub(caller.Session.CreatedAt.Time) < freshAge
}

// optionalCaller returns the caller, or nil if the client is not signed in.
func (s *Service) optionalCaller(w http.ResponseWriter, r *http.Request, db *store.Store) (*session.Caller, error) {
	caller, err := s.Sessions.Caller(w, r, db)
	if errors.Is(err, session.ErrEnded) {
		return nil, nil //nolint:nilnil // a client without a session is not an error
	}
	return caller, err
}

// requireSession returns its arguments. If the session has ended, or caller and err are nil, it returns ErrUnauthorized
// instead: the client is not signed in.
func requireSession(caller *session.Caller, err error) (*session.Caller, error) {
	switch {
	case errors.Is(err, session.ErrEnded), err == nil && caller == nil:
		return nil, ErrUnauthorized
	case err != nil:
		return nil, err
	}
	return caller, nil
}
