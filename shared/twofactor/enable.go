package twofactor

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

type enableRequest struct {
	Password string  `json:"password"`
	Method   *string `json:"method" check:"enum=otp|totp"`
	Issuer   *string `json:"issuer"`
}

type enableReply struct {
	Method      string   `json:"method"`
	TOTPURI     string   `json:"totpURI,omitempty"`
	BackupCodes []string `json:"backupCodes,omitempty"`
}

// enable answers POST /api/auth/two-factor/enable. With the method totp, it stores a secret and backup codes for the
// caller, which count after verify-totp has received a code. With the method otp, the caller needs a mailed code from
// now on.
func (s *Service) enable(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in enableRequest
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	caller, err := s.RequireSensitiveCaller(w, r, db)
	if err != nil {
		return err
	}
	if err := s.ConfirmPassword(r, db, caller, in.Password); err != nil {
		return err
	}
	if err := checkNotImpersonated(caller); err != nil {
		return err
	}
	if web.OrEmpty(in.Method) == auth.TwoFactorByMail {
		return s.enableMailedCodes(w, r, db, caller)
	}
	return s.setUpApp(w, r, db, caller, web.OrEmpty(in.Issuer))
}

// enableMailedCodes makes the caller need a second factor from now on, without an authenticator app.
func (s *Service) enableMailedCodes(
	w http.ResponseWriter, r *http.Request, db *store.Store, caller *session.Caller,
) error {
	if !s.SendsMail() {
		return errMailNotConfigured
	}
	_, err := s.changeTwoFactor(w, r, db, caller, store.TwoFactorChange{Enabled: true})
	switch {
	case errors.Is(err, store.ErrNotFound): // another request has ended the session
		return auth.ErrUnauthorized
	case err != nil:
		return err
	}
	return web.WriteJSON(w, http.StatusOK, enableReply{Method: auth.TwoFactorByMail})
}

// setUpApp stores a secret and backup codes for the caller.
func (s *Service) setUpApp(
	w http.ResponseWriter, r *http.Request, db *store.Store, caller *session.Caller, issuer string,
) error {
	keys, err := s.EncryptionKeys(r.Context())
	if err != nil {
		return fmt.Errorf("read the secrets: %w", err)
	}
	secret := newTOTPSecret()
	codes, stored, err := s.newBackupCodes(r.Context())
	if err != nil {
		return err
	}
	err = db.SetUpTwoFactor(r.Context(), caller.User.ID, keys.Encrypt(secret), stored)
	switch {
	case errors.Is(err, store.ErrDuplicate):
		return errTOTPEnabled
	case err != nil:
		return fmt.Errorf("set up second factor: %w", err)
	}
	uri := totpURI([]byte(secret), cmp.Or(issuer, s.Options.AppName), caller.User.Email)
	return web.WriteJSON(w, http.StatusOK, enableReply{auth.TwoFactorByApp, uri, codes})
}

// changeTwoFactor stores a change for the caller, replaces the session and sets its cookies. It returns
// store.ErrNotFound if the change is not allowed any more.
func (s *Service) changeTwoFactor(
	w http.ResponseWriter, r *http.Request, db *store.Store, caller *session.Caller, c store.TwoFactorChange,
) (session.Caller, error) {
	remember, err := s.Sessions.IsRemembered(r)
	if err != nil {
		return session.Caller{}, err
	}
	next := s.Sessions.NewUnsavedSession(r, remember)
	next.UserID = caller.User.ID
	c.OldToken, c.Next, c.At = caller.Session.Token, &next, next.CreatedAt.Time
	user, err := db.ChangeTwoFactor(r.Context(), c)
	if err != nil {
		return session.Caller{}, changeError(r, "change second factor", err)
	}
	changed := session.Caller{Session: next, User: user}
	return changed, s.Sessions.RenewCookies(w, r, changed)
}
