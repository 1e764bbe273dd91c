package admin

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// setUserPassword answers POST /api/auth/admin/set-user-password: it sets the password of a user, whose sessions stay.
func (s *Service) setUserPassword(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		NewPassword string `json:"newPassword" check:"filled"`
		UserID      string `json:"userId" check:"coerced filled"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if _, err := s.requireRight(w, r, db, "user", "set-password", errSetPassword); err != nil {
		return err
	}
	if err := auth.CheckPasswordLength(in.NewPassword); err != nil {
		return err
	}
	web.NoteSubject(r.Context(), in.UserID)
	if _, err := s.users(db).Get(r.Context(), in.UserID); err != nil {
		return changeError(r, "find user", err)
	}
	hash, err := s.HashNewPassword(r, in.NewPassword)
	if err != nil {
		return err
	}
	if err := s.users(db).SetPassword(r.Context(), in.UserID, hash); err != nil {
		return changeError(r, "set password", err)
	}
	return web.WriteJSON(w, http.StatusOK, struct {
		Status bool `json:"status"`
	}{true})
}
