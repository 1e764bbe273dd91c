package auth

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/web"
)

// getSession answers GET /api/auth/get-session: the session and its user, or null. A caller whose session was read from
// the database also gets a JWT in a header; when the signing keys are unavailable the session is answered without it. A
// caller known from the cache cookie alone gets none: the session may have ended, and the JWT would outlive the cookie.
func (s *Service) getSession(w http.ResponseWriter, r *http.Request) error {
	noStore(w)
	caller, fromCookie, err := s.Sessions.Cached(w, r)
	switch {
	case errors.Is(err, session.ErrEnded):
		return errGetSession
	case err != nil:
		return err
	case caller == nil:
		return web.JSON(w, http.StatusOK, nil)
	case fromCookie:
		return web.JSON(w, http.StatusOK, caller)
	}
	if token, err := s.Keys.Token(r.Context(), claims(caller)); err == nil {
		web.Expose(w.Header(), "set-auth-jwt", token)
	} else {
		web.NoteError(r.Context(), fmt.Errorf("sign the session's JWT: %w", err))
	}
	return web.JSON(w, http.StatusOK, caller)
}

// postSession answers POST /api/auth/get-session, which the library only has with deferred session refresh.
func (s *Service) postSession(w http.ResponseWriter, r *http.Request) error {
	if err := s.Origins.CheckOrigin(r); err != nil {
		return err
	}
	if err := s.Origins.CheckRedirects(r); err != nil {
		return err
	}
	noStore(w)
	return errNoDefer
}

func noStore(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
}
