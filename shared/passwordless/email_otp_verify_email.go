package passwordless

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// verifyEmailReply is the body of the response to a code that has verified an email.
type verifyEmailReply struct {
	Status bool       `json:"status"`
	Token  *string    `json:"token"` // of the session that AUTO_SIGN_IN_AFTER_VERIFICATION starts, otherwise null
	User   store.User `json:"user"`
}

// verifyEmailOTP answers POST /api/auth/email-otp/verify-email: it verifies an email with a mailed code.
func (s *Service) verifyEmailOTP(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		Email string `json:"email"`
		OTP   string `json:"otp"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	email, err := lowerValidEmail(in.Email)
	if err != nil {
		return err
	}
	if _, err := s.chargeTry(r, db, email); err != nil {
		return err
	}
	user, err := db.VerifyEmailWithCode(r.Context(), emailVerificationCode, email, storableCode(in.OTP), s.Now())
	switch {
	case errors.Is(err, store.ErrRejected), errors.Is(err, store.ErrOrphan), errors.Is(err, store.ErrDuplicate):
		web.NoteError(r.Context(), err)
		return errUpdateUserFailed
	case err != nil:
		return codeError(err)
	}
	s.RefundCodeAttempt(r, db)
	if user.ID == "" {
		return errUserNotFound
	}
	web.NoteUser(r.Context(), user.ID)
	token, err := s.startSessionAfterVerification(w, r, db, user)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, verifyEmailReply{true, token, user})
}

// startSessionAfterVerification starts a session if AUTO_SIGN_IN_AFTER_VERIFICATION is on and the user needs no second
// factor for it, and returns its token. Otherwise it sets the cache cookie again if the user is signed in, because
// emailVerified is false in the old one.
func (s *Service) startSessionAfterVerification(
	w http.ResponseWriter, r *http.Request, db *store.Store, user store.User,
) (token *string, err error) {
	if !s.Options.AutoSignInAfterVerification || s.NeedsSecondFactor(user, false) {
		if !s.Options.CookieCache {
			return nil, nil
		}
		caller, err := s.CallerOrNil(w, r, db)
		if err != nil || caller == nil || caller.User.ID != user.ID {
			return nil, err
		}
		return nil, s.Sessions.RenewCacheCookie(w, r, session.Caller{Session: caller.Session, User: user})
	}
	row := s.Sessions.NewUnsavedSession(r, true)
	row.UserID = user.ID
	row.ID, err = db.InsertSession(r.Context(), row)
	switch {
	case errors.Is(err, store.ErrBanned):
		return nil, auth.ErrBanned
	case store.RejectionReason(err) != "": // the end of a ban changes the user
		web.NoteError(r.Context(), errors.New(store.RejectionReason(err)))
		return nil, errUpdateUserFailed
	case err != nil:
		return nil, fmt.Errorf("start session: %w", err)
	}
	return &row.Token, s.Sessions.RenewCookies(w, r, session.Caller{Session: row, User: user})
}
