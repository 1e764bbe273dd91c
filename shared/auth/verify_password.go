package auth

import (
	"errors"
	"net/http"

	"github.com/xenon-auth/xenon/shared/web"
)

// statusReply is what endpoints answer that have nothing to say but that it is done.
type statusReply struct {
	Status bool `json:"status"`
}

// verifyPassword answers POST /api/auth/verify-password.
func (s *Service) verifyPassword(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Password string `json:"password"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	caller, err := s.sensitive(w, r)
	if err != nil {
		return err
	}
	_, err = s.confirmPassword(r, caller, in.Password)
	switch {
	case errors.Is(err, errNoCredential):
		return errInvalidPassword
	case err != nil:
		return err
	}
	return web.JSON(w, http.StatusOK, statusReply{true})
}
