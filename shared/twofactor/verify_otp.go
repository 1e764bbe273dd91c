package twofactor

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// verifyOTP answers POST /api/auth/two-factor/verify-otp, which receives a mailed code. It finishes a sign-in. A
// signed-in caller who needed no second factor before needs one from now on.
func (s *Service) verifyOTP(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in codeRequest
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	a, err := s.beginAttempt(w, r, db)
	if err != nil {
		return err
	}
	try, err := s.mailedCode(r, db, a)
	if err != nil {
		return err
	}
	stored, count, _ := strings.Cut(try.Value, ":")
	tries, err := strconv.Atoi(count)
	if err != nil {
		tries = 0
	}
	if tries >= maxTries {
		if err := db.DeleteVerifications(r.Context(), try.Identifier); err != nil {
			return fmt.Errorf("end mailed code: %w", err)
		}
		return errTooManyTries
	}
	if subtle.ConstantTimeCompare([]byte(stored), []byte(in.Code)) != 1 {
		next := stored + ":" + strconv.Itoa(tries+1)
		return s.fail(r, db, a.state.Factor, try, next, errInvalidCode, errMailedCodeExpired)
	}
	if a.isSignIn() {
		return s.finishSignIn(w, r, db, a, store.TwoFactorSignIn{Try: try}, in.TrustDevice,
			signInErrors{gone: errMailedCodeExpired, used: errMailedCodeExpired, race: errMailedCodeExpired})
	}
	return s.useCallersMailedCode(w, r, db, a, try)
}

// mailedCode returns the row of the code that was mailed for the attempt. For a sign-in it returns an error if the user
// is locked. A user without an authenticator app has a rate limit instead of a lock, which counts the attempt first.
func (s *Service) mailedCode(r *http.Request, db *store.Store, a attempt) (try store.Try, err error) {
	if !a.isSignIn() {
		if try, err = db.MailedCode(r.Context(), a.owner(), s.Now()); err != nil {
			return try, fmt.Errorf("find mailed code: %w", err)
		}
	} else {
		switch try = a.state.Mailed; {
		case a.state.Factor.IsLocked(s.Now()):
			return try, errLocked
		case !isEnabled(a.state.User): // the second factor was switched off meanwhile
			return try, errNoSession
		}
	}
	if try.Value == "" {
		return try, errMailedCodeExpired
	}
	if a.isSignIn() && a.state.Factor.ID == "" && s.Options.RateLimit {
		db.AddCharges(s.TwoFactorMailCharge(a.state.User.ID))
		err := db.FlushCharges(r.Context())
		if store.IsRateLimitError(err) {
			return try, errLocked
		}
		return try, err
	}
	return try, nil
}

// useCallersMailedCode handles a right code of a signed-in caller.
func (s *Service) useCallersMailedCode(
	w http.ResponseWriter, r *http.Request, db *store.Store, a attempt, try store.Try,
) error {
	if isEnabled(a.caller.User) {
		err := db.SpendMailedCode(r.Context(), try)
		switch {
		case errors.Is(err, store.ErrChanged):
			return errMailedCodeExpired
		case err != nil:
			return fmt.Errorf("use mailed code: %w", err)
		}
		return replySignedIn(w, *a.caller)
	}
	if err := checkNotImpersonated(a.caller); err != nil {
		return err
	}
	changed, err := s.changeTwoFactor(w, r, db, a.caller, store.TwoFactorChange{Enabled: true, Mailed: try})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errMailedCodeExpired
	case errors.Is(err, store.ErrBanned):
		return auth.ErrBanned
	case err != nil:
		return err
	}
	return replySignedIn(w, changed)
}
