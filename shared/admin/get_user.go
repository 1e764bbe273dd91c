package admin

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// getUser answers GET /api/auth/admin/get-user with a user.
func (s *Service) getUser(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		ID string `json:"id"`
	}
	if err := web.DecodeQuery(r, &in); err != nil {
		return err
	}
	if _, err := s.requireRight(w, r, db, "user", "get", errGetDenied); err != nil {
		return err
	}
	web.NoteSubject(r.Context(), in.ID)
	user, err := s.users(db).Get(r.Context(), in.ID)
	if err != nil {
		return changeError(r, "get user", err)
	}
	return web.WriteJSON(w, http.StatusOK, user)
}
