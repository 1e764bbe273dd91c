package auth

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// updateSession answers POST /api/auth/update-session. A session has no field that a client can set, so it always
// returns an error, as Better Auth does if no additional fields are configured.
func (s *Service) updateSession(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	if err := web.Decode(r, &struct{}{}, "record"); err != nil {
		return err
	}
	if _, err := s.RequireCaller(w, r, db); err != nil {
		return err
	}
	if s.Options.Plugins.Admin {
		if err := RejectPluginFields(r, []string{"impersonatedBy"}); err != nil {
			return err
		}
	}
	return errNoFieldsToUpdate
}
