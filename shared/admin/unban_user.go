package admin

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// unbanUser answers POST /api/auth/admin/unban-user: it ends the ban of a user.
func (s *Service) unbanUser(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		UserID string `json:"userId" check:"coerced"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if _, err := s.requireRight(w, r, db, "user", "ban", errBanDenied); err != nil {
		return err
	}
	web.NoteSubject(r.Context(), in.UserID)
	user, err := s.users(db).Unban(r.Context(), in.UserID)
	if err != nil {
		return changeError(r, "unban user", err)
	}
	return web.WriteJSON(w, http.StatusOK, userReply{user})
}
