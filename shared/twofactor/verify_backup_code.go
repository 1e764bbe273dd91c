package twofactor

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

type backupCodeRequest struct {
	Code           string `json:"code"`
	DisableSession *bool  `json:"disableSession"`
	TrustDevice    *bool  `json:"trustDevice"`
}

// verifyBackupCode answers POST /api/auth/two-factor/verify-backup-code, which uses one of the backup codes. It
// finishes a sign-in, unless disableSession is true: then it starts no session.
func (s *Service) verifyBackupCode(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in backupCodeRequest
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
	case factor.ID == "":
		return errNoBackupCodes
	}
	tries := 0
	if a.isSignIn() {
		if tries, err = s.checkTries(w, r, db, a); err != nil {
			return err
		}
	}
	keys, err := s.EncryptionKeys(r.Context())
	if err != nil {
		return fmt.Errorf("read the secrets: %w", err)
	}
	rest, ok, err := useBackupCode(keys, factor.BackupCodes, in.Code)
	switch {
	case err != nil:
		return fmt.Errorf("read backup codes: %w", err)
	case !ok && a.isSignIn():
		next := strconv.Itoa(tries + 1)
		return s.fail(r, db, factor, a.state.Codes, next, errInvalidBackupCode, errInvalidChallenge)
	case !ok:
		return errInvalidBackupCode
	case !a.isSignIn():
		return s.useCallersBackupCode(w, r, db, a, factor, rest)
	}
	used := store.TwoFactorSignIn{Try: a.state.Codes, OldCodes: factor.BackupCodes, NewCodes: rest}
	failures := signInErrors{gone: errInvalidChallenge, used: errInvalidBackupCode, race: errBackupCodeRace}
	if in.DisableSession == nil || !*in.DisableSession {
		return s.finishSignIn(w, r, db, a, used, in.TrustDevice, failures)
	}
	if err := s.useCode(r, db, a, used, failures); err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, signedInReply{User: a.state.User})
}

// useCallersBackupCode handles a right code of a signed-in caller.
func (s *Service) useCallersBackupCode(
	w http.ResponseWriter, r *http.Request, db *store.Store, a attempt, factor store.TwoFactor, rest string,
) error {
	err := db.ReplaceBackupCodes(r.Context(), factor.ID, factor.BackupCodes, rest)
	switch {
	case errors.Is(err, store.ErrChanged):
		return errBackupCodeRace
	case err != nil:
		return fmt.Errorf("use backup code: %w", err)
	}
	return replySignedIn(w, *a.caller)
}
