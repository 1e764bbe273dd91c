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

// changePassword answers POST /api/auth/change-password. With revokeOtherSessions every session ends, this one too, and
// the caller gets a new one.
func (s *Service) changePassword(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		NewPassword         string `json:"newPassword"`
		CurrentPassword     string `json:"currentPassword"`
		RevokeOtherSessions *bool  `json:"revokeOtherSessions"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	caller, err := s.sensitive(w, r)
	if err != nil {
		return err
	}
	if err := passwordLength(in.NewPassword); err != nil {
		return err
	}
	credential, err := s.confirmPassword(r, caller.User.ID, in.CurrentPassword)
	if err != nil {
		return err
	}
	hash, err := s.Hasher.Hash(r.Context(), in.NewPassword)
	if err != nil {
		return fmt.Errorf("hash password: %w", err)
	}
	reply := signUpReply{User: caller.User}
	if in.RevokeOtherSessions != nil && *in.RevokeOtherSessions {
		reply.Token, err = s.replaceSessions(w, r, caller, credential, hash)
	} else {
		err = s.Store.ChangePassword(r.Context(), credential, hash, s.Now())
	}
	switch {
	case errors.Is(err, store.ErrNotFound): // somebody else changed it since it was compared
		return errInvalidPassword
	case err != nil:
		return fmt.Errorf("change password: %w", err)
	}
	return web.JSON(w, http.StatusOK, reply)
}

// confirmPassword returns the credential of a user whose password the caller knows. The length is checked first: nothing
// is hashed that no password can be.
func (s *Service) confirmPassword(r *http.Request, userID, secret string) (store.Credential, error) {
	if password.Length(secret) > password.MaxLength {
		return store.Credential{}, errPasswordTooLong
	}
	credential, err := s.Store.CredentialOfUser(r.Context(), userID)
	switch {
	case err != nil:
		return credential, fmt.Errorf("find credential: %w", err)
	case credential.Hash == "":
		return credential, errNoCredential
	}
	ok, err := s.Hasher.Verify(r.Context(), credential.Hash, secret)
	switch {
	case err != nil:
		return credential, fmt.Errorf("verify password: %w", err)
	case !ok && !password.Known(credential.Hash):
		unknownHash(r, userID)
	}
	if !ok {
		return credential, errInvalidPassword
	}
	return credential, nil
}

// replaceSessions stores the new password, ends every session of the caller and starts another, whose token it returns.
func (s *Service) replaceSessions(
	w http.ResponseWriter, r *http.Request, caller *session.Caller, old store.Credential, hash string,
) (*string, error) {
	next := s.Sessions.Prepare(r, true)
	next.UserID = caller.User.ID
	if err := s.Store.ChangePasswordAndSessions(r.Context(), old, hash, &next); err != nil {
		return nil, err
	}
	return &next.Token, s.Sessions.Reset(w, r, session.Caller{Session: next, User: caller.User})
}
