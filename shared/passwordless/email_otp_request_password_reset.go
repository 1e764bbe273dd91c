package passwordless

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// requestPasswordResetOTP answers POST /api/auth/email-otp/request-password-reset and its deprecated twin, POST
// /api/auth/forget-password/email-otp: it mails a code that resets the password.
func (s *Service) requestPasswordResetOTP(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		Email string `json:"email"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	email, err := lowerValidEmail(in.Email)
	if err != nil {
		return err
	}
	if err := s.sendCode(r, db, forgetPasswordCode, email, false); err != nil {
		return err
	}
	return replySuccess(w)
}
