package auth

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/web"
)

// The codes of the library, with its status and words (contract: endpoints).
var (
	errUnauthorized           = web.NewError(http.StatusUnauthorized, "UNAUTHORIZED", "Unauthorized")
	errInvalidEmail           = web.NewError(http.StatusBadRequest, "INVALID_EMAIL", "Invalid email")
	errPasswordTooShort       = web.NewError(http.StatusBadRequest, "PASSWORD_TOO_SHORT", "Password too short")
	errPasswordTooLong        = web.NewError(http.StatusBadRequest, "PASSWORD_TOO_LONG", "Password too long")
	errInvalidEmailOrPassword = web.NewError(http.StatusUnauthorized, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password")
	errUserExists             = web.NewError(http.StatusUnprocessableEntity, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
		"User already exists. Use another email.")
	errCreateUser = web.NewError(http.StatusUnprocessableEntity, "FAILED_TO_CREATE_USER", "Failed to create user")
	errGetSession = web.NewError(http.StatusUnauthorized, "FAILED_TO_GET_SESSION", "Failed to get session")
	errNoDefer    = web.NewError(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED",
		"POST method requires deferSessionRefresh to be enabled in session config")
)
