package auth

import (
	"errors"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/session"
)

// freshAge is how long after signing in a session counts as fresh.
const freshAge = 24 * time.Hour

// signedIn is the guard of routes for signed-in people. Like every guard it reads the session from the database.
func (s *Service) signedIn(w http.ResponseWriter, r *http.Request) (*session.Caller, error) {
	return require(s.Sessions.Caller(w, r))
}

// sensitive is the guard of routes that change or end something of weight.
func (s *Service) sensitive(w http.ResponseWriter, r *http.Request) (*session.Caller, error) {
	return require(s.Sessions.Sensitive(w, r))
}

// fresh is the guard of routes for people who signed in within freshAge.
func (s *Service) fresh(w http.ResponseWriter, r *http.Request) (*session.Caller, error) {
	caller, err := s.signedIn(w, r)
	if err == nil && !s.isFresh(caller) {
		return nil, errSessionNotFresh
	}
	return caller, err
}

func (s *Service) isFresh(caller *session.Caller) bool {
	return s.Now().Sub(caller.Session.CreatedAt.Time) < freshAge
}

// require turns "nobody" into the library's 401.
func require(caller *session.Caller, err error) (*session.Caller, error) {
	switch {
	case errors.Is(err, session.ErrEnded), err == nil && caller == nil:
		return nil, errUnauthorized
	case err != nil:
		return nil, err
	}
	return caller, nil
}
