package auth

import "net/http"

// getAccessToken answers POST /api/auth/get-access-token, which returns the access token of a provider account.
func (s *Service) getAccessToken(w http.ResponseWriter, r *http.Request) error {
	return s.providerToken(w, r)
}
