package passwordless

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// sendVerificationOTP answers POST /api/auth/email-otp/send-verification-otp: it mails a code. Response and work are
// the same whether a user has the email or not.
func (s *Service) sendVerificationOTP(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		Email string `json:"email"`
		Type  string `json:"type" check:"enum=email-verification|sign-in|forget-password|change-email"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if err := s.Origins.CheckOriginOfLogin(r); err != nil {
		return err
	}
	email, err := lowerValidEmail(in.Email)
	switch {
	case err != nil:
		return err
	case in.Type == changeEmailCode:
		return errInvalidCodeType
	}
	if err := s.sendCode(r, db, in.Type, email, in.Type == signInCode && s.Options.SignUp); err != nil {
		return err
	}
	return replySuccess(w)
}
