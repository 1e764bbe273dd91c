package passwordless

import (
	"errors"
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// The errors of POST /magic-link/verify, which Better Auth does not have. GET /magic-link/verify redirects with their
// codes, as Better Auth does, so two codes are in lower case.
var (
	errInvalidLink    = web.NewError(http.StatusBadRequest, "INVALID_TOKEN", "Invalid token")
	errSignUpDisabled = web.NewError(http.StatusBadRequest, "new_user_signup_disabled", "Sign up is disabled")
	errRejected       = web.NewError(http.StatusUnprocessableEntity, "failed_to_create_user", "Failed to create user")
)

// The errors of mailed codes, as in Better Auth.
var (
	errInvalidCode      = web.NewError(http.StatusBadRequest, "INVALID_OTP", "Invalid OTP")
	errCodeExpired      = web.NewError(http.StatusBadRequest, "OTP_EXPIRED", "OTP expired")
	errTooManyTries     = web.NewError(http.StatusForbidden, "TOO_MANY_ATTEMPTS", "Too many attempts")
	errUserNotFound     = web.NewError(http.StatusBadRequest, "USER_NOT_FOUND", "User not found")
	errInvalidCodeType  = web.NewError(http.StatusBadRequest, "", "Invalid OTP type")
	errEmailChangeIsOff = web.NewError(http.StatusBadRequest, "", "Change email with OTP is disabled")
	errCreateUserFailed = web.NewError(http.StatusUnprocessableEntity, "FAILED_TO_CREATE_USER", "Failed to create user")
	errUpdateUserFailed = web.NewError(http.StatusUnprocessableEntity, "FAILED_TO_UPDATE_USER", "Failed to update user")
)

// codeError converts an error of a statement that checks a code into the error of the response.
func codeError(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errInvalidCode
	case errors.Is(err, store.ErrCodeExpired):
		return errCodeExpired
	case errors.Is(err, store.ErrCodeUsedUp):
		return errTooManyTries
	}
	return err
}
