package auth

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/web"
)

// Errors of signing up, signing in and sessions. The errors in this file have Better Auth's status, code and message
// (docs/wire.md#endpoints). Only errInvalidCancelToken is of an endpoint that Better Auth does not have.
var (
	ErrUnauthorized           = web.NewError(http.StatusUnauthorized, "UNAUTHORIZED", "Unauthorized")
	errSessionNotFresh        = web.NewError(http.StatusForbidden, "SESSION_NOT_FRESH", "Session is not fresh")
	ErrInvalidEmail           = web.NewError(http.StatusBadRequest, "INVALID_EMAIL", "Invalid email")
	errPasswordTooShort       = web.NewError(http.StatusBadRequest, "PASSWORD_TOO_SHORT", "Password too short")
	errPasswordTooLong        = web.NewError(http.StatusBadRequest, "PASSWORD_TOO_LONG", "Password too long")
	errInvalidEmailOrPassword = web.NewError(http.StatusUnauthorized, "INVALID_EMAIL_OR_PASSWORD",
		"Invalid email or password")
	errUserExists = web.NewError(http.StatusUnprocessableEntity, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
		"User already exists. Use another email.")
	errSignUpDisabled = web.NewError(http.StatusBadRequest, "EMAIL_PASSWORD_SIGN_UP_DISABLED",
		"Email and password sign up is not enabled")
	errCreateUserFailed = web.NewError(http.StatusUnprocessableEntity, "FAILED_TO_CREATE_USER", "Failed to create user")
	errGetSessionFailed = web.NewError(http.StatusUnauthorized, "FAILED_TO_GET_SESSION", "Failed to get session")
	// Better Auth's admin plugin returns this error, with this message by default.
	ErrBanned = web.NewError(http.StatusForbidden, "BANNED_USER",
		"You have been banned from this application. Please contact support if you believe this is an error.")
	// The only refusal of sign-in/supabase that is not one of sign-in/email. The reason is in the audit log.
	errInvalidSupabaseSession = web.NewError(http.StatusUnauthorized, "INVALID_SUPABASE_SESSION",
		"Invalid Supabase session")
	errPostGetSession = web.NewError(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED",
		"POST method requires deferSessionRefresh to be enabled in session config")
)

// Errors of users and accounts.
var (
	errNoFieldsToUpdate  = web.NewError(http.StatusBadRequest, "", "No fields to update")
	errEmailNotUpdatable = web.NewError(http.StatusBadRequest, "EMAIL_CAN_NOT_BE_UPDATED", "Email can not be updated")
	errUpdateUserFailed  = web.NewError(http.StatusUnprocessableEntity, "FAILED_TO_UPDATE_USER",
		"Failed to update user")
	errLastAccount = web.NewError(http.StatusBadRequest, "FAILED_TO_UNLINK_LAST_ACCOUNT",
		"You can't unlink your last account")
	ErrAccountNotFound = web.NewError(http.StatusBadRequest, "ACCOUNT_NOT_FOUND", "Account not found")
)

// Errors of passwords, mailed links and the settings that switch endpoints off.
var (
	ErrInvalidCallbackURL = web.NewError(http.StatusForbidden, "INVALID_CALLBACK_URL", "Invalid callbackURL")
	// Better Auth's haveIBeenPwned plugin returns this error.
	errPasswordCompromised = web.NewError(http.StatusBadRequest, "PASSWORD_COMPROMISED",
		"The password you entered has been compromised. Please choose a different password.")

	// The errors for a one-time token that is unknown, expired or used, or that is for another user. Their code is the
	// same, but the status depends on the endpoint. For an expired mail token (a JWT) the error is errTokenExpired
	// instead.
	errInvalidToken         = web.NewError(http.StatusUnauthorized, "INVALID_TOKEN", "Invalid token")
	errInvalidResetToken    = web.NewError(http.StatusBadRequest, "INVALID_TOKEN", "Invalid token")
	errInvalidCancelToken   = web.NewError(http.StatusBadRequest, "INVALID_TOKEN", "Invalid token")
	errInvalidDeletionToken = web.NewError(http.StatusNotFound, "INVALID_TOKEN", "Invalid token")

	errTokenExpired     = web.NewError(http.StatusUnauthorized, "TOKEN_EXPIRED", "Token expired")
	errUserNotFound     = web.NewError(http.StatusUnauthorized, "USER_NOT_FOUND", "User not found")
	errResetUserDeleted = web.NewError(http.StatusBadRequest, "USER_NOT_FOUND", "User not found")
	errInvalidUser      = web.NewError(http.StatusUnauthorized, "INVALID_USER", "Invalid user")

	errInvalidPassword   = web.NewError(http.StatusBadRequest, "INVALID_PASSWORD", "Invalid password")
	errNoPasswordAccount = web.NewError(http.StatusBadRequest, "CREDENTIAL_ACCOUNT_NOT_FOUND",
		"Credential account not found")
	errResetDisabled = web.NewError(http.StatusBadRequest, "RESET_PASSWORD_DISABLED", "Reset password isn't enabled")

	errVerificationDisabled = web.NewError(http.StatusBadRequest, "VERIFICATION_EMAIL_NOT_ENABLED",
		"Verification email isn't enabled")
	ErrEmailNotVerified     = web.NewError(http.StatusForbidden, "EMAIL_NOT_VERIFIED", "Email not verified")
	errEmailAlreadyVerified = web.NewError(http.StatusBadRequest, "EMAIL_ALREADY_VERIFIED", "Email is already verified")
	errEmailMismatch        = web.NewError(http.StatusBadRequest, "EMAIL_MISMATCH", "Email mismatch")
	errChangeEmailDisabled  = web.NewError(http.StatusBadRequest, "CHANGE_EMAIL_DISABLED", "Change email is disabled")
	errSameEmail            = web.NewError(http.StatusBadRequest, "", "Email is the same")
	errNoMailForEmailChange = web.NewError(http.StatusBadRequest, "", "Verification email isn't enabled")

	errDeleteUserDisabled = &web.Error{Status: http.StatusNotFound, Body: web.NoBody}
	errNotFound           = web.NewError(http.StatusNotFound, "NOT_FOUND", "Not found")
	errGetUserInfo        = web.NewError(http.StatusNotFound, "FAILED_TO_GET_USER_INFO", "Failed to get user info")
	errSessionExpired     = web.NewError(http.StatusBadRequest, "SESSION_EXPIRED",
		"Session expired. Re-authenticate to perform this action.")
)
