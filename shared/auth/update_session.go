package auth

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// updateSession answers POST /api/auth/update-session. Sessions have no fields that a client may set, so it always
// returns an error, as Better Auth does without additional fields.
func (s *Service) updateSession(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	if err := web.Decode(r, &struct{}{}, "record"); err != nil {
		return err
	}
	if _, err := s.requireCaller(w, r, db); err != nil {
		return err
	}
	return errNoFields
}
