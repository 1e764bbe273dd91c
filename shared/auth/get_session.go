package auth

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

const usualCallerBytes = 1024 // most responses of get-session are shorter

// getSession answers GET /api/auth/get-session with the session and its user, or null. For a session from Postgres the
// response also has a JWT, in a header. If the JWT cannot be signed, the response has none. For a session from the
// cache cookie there is no JWT: the session may have ended, and the JWT would be valid for longer than the cookie.
func (s *Service) getSession(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	caller, fromCookie, err := s.Sessions.CachedCaller(w, r, db)
	if store.IsRateLimitError(err) {
		return err
	}
	forbidStoring(w)
	switch {
	case errors.Is(err, session.ErrEnded):
		return errGetSessionFailed
	case err != nil:
		return err
	case caller == nil:
		return web.WriteJSON(w, http.StatusOK, nil)
	case fromCookie:
		return web.WriteJSON(w, http.StatusOK, caller.CachedAnswer())
	}
	answer, user := caller.AppendJSON(make([]byte, 0, usualCallerBytes))
	if token, err := s.Keys.Token(r.Context(), s.claimsOfCaller(r.Context(), caller, user)); err == nil {
		web.ExposeHeader(w.Header(), "set-auth-jwt", token)
	} else {
		web.NoteError(r.Context(), fmt.Errorf("sign the session's JWT: %w", err))
	}
	return web.WriteJSONText(w, http.StatusOK, answer)
}

// postGetSession answers POST /api/auth/get-session with an error, as Better Auth does unless deferred session refresh
// is configured.
func (s *Service) postGetSession(w http.ResponseWriter, r *http.Request, _ *store.Store) error {
	if err := s.Origins.CheckOrigin(r); err != nil {
		return err
	}
	if err := s.Origins.CheckRedirects(r); err != nil {
		return err
	}
	forbidStoring(w)
	return errPostGetSession
}

// forbidStoring forbids browsers and proxies to store the response.
func forbidStoring(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
}
