package auth

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/password"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// changePassword answers POST /api/auth/change-password. With revokeOtherSessions it ends every session of the
// caller, even the current one, and starts a new one.
func (s *Service) changePassword(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		NewPassword         string `json:"newPassword"`
		CurrentPassword     string `json:"currentPassword"`
		RevokeOtherSessions *bool  `json:"revokeOtherSessions"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	caller, err := s.RequireSensitiveCaller(w, r, db)
	if err != nil {
		return err
	}
	if err := CheckPasswordLength(in.NewPassword); err != nil {
		return err
	}
	credential, err := s.confirmPassword(r, db, caller, in.CurrentPassword)
	if err != nil {
		return err
	}
	hash, err := s.HashNewPassword(r, in.NewPassword)
	if err != nil {
		return err
	}
	reply := signUpReply{User: caller.User}
	if in.RevokeOtherSessions != nil && *in.RevokeOtherSessions {
		reply.Token, err = s.replaceSessions(w, r, db, caller, credential, hash)
	} else {
		err = db.ChangePassword(r.Context(), caller.User.ID, credential, hash, s.Now())
	}
	switch {
	case errors.Is(err, store.ErrNotFound): // a concurrent request has changed the password
		return errInvalidPassword
	case err != nil:
		return changeError(r, "change password", err)
	}
	if err := s.Sessions.SetDevice(w, r, caller.User.Email, hash); err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, reply)
}

// confirmPassword checks the password of the caller and returns the stored password account. It checks the length
// first, so that it never hashes a text that is too long to be a password.
func (s *Service) confirmPassword(
	r *http.Request, db *store.Store, caller *session.Caller, secret string,
) (store.PasswordAccount, error) {
	if password.UTF16Length(secret) > password.MaxLength {
		return store.PasswordAccount{}, errPasswordTooLong
	}
	s.chargeSessionAttempt(db, caller)
	credential, err := db.PasswordAccountOfUser(r.Context(), caller.User.ID)
	switch {
	case err != nil:
		return credential, fmt.Errorf("find password account: %w", err)
	case credential.Hash == "":
		return credential, errNoPasswordAccount
	}
	ok, err := s.comparePassword(r, db, caller.User.ID, credential.Hash, secret)
	switch {
	case err != nil:
		return credential, err
	case !ok:
		return credential, errInvalidPassword
	}
	s.refundPasswordAttempt(r, db)
	return credential, nil
}

// replaceSessions stores the new password hash, ends every session of the caller, starts a new one and returns its
// token.
func (s *Service) replaceSessions(
	w http.ResponseWriter, r *http.Request, db *store.Store, caller *session.Caller, old store.PasswordAccount,
	hash string,
) (*string, error) {
	next := s.Sessions.NewUnsavedSession(r, true)
	next.UserID = caller.User.ID
	if err := db.ChangePasswordAndSessions(r.Context(), old, hash, &next); err != nil {
		return nil, err
	}
	return &next.Token, s.Sessions.RenewCookies(w, r, session.Caller{Session: next, User: caller.User})
}
