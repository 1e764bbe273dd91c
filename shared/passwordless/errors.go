package passwordless

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/web"
)

// The errors of POST /magic-link/verify, which Better Auth does not have. GET /magic-link/verify redirects with their
// codes, as Better Auth does, so two codes are in lower case.
var (
	errInvalidLink    = web.NewError(http.StatusBadRequest, "INVALID_TOKEN", "Invalid token")
	errSignUpDisabled = web.NewError(http.StatusBadRequest, "new_user_signup_disabled", "Sign up is disabled")
	errRejected       = web.NewError(http.StatusUnprocessableEntity, "failed_to_create_user", "Failed to create user")
)
