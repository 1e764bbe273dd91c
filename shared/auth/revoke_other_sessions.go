package auth

import (
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
)

// revokeOtherSessions answers POST /api/auth/revoke-other-sessions: it ends the live sessions of the caller, except the
// current one, and deletes the mailed links that other sessions requested.
func (s *Service) revokeOtherSessions(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	caller, err := s.RequireSensitiveCaller(w, r, db)
	if err != nil {
		return err
	}
	if err := db.DeleteSessionsExcept(r.Context(), caller.User.ID, caller.Session.Token, s.Now()); err != nil {
		return fmt.Errorf("revoke other sessions: %w", err)
	}
	return replyStatusTrue(w)
}
