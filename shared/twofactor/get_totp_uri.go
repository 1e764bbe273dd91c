package twofactor

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// getTOTPURI answers POST /api/auth/two-factor/get-totp-uri with the URI of the caller's secret, for another
// authenticator app.
func (s *Service) getTOTPURI(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in passwordRequest
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	caller, err := s.RequireCaller(w, r, db)
	if err != nil {
		return err
	}
	factor, err := s.twoFactorOf(r.Context(), db, caller)
	switch {
	case err != nil:
		return err
	case factor.ID == "":
		return errTOTPNotEnabled
	}
	if err := s.ConfirmPassword(r, db, caller, in.Password); err != nil {
		return err
	}
	if err := checkNotImpersonated(caller); err != nil {
		return err
	}
	key, err := s.decryptKey(r.Context(), factor)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, struct {
		TOTPURI string `json:"totpURI"`
	}{totpURI(key, s.Options.AppName, caller.User.Email)})
}
