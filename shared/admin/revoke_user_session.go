package admin

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// revokeUserSession answers POST /api/auth/admin/revoke-user-session: it ends the session with a token.
func (s *Service) revokeUserSession(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		SessionToken string `json:"sessionToken"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if _, err := s.requireRight(w, r, db, "session", "revoke", errRevokeDenied); err != nil {
		return err
	}
	userID, err := s.users(db).RevokeSession(r.Context(), in.SessionToken)
	if err != nil {
		return changeError(r, "revoke session", err)
	}
	if userID != "" {
		web.NoteSubject(r.Context(), userID)
	}
	return web.WriteJSON(w, http.StatusOK, successReply{true})
}
