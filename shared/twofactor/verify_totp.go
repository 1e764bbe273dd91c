package twofactor

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// codeRequest is the body of the endpoints that receive a code.
type codeRequest struct {
	Code        string `json:"code"`
	TrustDevice *bool  `json:"trustDevice"`
}

// verifyTOTP answers POST /api/auth/two-factor/verify-totp, which receives a code of the authenticator app. It finishes
// a sign-in, or the set-up of a signed-in caller. A code works once (D130 in docs/divergences.md).
func (s *Service) verifyTOTP(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in codeRequest
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	a, err := s.beginAttempt(w, r, db)
	if err != nil {
		return err
	}
	factor, err := s.factor(r, db, a)
	switch {
	case err != nil:
		return err
	case factor.ID == "", a.isSignIn() && !factor.IsSetUp():
		return errTOTPNotEnabled
	}
	tries := 0
	if a.isSignIn() {
		if tries, err = s.checkTries(w, r, db, a); err != nil {
			return err
		}
	}
	key, err := s.decryptKey(r.Context(), factor)
	if err != nil {
		return err
	}
	counter, ok := matchTOTP(key, in.Code, s.Now())
	code := usedCode(factor, counter)
	next := strconv.Itoa(tries + 1)
	switch {
	case !ok && a.isSignIn():
		return s.fail(r, db, factor, a.state.Codes, next, errInvalidCode, errInvalidChallenge)
	case !ok:
		return errInvalidCode
	case a.isSignIn():
		return s.finishSignIn(w, r, db, a, store.TwoFactorSignIn{Try: a.state.Codes, NextTry: next, Code: code},
			in.TrustDevice, signInErrors{gone: errInvalidChallenge, used: errInvalidCode, race: errInvalidChallenge})
	}
	return s.verifyCallersApp(w, r, db, a, factor, code)
}

// usedCode returns the code of a secret for a counter. Its identifier has a hash of the stored secret, because a new
// set-up has other codes.
func usedCode(f store.TwoFactor, counter int64) store.UsedCode {
	hash := sha256.Sum256([]byte(f.Secret))
	identifier := "totp-used-" + hex.EncodeToString(hash[:16]) + "-" + strconv.FormatInt(counter, 10)
	return store.UsedCode{Identifier: identifier, EndsAt: totpCodeEnds(counter)}
}

// verifyCallersApp handles a right code of a signed-in caller. The first one finishes the set-up. Then the caller gets
// a new session, and needs a second factor from now on, unless that was so already.
func (s *Service) verifyCallersApp(
	w http.ResponseWriter, r *http.Request, db *store.Store, a attempt, factor store.TwoFactor, code store.UsedCode,
) error {
	isVerified := factor.Verified != nil && *factor.Verified
	if isVerified || isEnabled(a.caller.User) {
		err := db.VerifyTwoFactor(r.Context(), factor, code, s.Now().Truncate(time.Millisecond))
		switch {
		case errors.Is(err, store.ErrDuplicate):
			return errInvalidCode
		case err != nil:
			return fmt.Errorf("use code: %w", err)
		}
		return replySignedIn(w, *a.caller)
	}
	if err := checkNotImpersonated(a.caller); err != nil {
		return err
	}
	changed, err := s.changeTwoFactor(w, r, db, a.caller, store.TwoFactorChange{Enabled: true, Factor: factor, Code: code})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errInvalidCode
	case err != nil:
		return err
	}
	return replySignedIn(w, changed)
}
