package admin

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// listUserSessions answers POST /api/auth/admin/list-user-sessions: it returns the sessions of a user, with their
// tokens.
func (s *Service) listUserSessions(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		UserID string `json:"userId" check:"coerced"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if _, err := s.requireRight(w, r, db, "session", "list", errListSessions); err != nil {
		return err
	}
	web.NoteSubject(r.Context(), in.UserID)
	sessions, err := s.users(db).Sessions(r.Context(), in.UserID)
	if err != nil {
		return changeError(r, "list sessions", err)
	}
	return web.WriteJSON(w, http.StatusOK, struct {
		Sessions []store.Session `json:"sessions"`
	}{sessions})
}
