package auth

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// verifyReply is the answer to a click that was not to be redirected.
type verifyReply struct {
	Status bool        `json:"status"`
	User   *store.User `json:"user"` // after a change of address; else null
}

// verifyEmail answers GET /api/auth/verify-email: the click on a mailed link that verifies or changes an address. With a
// callbackURL every outcome goes there, but that the person is banned: as in the library, which has an address verified by
// then.
func (s *Service) verifyEmail(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Token       string  `json:"token"`
		CallbackURL *string `json:"callbackURL"`
	}
	if err := s.readLink(r, &in); err != nil {
		return err
	}
	target := optional(in.CallbackURL)
	reply, err := s.redeemEmailLink(w, r, in.Token, target)
	var refused *web.Error
	switch {
	case errors.Is(err, errBanned):
		return err
	case errors.As(err, &refused) && target != "":
		web.NoteCode(r.Context(), refused.Code)
		return redirect(w, s.addParameter(target, "error", refused.Code))
	case err != nil:
		return err
	case target != "":
		return redirect(w, verbatim(target))
	}
	return web.JSON(w, http.StatusOK, reply)
}

// redeemEmailLink does what a token says and returns the answer.
func (s *Service) redeemEmailLink(w http.ResponseWriter, r *http.Request, token, target string) (any, error) {
	claims, err := s.openMailToken(r.Context(), token)
	if err != nil {
		return nil, err
	}
	if claims.UpdateTo != "" {
		return s.redeemChange(w, r, claims, target)
	}
	user, err := s.Store.UserByEmail(r.Context(), strings.ToLower(claims.Email))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, errUserNotFound
	case err != nil:
		return nil, fmt.Errorf("find user: %w", err)
	case claims.UserID != "" && claims.UserID != user.ID: // somebody else has the address by now
		return nil, errInvalidToken
	case user.EmailVerified:
		return verifyReply{Status: true}, nil
	}
	web.NoteUser(r.Context(), user.ID)
	confirmed, err := s.Store.ConfirmEmail(r.Context(), claims.row(), user.ID, user.Email, s.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return s.redeemedBefore(r, user.ID)
	case err != nil:
		return nil, fmt.Errorf("confirm address: %w", err)
	}
	return verifyReply{Status: true}, s.afterVerification(w, r, confirmed)
}

// redeemedBefore answers a click on a link that is spent or revoked. Where a concurrent click verified the address that
// is a success, but only the first click may open a session.
func (s *Service) redeemedBefore(r *http.Request, userID string) (any, error) {
	user, err := s.Store.UserByID(r.Context(), userID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, errUserNotFound
	case err != nil:
		return nil, fmt.Errorf("find user: %w", err)
	case !user.EmailVerified:
		return nil, errInvalidToken
	}
	return verifyReply{Status: true}, nil
}

// afterVerification opens a session for a person who has just shown that an address is theirs, if the deployment wants
// that and nobody is signed in; the cookies of a session that they have already are handed out again, since a cache
// cookie still says "not verified".
func (s *Service) afterVerification(w http.ResponseWriter, r *http.Request, user store.User) error {
	if !s.Options.AutoSignInAfterVerification && !s.Options.CookieCache {
		return nil
	}
	caller, err := s.anybody(w, r)
	switch {
	case err != nil:
		return err
	case caller != nil && caller.User.ID == user.ID:
		return s.Sessions.Reset(w, r, session.Caller{Session: caller.Session, User: user})
	case caller != nil: // a link, which anybody may have sent, must not put another user in the place of this one
		return nil
	case !s.Options.AutoSignInAfterVerification:
		return nil
	}
	row := s.Sessions.Prepare(r, true)
	row.UserID = user.ID
	row.ID, err = s.Store.InsertSession(r.Context(), row)
	switch {
	case errors.Is(err, store.ErrBanned):
		return errBanned
	case err != nil:
		return fmt.Errorf("start session: %w", err)
	}
	return s.Sessions.Reset(w, r, session.Caller{Session: row, User: user})
}
