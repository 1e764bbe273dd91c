package auth

import (
	"fmt"
	"net/http"
)

// revokeSessions answers POST /api/auth/revoke-sessions: it ends all sessions of the caller, the current one included.
func (s *Service) revokeSessions(w http.ResponseWriter, r *http.Request) error {
	caller, err := s.requireSensitive(w, r)
	if err != nil {
		return err
	}
	if err := s.Store.DeleteSessionsOfUser(r.Context(), caller.User.ID); err != nil {
		return fmt.Errorf("revoke sessions: %w", err)
	}
	s.Sessions.Clear(w, r)
	return statusTrue(w)
}
