package profile

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
)

// create answers POST /api/profile.
func (s *Service) create(w http.ResponseWriter, r *http.Request, userID string) error {
	in, err := fields(w, r)
	if err != nil {
		return err
	}
	p, err := s.Store.CreateProfile(r.Context(), userID, in)
	switch {
	case errors.Is(err, store.ErrDuplicate):
		return errExists
	case errors.Is(err, store.ErrOrphan):
		return errNoUser
	case err != nil:
		return fmt.Errorf("create profile: %w", err)
	}
	return answer(w, http.StatusCreated, p)
}
