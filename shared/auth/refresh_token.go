package auth

import "net/http"

// refreshToken answers POST /api/auth/refresh-token.
func (s *Service) refreshToken(w http.ResponseWriter, r *http.Request) error {
	return s.providerToken(w, r)
}
