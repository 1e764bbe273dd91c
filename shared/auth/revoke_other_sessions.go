package auth

import (
	"fmt"
	"net/http"
)

// revokeOtherSessions answers POST /api/auth/revoke-other-sessions: it ends all sessions of the caller except the
// current one.
func (s *Service) revokeOtherSessions(w http.ResponseWriter, r *http.Request) error {
	caller, err := s.requireSensitive(w, r)
	if err != nil {
		return err
	}
	if err := s.Store.DeleteSessionsExcept(r.Context(), caller.User.ID, caller.Session.Token, s.Now()); err != nil {
		return fmt.Errorf("revoke other sessions: %w", err)
	}
	return statusTrue(w)
}
