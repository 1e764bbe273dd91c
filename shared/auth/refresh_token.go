package auth

import "net/http"

// refreshToken answers POST /api/auth/refresh-token, which refreshes the access token of a provider account.
func (s *Service) refreshToken(w http.ResponseWriter, r *http.Request) error {
	return s.providerToken(w, r)
}
