package social

import (
	"errors"
	"net/http"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/web"
)

// The errors of social sign-in (docs/wire.md#social-sign-in). Status, code and message are Better Auth's, except for
// errStateTooLong and errURLTooLong, which only Xenon has.
var (
	errProviderNotFound    = web.NewError(http.StatusNotFound, "PROVIDER_NOT_FOUND", "Provider not found")
	errIDTokenNotSupported = web.NewError(http.StatusNotFound, "ID_TOKEN_NOT_SUPPORTED", "id_token not supported")
	errInvalidIDToken      = web.NewError(http.StatusUnauthorized, "INVALID_TOKEN", "Invalid token")
	errGetUserInfo         = web.NewError(http.StatusUnauthorized, "FAILED_TO_GET_USER_INFO", "Failed to get user info")
	errUserEmailNotFound   = web.NewError(http.StatusUnauthorized, "USER_EMAIL_NOT_FOUND", "User email not found")
	errLinkingNotAllowed   = web.NewError(
		http.StatusUnauthorized,
		"LINKING_NOT_ALLOWED",
		"Account not linked - linking not allowed",
	)
	errDifferentEmails = web.NewError(
		http.StatusUnauthorized,
		"LINKING_DIFFERENT_EMAILS_NOT_ALLOWED",
		"Account not linked - different emails not allowed",
	)
	errAccountAlreadyLinked = web.NewError(
		http.StatusConflict,
		"SOCIAL_ACCOUNT_ALREADY_LINKED",
		"Social account already linked",
	)
	// account-info, get-access-token and refresh-token answer 401 without a body to a caller who is not signed in.
	errNoSession     = &web.Error{Status: http.StatusUnauthorized, Code: "UNAUTHORIZED", Body: web.NoBody}
	errStateTooLong  = web.NewError(http.StatusBadRequest, "VALIDATION_ERROR", "The URLs and additionalData are too long")
	errURLTooLong    = web.NewError(http.StatusBadRequest, "VALIDATION_ERROR", "The authorization URL is too long")
	errLinkingFailed = web.NewError(
		http.StatusExpectationFailed,
		"LINKING_FAILED",
		"Account not linked - unable to create account",
	)
	errProviderNotSetUp = web.NewError(http.StatusBadRequest, "PROVIDER_NOT_CONFIGURED",
		"Account is not associated with a configured social provider.")
	errAccessTokenNotFound  = web.NewError(http.StatusBadRequest, "ACCESS_TOKEN_NOT_FOUND", "Access token not found")
	errRefreshTokenNotFound = web.NewError(http.StatusBadRequest, "REFRESH_TOKEN_NOT_FOUND", "Refresh token not found")
	errGetAccessToken       = web.NewError(http.StatusBadRequest, "FAILED_TO_GET_ACCESS_TOKEN",
		"Failed to get a valid access token")
	errRefreshAccessToken = web.NewError(http.StatusBadRequest, "FAILED_TO_REFRESH_ACCESS_TOKEN",
		"Failed to refresh access token")
)

// errProviderNotSupported is the error of get-access-token and refresh-token for an account of a provider that is not
// configured.
func errProviderNotSupported(provider string) error {
	return web.NewError(http.StatusBadRequest, "PROVIDER_NOT_SUPPORTED", "Provider "+provider+" is not supported.")
}

// refusal is the reason why a sign-in or a link does not succeed, with Better Auth's words. The callback redirects with
// the words as its code, with "_" instead of spaces.
type refusal string

func (r refusal) Error() string { return string(r) }

// The refusals of a sign-in, a link or a callback.
const (
	accountNotLinked      refusal = "account not linked"
	signUpDisabled        refusal = "signup disabled"
	unableToLinkAccount   refusal = "unable to link account"
	unableToUpdateAccount refusal = "unable to update account"
	unableToCreateUser    refusal = "unable to create user"
	emailNotVerified      refusal = "email not verified"
	emailNotFound         refusal = "email not found"
	emailDoesNotMatch     refusal = "email does not match"
	linkedToDifferentUser refusal = "account already linked to different user"
	internalError         refusal = "internal server error"
	unableToGetUserInfo   refusal = "unable to get user info"
	invalidCode           refusal = "invalid code"
	issuerMismatch        refusal = "issuer mismatch"
	nonceBindingMissing   refusal = "nonce binding missing"
	codeMissing           refusal = "no code"
	stateNotFound         refusal = "state not found"
	stateMismatch         refusal = "state mismatch"
	stateInvalid          refusal = "state invalid"
	providerNotFound      refusal = "oauth provider not found"
)

// idTokenError converts a refusal into the error that a sign-in with an id token answers. It returns other errors
// unchanged.
func idTokenError(err error) error {
	var r refusal
	switch {
	case !errors.As(err, &r):
		return err
	case r == emailNotVerified:
		return auth.ErrEmailNotVerified
	case r == emailNotFound:
		return errUserEmailNotFound
	}
	return web.NewError(http.StatusUnauthorized, "OAUTH_LINK_ERROR", string(r))
}
