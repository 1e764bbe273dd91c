package auth

import "net/http"

// getAccessToken answers POST /api/auth/get-access-token.
func (s *Service) getAccessToken(w http.ResponseWriter, r *http.Request) error {
	return s.providerToken(w, r)
}
