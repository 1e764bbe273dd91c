package admin

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"github.com/xenon-auth/xenon/shared/password"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

type createUserRequest struct {
	Email    string         `json:"email"`
	Password *string        `json:"password"`
	Name     string         `json:"name" check:"max=256"`
	Role     any            `json:"role" check:"optional texts"`
	Data     map[string]any `json:"data"` // further columns
}

// createUser answers POST /api/auth/admin/create-user: it creates a user, with a password account if the body has a
// password. It sends no mail.
func (s *Service) createUser(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in createUserRequest
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	caller, err := s.requireRight(w, r, db, "user", "create", errCreateDenied)
	if err != nil {
		return err
	}
	n, err := s.readNewUser(caller, in)
	if err != nil {
		return err
	}
	if secret := web.OrEmpty(in.Password); secret != "" {
		if password.UTF16Length(secret) > password.MaxLength {
			return errPasswordTooLong
		}
		if taken, err := db.IsEmailTaken(r.Context(), n.Email); err != nil {
			return changeError(r, "find user by email", err)
		} else if taken {
			return errEmailTaken
		}
		if n.Hash, err = s.HashNewPassword(r, secret); err != nil {
			return err
		}
	}
	user, err := s.users(db).Create(r.Context(), n)
	if err != nil {
		return createError(r, n, err)
	}
	web.NoteSubject(r.Context(), user.ID)
	return web.WriteJSON(w, http.StatusOK, userReply{user})
}

// readNewUser returns the user whom a request describes, without the hash of the password. It checks the rights of the
// caller that the members of the body need.
func (s *Service) readNewUser(caller *session.Caller, in createUserRequest) (n store.AdminUser, err error) {
	n = store.AdminUser{Name: in.Name, Email: strings.ToLower(in.Email), Role: defaultRole}
	place := "body.data.role"
	requested, hasRole := in.Data["role"]
	if in.Role != nil {
		place, requested, hasRole = "body.role", in.Role, true
	}
	if hasRole {
		if err := s.checkRight(caller, "user", "set-role", errRoleDenied); err != nil {
			return n, err
		}
		if n.Role, err = parseRole(place, requested); err != nil {
			return n, err
		}
	}
	data := userData{members: in.Data}
	if data.hasAny("banned", "banReason", "banExpires") {
		if err := s.checkRight(caller, "user", "ban", errBanDenied); err != nil {
			return n, err
		}
	}
	if !web.IsEmail(in.Email) {
		return n, errInvalidEmail
	}
	updatedAt := data.time("updatedAt", false)
	c, err := data.readChange()
	if id, _ := in.Data["id"].(string); isUUID(id) { // Better Auth ignores other values, too
		n.ID = &id
	}
	n.Image, n.CreatedAt, n.UpdatedAt = c.Image.Value, c.CreatedAt.Value, updatedAt.Value
	n.EmailVerified = *cmp.Or(c.EmailVerified.Value, new(bool))
	n.Banned, n.BanReason, n.BanExpires = *cmp.Or(c.Banned.Value, new(bool)), c.BanReason.Value, c.BanExpires.Value
	if s.Options.Plugins.TwoFactor {
		n.TwoFactorEnabled = cmp.Or(c.TwoFactorEnabled.Value, new(bool))
	}
	return n, err
}

// createError returns the error of a request that could not store the user n.
func createError(r *http.Request, n store.AdminUser, err error) error {
	switch {
	case store.IsDuplicateUser(err) && n.ID == nil:
		return errEmailTaken
	case errors.Is(err, store.ErrDuplicate), errors.Is(err, store.ErrInvalid):
		return errCreateUserFailed
	case store.RejectionReason(err) != "":
		web.NoteError(r.Context(), errors.New(store.RejectionReason(err)))
		return errCreateUserFailed
	}
	return changeError(r, "create user", err)
}
