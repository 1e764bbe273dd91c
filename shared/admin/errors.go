package admin

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// The errors of the plugin admin, with Better Auth's status, code and message (docs/wire.md#administrators).
var (
	errUnauthorized = &web.Error{Status: http.StatusUnauthorized, Body: web.NoBody}
	errUserNotFound = web.NewError(http.StatusNotFound, "USER_NOT_FOUND", "User not found")
	errInvalidEmail = web.NewError(http.StatusBadRequest, "INVALID_EMAIL", "Invalid email")
	errEmailTaken   = web.NewError(http.StatusBadRequest, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
		"User already exists. Use another email.")
	errPasswordTooLong  = web.NewError(http.StatusBadRequest, "PASSWORD_TOO_LONG", "Password too long")
	errCreateUserFailed = web.NewError(http.StatusUnprocessableEntity, "FAILED_TO_CREATE_USER", "Failed to create user")
	errUpdateUserFailed = web.NewError(http.StatusUnprocessableEntity, "FAILED_TO_UPDATE_USER",
		"Failed to update user")
	errInvalidRoleType    = web.NewError(http.StatusBadRequest, "INVALID_ROLE_TYPE", "Invalid role type")
	errNoDataToUpdate     = web.NewError(http.StatusBadRequest, "NO_DATA_TO_UPDATE", "No data to update")
	errPasswordNotChanged = web.NewError(http.StatusBadRequest, "PASSWORD_CANNOT_BE_UPDATED_VIA_UPDATE_USER",
		"Password cannot be updated through update-user. Use the set-user-password endpoint instead")
	errIDNotChanged = web.NewError(http.StatusBadRequest, "USER_ID_CANNOT_BE_UPDATED", "User id cannot be updated")
	errBanYourself  = web.NewError(http.StatusBadRequest, "YOU_CANNOT_BAN_YOURSELF", "You cannot ban yourself")
	errRemoveMyself = web.NewError(http.StatusBadRequest, "YOU_CANNOT_REMOVE_YOURSELF", "You cannot remove yourself")
	errRemoveMyRole = web.NewError(http.StatusBadRequest, "YOU_CANNOT_REMOVE_YOUR_ADMIN_ROLE",
		"You cannot remove your own role of an administrator") // Better Auth does not have it

	errImpersonateAdmin = web.NewError(http.StatusForbidden, "YOU_CANNOT_IMPERSONATE_ADMINS",
		"You cannot impersonate admins")
	errNotImpersonating = web.NewError(http.StatusBadRequest, "", "You are not impersonating anyone")
	errNoAdminSession   = web.NewError(http.StatusBadRequest, "", "Failed to find admin session")
	errNoPermissions    = web.NewError(http.StatusBadRequest, "",
		"invalid permission check. no permission(s) were passed.")
)

// The errors for a caller without the right to an action.
var (
	errCreateDenied  = denied("CREATE_USERS", "create users")
	errGetDenied     = denied("GET_USER", "get user")
	errListDenied    = denied("LIST_USERS", "list users")
	errUpdateDenied  = denied("UPDATE_USERS", "update users")
	errRoleDenied    = denied("CHANGE_USERS_ROLE", "change users role")
	errBanDenied     = denied("BAN_USERS", "ban users")
	errEmailDenied   = denied("SET_USERS_EMAIL", "update users email")
	errPhoneDenied   = denied("SET_USERS_PHONE_NUMBER", "update users phone number")
	errListSessions  = denied("LIST_USERS_SESSIONS", "list users sessions")
	errRevokeDenied  = denied("REVOKE_USERS_SESSIONS", "revoke users sessions")
	errDeleteDenied  = denied("DELETE_USERS", "delete users")
	errSetPassword   = denied("SET_USERS_PASSWORD", "set users password")
	errImpersonation = denied("IMPERSONATE_USERS", "impersonate users")
	errAuditDenied   = denied("LIST_AUDIT_EVENTS", "list audit events")
)

func denied(code, action string) error {
	return web.NewError(http.StatusForbidden, "YOU_ARE_NOT_ALLOWED_TO_"+code, "You are not allowed to "+action)
}

// changeError returns the error of a request whose change of a user has failed with err.
func changeError(r *http.Request, action string, err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errUserNotFound
	case store.IsDuplicateUser(err):
		return errEmailTaken
	case errors.Is(err, store.ErrInvalid):
		return errUpdateUserFailed
	}
	reason := store.RejectionReason(err)
	if reason == "" {
		return fmt.Errorf("%s: %w", action, err)
	}
	web.NoteError(r.Context(), errors.New(reason))
	return errUpdateUserFailed
}
