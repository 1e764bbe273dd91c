package profile

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// get answers GET /api/profile.
func (s *Service) get(w http.ResponseWriter, r *http.Request, userID string) error {
	p, err := s.Store.ProfileOf(r.Context(), userID)
	if errors.Is(err, store.ErrNotFound) {
		return errNotFound
	}
	if err != nil {
		return fmt.Errorf("read profile: %w", err)
	}
	return answer(w, http.StatusOK, p)
}

// answer sends a profile with its ETag, which moves with every change of it.
func answer(w http.ResponseWriter, status int, p store.Profile) error {
	w.Header().Set("ETag", `"`+strconv.FormatInt(p.UpdatedAt.UnixMicro(), 36)+`"`)
	return web.JSON(w, status, p)
}
