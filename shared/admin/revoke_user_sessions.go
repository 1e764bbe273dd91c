package admin

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// revokeUserSessions answers POST /api/auth/admin/revoke-user-sessions: it ends all sessions of a user.
func (s *Service) revokeUserSessions(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		UserID string `json:"userId" check:"coerced"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if _, err := s.requireRight(w, r, db, "session", "revoke", errRevokeDenied); err != nil {
		return err
	}
	web.NoteSubject(r.Context(), in.UserID)
	if err := s.users(db).RevokeSessions(r.Context(), in.UserID); err != nil {
		return changeError(r, "revoke sessions", err)
	}
	return web.WriteJSON(w, http.StatusOK, successReply{true})
}
