package auth

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
)

// refreshToken answers POST /api/auth/refresh-token, which refreshes the access token of a provider account.
func (s *Service) refreshToken(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	return s.providerToken(w, r, db)
}
