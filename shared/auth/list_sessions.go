package auth

import (
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/web"
)

// listSessions answers GET /api/auth/list-sessions with the sessions of the caller that have not expired. The session
// must be fresh.
func (s *Service) listSessions(w http.ResponseWriter, r *http.Request) error {
	caller, err := s.requireFresh(w, r)
	if err != nil {
		return err
	}
	sessions, err := s.Store.SessionsOfUser(r.Context(), caller.User.ID, s.Now())
	if err != nil {
		return fmt.Errorf("list sessions: %w", err)
	}
	return web.JSON(w, http.StatusOK, sessions)
}
