package passwordless

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// checkVerificationOTP answers POST /api/auth/email-otp/check-verification-otp: it checks a code and does not use it
// up. A wrong code counts as a try.
func (s *Service) checkVerificationOTP(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		Email string `json:"email"`
		Type  string `json:"type" check:"enum=email-verification|sign-in|forget-password|change-email"`
		OTP   string `json:"otp"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	email, err := lowerValidEmail(in.Email)
	if err != nil {
		return err
	}
	if err := s.checkCode(r, db, in.Type, email, in.OTP); err != nil {
		return err
	}
	return replySuccess(w)
}

// checkCode checks a code without using it up. It returns an error if no user has the email.
func (s *Service) checkCode(r *http.Request, db *store.Store, codeType, email, code string) error {
	if _, err := s.chargeTry(r, db, email); err != nil {
		return err
	}
	userID, err := db.CheckCode(r.Context(), codeType, email, storableCode(code), s.Now())
	if err != nil {
		return codeError(err)
	}
	s.RefundCodeAttempt(r, db)
	if userID == "" {
		return errUserNotFound
	}
	web.NoteUser(r.Context(), userID)
	return nil
}
