package auth

import (
	"errors"
	"net/http"

	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/web"
)

// deleteUserCallback answers GET /api/auth/delete-user/callback: the click on a mailed link, in a browser that is signed
// in, deletes the account.
func (s *Service) deleteUserCallback(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Token       string  `json:"token"`
		CallbackURL *string `json:"callbackURL"`
	}
	if err := s.readLink(r, &in); err != nil {
		return err
	}
	if !s.Options.DeleteUser {
		return errNotFound
	}
	caller, err := s.Sessions.Sensitive(w, r)
	switch {
	case errors.Is(err, session.ErrEnded), err == nil && caller == nil:
		return errNoUserInfo
	case err != nil:
		return err
	}
	if err := s.deleteByToken(w, r, caller, in.Token); err != nil {
		return err
	}
	if target := optional(in.CallbackURL); target != "" {
		return redirect(w, verbatim(target))
	}
	return web.JSON(w, http.StatusOK, userDeleted)
}
