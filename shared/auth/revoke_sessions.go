package auth

import (
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
)

// revokeSessions answers POST /api/auth/revoke-sessions: it ends all sessions of the caller, even the current one.
func (s *Service) revokeSessions(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	caller, err := s.RequireSensitiveCaller(w, r, db)
	if err != nil {
		return err
	}
	if err := db.DeleteSessionsOfUser(r.Context(), caller.User.ID, s.Now()); err != nil {
		return fmt.Errorf("revoke sessions: %w", err)
	}
	s.Sessions.ClearCookies(w, r)
	return replyStatusTrue(w)
}
