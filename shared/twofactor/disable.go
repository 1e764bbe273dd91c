package twofactor

import (
	"errors"
	"net/http"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// passwordRequest is the body of the endpoints that need only the password.
type passwordRequest struct {
	Password string `json:"password"`
}

type statusReply struct {
	Status bool `json:"status"`
}

// disable answers POST /api/auth/two-factor/disable: the caller needs no second factor from now on. It deletes the
// authenticator app, the backup codes and the trusted devices of the caller.
func (s *Service) disable(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in passwordRequest
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
	if err := checkNotImpersonated(caller); err != nil {
		return err
	}
	_, err = s.changeTwoFactor(w, r, db, caller, store.TwoFactorChange{Enabled: false})
	switch {
	case errors.Is(err, store.ErrNotFound): // another request has ended the session
		return auth.ErrUnauthorized
	case err != nil:
		return err
	}
	_, hasTrust, err := s.Sessions.TrustedDevice(r, caller.User.ID)
	if err != nil {
		return err
	}
	if hasTrust {
		s.Sessions.ClearTrustedDevice(w)
	}
	return web.WriteJSON(w, http.StatusOK, statusReply{true})
}
