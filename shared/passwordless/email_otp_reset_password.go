package passwordless

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// resetPasswordOTP answers POST /api/auth/email-otp/reset-password: it sets a new password with a mailed code. It
// checks the code before it hashes the password, and uses it up in the statement that stores the hash. That statement
// does what a reset with a mailed link does, and verifies the email.
func (s *Service) resetPasswordOTP(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		Email    string `json:"email"`
		OTP      string `json:"otp"`
		Password string `json:"password"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	email, err := lowerValidEmail(in.Email)
	if err == nil {
		err = auth.CheckPasswordLength(in.Password)
	}
	if err != nil {
		return err
	}
	if err := s.checkCode(r, db, forgetPasswordCode, email, in.OTP); err != nil {
		return err
	}
	hash, err := s.HashNewPassword(r, in.Password)
	if err != nil {
		return err
	}
	ok, removed, err := db.ResetPasswordWithCode(r.Context(), forgetPasswordCode, email, storableCode(in.OTP), hash,
		s.Options.RevokeSessionsOnPasswordReset, s.ResetCounterKeys(r, email), s.Now())
	switch {
	case store.IsRejectedByDatabase(err):
		web.NoteError(r.Context(), err)
		return errUpdateUserFailed
	case err != nil:
		return codeError(err)
	case !ok:
		return errUserNotFound
	}
	if removed > 0 {
		web.NoteAccountsRemoved(r.Context(), removed)
	}
	if err := s.Sessions.SetDevice(w, r, email, hash); err != nil {
		return err
	}
	return replySuccess(w)
}
