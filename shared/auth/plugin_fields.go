package auth

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/web"
)

// NewUserFieldsNotAllowed returns the fields of the plugins that are on and that a sign-up must not set, in Better
// Auth's order. A sign-up may name the other fields, which have a default: the user gets the default.
func (s *Service) NewUserFieldsNotAllowed() []string {
	if s.Options.Plugins.Admin {
		return []string{"role", "banReason", "banExpires"}
	}
	return nil
}

// userFieldsNotAllowed returns the fields of the plugins that are on, in Better Auth's order. Users cannot change them.
func (s *Service) userFieldsNotAllowed() (names []string) {
	if s.Options.Plugins.TwoFactor {
		names = append(names, "twoFactorEnabled")
	}
	if s.Options.Plugins.Admin {
		names = append(names, "role", "banned", "banReason", "banExpires")
	}
	return names
}

// RejectPluginFields returns an error if the body of r sets one of the fields. Like Better Auth it ignores null, false,
// 0 and "".
func RejectPluginFields(r *http.Request, names []string) error {
	if len(names) == 0 {
		return nil
	}
	body, _ := web.BodyObject(r)
	for _, name := range names {
		if web.IsTruthy(body[name]) {
			return web.NewError(http.StatusBadRequest, "FIELD_NOT_ALLOWED", name+" is not allowed to be set")
		}
	}
	return nil
}
