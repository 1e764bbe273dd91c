package admin

import (
	"net/http"
	"strings"

	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// updateUser answers POST /api/auth/admin/update-user: it changes columns of a user.
func (s *Service) updateUser(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		UserID string         `json:"userId" check:"coerced"`
		Data   map[string]any `json:"data" check:"required"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	caller, err := s.requireRight(w, r, db, "user", "update", errUpdateDenied)
	if err != nil {
		return err
	}
	web.NoteSubject(r.Context(), in.UserID)
	c, err := s.readChange(caller, in.UserID, in.Data)
	if err != nil {
		return err
	}
	user, err := s.users(db).Change(r.Context(), in.UserID, c)
	if err != nil {
		return changeError(r, "update user", err)
	}
	return web.WriteJSON(w, http.StatusOK, user)
}

// readChange returns the change that a request describes. It checks the rights of the caller that the columns need.
func (s *Service) readChange(
	caller *session.Caller, userID string, members map[string]any,
) (c store.AdminChange, err error) {
	data := userData{members: members}
	switch {
	case len(members) == 0:
		return c, errNoDataToUpdate
	case data.hasAny("password"):
		return c, errPasswordNotChanged
	case data.hasAny("id"):
		return c, errIDNotChanged
	}
	role, err := s.readRoleChange(caller, userID, &data)
	if err != nil {
		return c, err
	}
	if data.hasAny("banned", "banReason", "banExpires") {
		if err := s.checkRight(caller, "user", "ban", errBanDenied); err != nil {
			return c, err
		}
		if members["banned"] == true && isCaller(caller, userID) {
			return c, errBanYourself
		}
	}
	email, err := s.readEmailChange(caller, &data)
	if err != nil {
		return c, err
	}
	if data.hasAny("phoneNumber", "phoneNumberVerified") {
		if err := s.checkRight(caller, "user", "set-phone", errPhoneDenied); err != nil {
			return c, err
		}
	}
	c, err = data.readChange()
	c.Role, c.Email = role, email
	if !s.Options.Plugins.TwoFactor {
		c.TwoFactorEnabled = store.Change[bool]{}
	}
	return c, err
}

func (s *Service) readRoleChange(
	caller *session.Caller, userID string, data *userData,
) (c store.Change[string], err error) {
	if !data.hasAny("role") {
		return c, nil
	}
	if err := s.checkRight(caller, "user", "set-role", errRoleDenied); err != nil {
		return c, err
	}
	role, err := parseRole("body.data.role", data.members["role"])
	if err != nil {
		return c, err
	}
	return store.ChangeTo(role), s.checkOwnRole(caller, userID, role)
}

func (s *Service) readEmailChange(caller *session.Caller, data *userData) (c store.Change[string], err error) {
	if !data.hasAny("email", "emailVerified") {
		return c, nil
	}
	if err := s.checkRight(caller, "user", "set-email", errEmailDenied); err != nil {
		return c, err
	}
	if !data.hasAny("email") {
		return c, nil
	}
	email, _ := data.members["email"].(string)
	if !web.IsEmail(email) {
		return c, errInvalidEmail
	}
	return store.ChangeTo(strings.ToLower(email)), nil
}
