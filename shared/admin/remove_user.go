package admin

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// removeUser answers POST /api/auth/admin/remove-user: it deletes a user with everything that belongs to them.
func (s *Service) removeUser(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		UserID string `json:"userId" check:"coerced"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	caller, err := s.requireRight(w, r, db, "user", "delete", errDeleteDenied)
	if err != nil {
		return err
	}
	web.NoteSubject(r.Context(), in.UserID)
	if isCaller(caller, in.UserID) {
		return errRemoveMyself
	}
	if err := s.users(db).Remove(r.Context(), in.UserID); err != nil {
		return changeError(r, "remove user", err)
	}
	return web.WriteJSON(w, http.StatusOK, successReply{true})
}
