package auth

import (
	"errors"
	"net/http"

	"github.com/xenon-auth/xenon/shared/redirect"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// deleteUserCallback answers GET /api/auth/delete-user/callback, the mailed link that deletes a user. That user must be
// signed in.
func (s *Service) deleteUserCallback(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		Token       string  `json:"token"`
		CallbackURL *string `json:"callbackURL"`
	}
	if err := s.decodeMailLinkQuery(r, &in); err != nil {
		return err
	}
	if !s.Options.DeleteUser {
		return errNotFound
	}
	caller, err := s.Sessions.CallerForSensitiveRoute(w, r, db)
	switch {
	case errors.Is(err, session.ErrEnded), err == nil && caller == nil:
		return errGetUserInfo
	case err != nil:
		return err
	}
	if err := s.deleteCallerByToken(w, r, db, caller, in.Token); err != nil {
		return err
	}
	if target := web.OrEmpty(in.CallbackURL); target != "" {
		return redirect.To(w, redirect.EncodeLocation(s.Options.OnSite(target)))
	}
	return web.WriteJSON(w, http.StatusOK, userDeletedReply)
}
