package auth

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/random"
	"github.com/xenon-auth/xenon/shared/redirect"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// deletionLinkLifetime is how long a mailed link that deletes a user is valid.
const deletionLinkLifetime = 24 * time.Hour

// deletionReply is the reply of the two endpoints that delete a user.
type deletionReply struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
}

var userDeletedReply = deletionReply{true, "User deleted"}

// deletionLinkIdentifier returns the identifier of a deletion token in the table verification, as Better Auth forms it
// (see resetLinkIdentifier).
func deletionLinkIdentifier(token string) string { return store.DeleteAccountLinkPrefix + token }

// deleteUser answers POST /api/auth/delete-user. The caller needs a mailed token, the password or a fresh session. If
// DELETE_USER_VERIFICATION is on and the deployment can send mails, a request without a token deletes nothing: it mails
// a link.
func (s *Service) deleteUser(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		CallbackURL *string `json:"callbackURL"`
		Password    *string `json:"password"`
		Token       *string `json:"token"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	caller, err := s.RequireSensitiveCaller(w, r, db)
	switch {
	case err != nil:
		return err
	case !s.Options.DeleteUser:
		return errDeleteUserDisabled
	}
	if secret := web.OrEmpty(in.Password); secret != "" {
		if _, err := s.confirmPassword(r, db, caller, secret); err != nil {
			return err
		}
	}
	token := web.OrEmpty(in.Token)
	switch {
	case token != "":
		err = s.deleteCallerByToken(w, r, db, caller, token)
	case s.Options.DeleteUserVerification && s.SendsMail():
		return s.sendDeletionLink(w, r, db, caller, web.OrEmpty(in.CallbackURL))
	case !s.isSessionFresh(caller) && web.OrEmpty(in.Password) == "":
		return errSessionExpired
	default:
		err = s.deleteCaller(w, r, db, caller)
	}
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, userDeletedReply)
}

// sendDeletionLink mails the caller a link that deletes the caller's user.
func (s *Service) sendDeletionLink(
	w http.ResponseWriter, r *http.Request, db *store.Store, caller *session.Caller, callbackURL string,
) error {
	token, userID := random.String(deletionTokenAlphabet, deletionTokenLength), caller.User.ID
	m := mail.Message{Kind: mail.DeleteAccount, To: caller.User.Email, Token: token}
	m.URL = s.Options.Origin + BasePath + "/delete-user/callback?token=" + token +
		"&callbackURL=" + redirect.EncodeURIComponent(cmp.Or(callbackURL, s.Options.Page("/")))
	now := s.Now().Truncate(time.Millisecond)
	err := db.InsertVerification(r.Context(), deletionLinkIdentifier(token), userID, now.Add(deletionLinkLifetime), now)
	if err != nil {
		return fmt.Errorf("store deletion token: %w", err)
	}
	s.SendMailWithinLimits(r, db, m)
	return web.WriteJSON(w, http.StatusOK, deletionReply{true, "Verification email sent"})
}

// deleteCallerByToken deletes the caller's user if the mailed token is valid for this user. The token of another user
// is not accepted, but it cannot be used again either.
func (s *Service) deleteCallerByToken(
	w http.ResponseWriter, r *http.Request, db *store.Store, caller *session.Caller, token string,
) error {
	err := db.DeleteUserByLink(r.Context(), deletionLinkIdentifier(token), caller.User.ID, s.Now())
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrInvalid):
		return errInvalidDeletionToken
	case err != nil:
		return changeError(r, "delete user", err)
	}
	s.Sessions.ClearCookies(w, r)
	return nil
}

func (s *Service) deleteCaller(w http.ResponseWriter, r *http.Request, db *store.Store, caller *session.Caller) error {
	if err := db.DeleteUser(r.Context(), caller.User.ID); err != nil {
		return changeError(r, "delete user", err)
	}
	s.Sessions.ClearCookies(w, r)
	return nil
}
