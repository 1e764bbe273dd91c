package twofactor

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// The errors of the second factor (docs/wire.md#second-factor). Status, code and message are Better Auth's, except for
// errImpersonated, which only Xenon has.
var (
	errMailNotConfigured = web.NewError(http.StatusBadRequest, "OTP_NOT_CONFIGURED", "OTP is not available")
	errSendNotConfigured = web.NewError(http.StatusBadRequest, "OTP_NOT_CONFIGURED", "otp isn't configured")
	errMailedCodeExpired = web.NewError(http.StatusBadRequest, "OTP_HAS_EXPIRED", "OTP has expired")
	errTOTPNotEnabled    = web.NewError(http.StatusBadRequest, "TOTP_NOT_ENABLED", "TOTP not enabled")
	errTOTPEnabled       = web.NewError(http.StatusBadRequest, "TOTP_ALREADY_ENABLED", "TOTP is already enabled")
	errNotEnabled        = web.NewError(http.StatusBadRequest, "TWO_FACTOR_NOT_ENABLED", "Two factor isn't enabled")
	errNoBackupCodes     = web.NewError(http.StatusBadRequest, "BACKUP_CODES_NOT_ENABLED", "Backup codes aren't enabled")
	errTooManyTries      = web.NewError(http.StatusBadRequest, "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE",
		"Too many attempts. Please request a new code.")
	errInvalidCode       = web.NewError(http.StatusUnauthorized, "INVALID_CODE", "Invalid code")
	errInvalidBackupCode = web.NewError(http.StatusUnauthorized, "INVALID_BACKUP_CODE", "Invalid backup code")
	errInvalidChallenge  = web.NewError(http.StatusUnauthorized, "INVALID_TWO_FACTOR_COOKIE", "Invalid two factor cookie")
	errBackupCodeRace    = web.NewError(http.StatusConflict, "", "Failed to verify backup code. Please try again.")
	errLocked            = web.NewError(http.StatusTooManyRequests, "ACCOUNT_TEMPORARILY_LOCKED",
		"Too many failed verification attempts. Your account is temporarily locked. Please try again later.")
	errNoSession        = web.NewError(http.StatusBadRequest, "FAILED_TO_CREATE_SESSION", "Failed to create session")
	errUpdateUserFailed = web.NewError(http.StatusUnprocessableEntity, "FAILED_TO_UPDATE_USER", "Failed to update user")

	errImpersonated = web.NewError(http.StatusForbidden, "IMPERSONATION_NOT_ALLOWED",
		"You cannot change the second factor of a user whom you impersonate")
)

// changeError returns the error of a request whose change of a user has failed with err. If a constraint or trigger
// that the operator has added rejects it, the client gets errUpdateUserFailed, and the log record the reason.
func changeError(r *http.Request, action string, err error) error {
	reason := store.RejectionReason(err)
	if reason == "" {
		return fmt.Errorf("%s: %w", action, err)
	}
	web.NoteError(r.Context(), errors.New(reason))
	return errUpdateUserFailed
}
