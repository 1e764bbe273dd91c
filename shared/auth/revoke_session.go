package auth

import (
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/web"
)

// revokeSession answers POST /api/auth/revoke-session: ends one session of the caller's own. The answer is the same when
// the token is unknown or somebody else's.
func (s *Service) revokeSession(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Token string `json:"token"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	caller, err := s.sensitive(w, r)
	if err != nil {
		return err
	}
	if err := s.Store.DeleteSessionOfUser(r.Context(), caller.User.ID, in.Token); err != nil {
		return fmt.Errorf("revoke session: %w", err)
	}
	if in.Token == caller.Session.Token {
		s.Sessions.Clear(w, r)
	}
	return statusTrue(w)
}

// statusTrue answers that what was asked for is done.
func statusTrue(w http.ResponseWriter) error {
	return web.JSON(w, http.StatusOK, struct {
		Status bool `json:"status"`
	}{true})
}
