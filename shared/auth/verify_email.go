package auth

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/xenon-auth/xenon/shared/redirect"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// verifyEmailReply is the body of the response to a link without a callbackURL that has verified or changed an email.
type verifyEmailReply struct {
	Status bool        `json:"status"`
	User   *store.User `json:"user"` // the changed user after an email change, otherwise null
}

// verifyEmail answers GET /api/auth/verify-email, the mailed link that verifies or changes an email. If the link has a
// callbackURL, it redirects there, with an error code in the query if the link is not valid. As in Better Auth, the
// error for a banned user is never a redirect; when the client gets this error, the email is already verified.
func (s *Service) verifyEmail(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		Token       string  `json:"token"`
		CallbackURL *string `json:"callbackURL"`
	}
	if err := s.decodeMailLinkQuery(r, &in); err != nil {
		return err
	}
	target := s.Options.OnSite(web.OrEmpty(in.CallbackURL))
	reply, err := s.redeemEmailLink(w, r, db, in.Token, target)
	var refused *web.Error
	switch {
	case errors.Is(err, ErrBanned):
		return err
	case errors.As(err, &refused) && target != "":
		web.NoteCode(r.Context(), refused.Code)
		return redirect.To(w, redirect.AddParameter(s.Options.Origin, target, "error", refused.Code))
	case err != nil:
		return err
	case target != "":
		return redirect.To(w, redirect.EncodeLocation(target))
	}
	return web.WriteJSON(w, http.StatusOK, reply)
}

// redeemEmailLink redeems the token of a link that verifies or changes an email, and returns the body of the response.
func (s *Service) redeemEmailLink(
	w http.ResponseWriter, r *http.Request, db *store.Store, token, target string,
) (any, error) {
	claims, err := s.parseMailToken(r.Context(), token)
	if err != nil {
		return nil, err
	}
	if claims.UpdateTo != "" {
		return s.redeemEmailChange(w, r, db, claims, target)
	}
	user, err := db.UserByEmail(r.Context(), strings.ToLower(claims.Email))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, errUserNotFound
	case err != nil:
		return nil, fmt.Errorf("find user: %w", err)
	case claims.UserID != "" && claims.UserID != user.ID: // another user has the email now
		return nil, errInvalidToken
	case user.EmailVerified:
		return verifyEmailReply{Status: true}, nil
	}
	web.NoteUser(r.Context(), user.ID)
	confirmed, err := db.ConfirmEmail(r.Context(), claims.linkIdentifier(), user.ID, user.Email, s.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return s.replyToUsedLink(r, db, user.ID)
	case err != nil:
		return nil, changeError(r, "confirm email", err)
	}
	return verifyEmailReply{Status: true}, s.startSessionAfterVerification(w, r, db, confirmed)
}

// replyToUsedLink returns the body of the response to a link that was used or revoked. If the email is verified by now,
// the response is a success. It starts no session: only the first use of a link can.
func (s *Service) replyToUsedLink(r *http.Request, db *store.Store, userID string) (any, error) {
	user, err := db.UserByID(r.Context(), userID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, errUserNotFound
	case err != nil:
		return nil, fmt.Errorf("find user: %w", err)
	case !user.EmailVerified:
		return nil, errInvalidToken
	}
	return verifyEmailReply{Status: true}, nil
}

// startSessionAfterVerification starts a session for a user who has just verified the email, if
// AUTO_SIGN_IN_AFTER_VERIFICATION is on, no user is signed in and the link needs no second factor (TWO_FACTOR_FOR). If
// this user is already signed in, and that setting or the cookie cache is on, it sets the cookies again, because
// emailVerified is false in the old cache cookie.
func (s *Service) startSessionAfterVerification(
	w http.ResponseWriter, r *http.Request, db *store.Store, user store.User,
) error {
	if !s.Options.AutoSignInAfterVerification && !s.Options.CookieCache {
		return nil
	}
	caller, err := s.CallerOrNil(w, r, db)
	switch {
	case err != nil:
		return err
	case caller != nil && caller.User.ID == user.ID:
		return s.Sessions.RenewCookies(w, r, session.Caller{Session: caller.Session, User: user})
	case caller != nil: // another user: an attacker may have sent the link to make the browser change the user
		return nil
	case !s.Options.AutoSignInAfterVerification, s.NeedsSecondFactor(user, false):
		return nil
	}
	row := s.Sessions.NewUnsavedSession(r, true)
	row.UserID = user.ID
	row.ID, err = db.InsertSession(r.Context(), row)
	switch {
	case errors.Is(err, store.ErrBanned):
		return ErrBanned
	case err != nil:
		return changeError(r, "start session", err)
	}
	return s.Sessions.RenewCookies(w, r, session.Caller{Session: row, User: user})
}
