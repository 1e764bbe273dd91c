package auth

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
)

// getAccessToken answers POST /api/auth/get-access-token, which returns the access token of a provider account.
func (s *Service) getAccessToken(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	return s.providerToken(w, r, db)
}
