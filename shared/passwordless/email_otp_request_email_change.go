package passwordless

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// requestEmailChangeOTP answers POST /api/auth/email-otp/request-email-change. As with Better Auth's default options,
// the email cannot be changed with a code.
func (s *Service) requestEmailChangeOTP(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		NewEmail string  `json:"newEmail"`
		OTP      *string `json:"otp"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if _, err := s.RequireSensitiveCaller(w, r, db); err != nil {
		return err
	}
	return errEmailChangeIsOff
}
