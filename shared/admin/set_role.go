package admin

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// setRole answers POST /api/auth/admin/set-role: it gives a user another role, or several.
func (s *Service) setRole(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		UserID string `json:"userId" check:"coerced"`
		Role   any    `json:"role" check:"texts"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	caller, err := s.requireRight(w, r, db, "user", "set-role", errRoleDenied)
	if err != nil {
		return err
	}
	role, err := parseRole("body.role", in.Role)
	if err != nil {
		return err
	}
	web.NoteSubject(r.Context(), in.UserID)
	if err := s.checkOwnRole(caller, in.UserID, role); err != nil {
		return err
	}
	user, err := s.users(db).SetRole(r.Context(), in.UserID, role)
	if err != nil {
		return changeError(r, "set role", err)
	}
	return web.WriteJSON(w, http.StatusOK, userReply{user})
}
