package auth

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// verifyPassword answers POST /api/auth/verify-password: it checks the password of the signed-in caller.
func (s *Service) verifyPassword(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		Password string `json:"password"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	caller, err := s.RequireSensitiveCaller(w, r, db)
	if err != nil {
		return err
	}
	if err := s.ConfirmPassword(r, db, caller, in.Password); err != nil {
		return err
	}
	return replyStatusTrue(w)
}
