package profile

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
)

// create answers POST /api/profile.
func (s *Service) create(w http.ResponseWriter, r *http.Request, db *store.Store, caller store.TokenHolder) error {
	in, err := s.readFields(w, r)
	if err != nil {
		return err
	}
	p, err := db.CreateProfile(r.Context(), caller, in)
	if err != nil {
		return storeError("create profile", err)
	}
	return sendProfile(w, http.StatusCreated, p)
}
