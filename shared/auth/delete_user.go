package auth

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// deletionLife is how long a mailed link that deletes an account works.
const deletionLife = 24 * time.Hour

// deletionReply is what the two endpoints that delete a user answer.
type deletionReply struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
}

var userDeleted = deletionReply{true, "User deleted"}

// deletionIdentifier is how the library stores a token that permits a deletion; see resetIdentifier.
func deletionIdentifier(token string) string { return store.DeleteAccountLink + token }

// deleteUser answers POST /api/auth/delete-user: by a mailed token, by the password, or by a session that is fresh.
func (s *Service) deleteUser(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		CallbackURL *string `json:"callbackURL"`
		Password    *string `json:"password"`
		Token       *string `json:"token"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	caller, err := s.sensitive(w, r)
	switch {
	case err != nil:
		return err
	case !s.Options.DeleteUser:
		return errDeleteDisabled
	}
	if secret := optional(in.Password); secret != "" {
		if _, err := s.confirmPassword(r, caller, secret); err != nil {
			return err
		}
	}
	token, stale := optional(in.Token), s.Now().Sub(caller.Session.CreatedAt.Time) >= freshAge
	switch {
	case token != "":
		err = s.deleteByToken(w, r, caller, token)
	case s.Options.DeleteUserVerification && s.Mail != nil:
		return s.mailDeletion(w, r, caller, optional(in.CallbackURL))
	case stale && optional(in.Password) == "":
		return errSessionExpired
	default:
		err = s.deleteCaller(w, r, caller)
	}
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, userDeleted)
}

// mailDeletion sends the caller the link that deletes their account.
func (s *Service) mailDeletion(w http.ResponseWriter, r *http.Request, caller *session.Caller, callbackURL string) error {
	m := mail.Message{Kind: mail.DeleteAccount, To: caller.User.Email, Token: oneTimeToken(deleteAlphabet, deleteLength)}
	m.URL = s.Options.Origin + basePath + "/delete-user/callback?token=" + m.Token + "&callbackURL=" + component(cmp.Or(callbackURL, "/"))
	now := s.Now().Truncate(time.Millisecond)
	err := s.Store.InsertVerification(r.Context(), deletionIdentifier(m.Token), caller.User.ID, now.Add(deletionLife), now)
	if err != nil {
		return fmt.Errorf("store deletion token: %w", err)
	}
	s.send(r, m)
	return web.JSON(w, http.StatusOK, deletionReply{true, "Verification email sent"})
}

// deleteByToken spends a mailed token and deletes the caller if it is theirs.
func (s *Service) deleteByToken(w http.ResponseWriter, r *http.Request, caller *session.Caller, token string) error {
	err := s.Store.DeleteUserByVerification(r.Context(), deletionIdentifier(token), caller.User.ID, s.Now())
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrInvalid): // the latter: text that no row can hold
		return errInvalidDeletion
	case err != nil:
		return fmt.Errorf("delete user: %w", err)
	}
	s.Sessions.Clear(w, r)
	return nil
}

func (s *Service) deleteCaller(w http.ResponseWriter, r *http.Request, caller *session.Caller) error {
	if err := s.Store.DeleteUser(r.Context(), caller.User.ID); err != nil {
		return fmt.Errorf("delete user: %w", err)
	}
	s.Sessions.Clear(w, r)
	return nil
}
