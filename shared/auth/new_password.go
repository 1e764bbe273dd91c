package auth

import (
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/password"
	"github.com/xenon-auth/xenon/shared/web"
)

// errCompromised is the answer of Better Auth's haveIBeenPwned plugin.
var errCompromised = web.NewError(http.StatusBadRequest, "PASSWORD_COMPROMISED",
	"The password you entered has been compromised. Please choose a different password.")

// hashNew hashes a password that a user chose, unless it is a common or a breached one and the deployment refuses
// those. If the service that knows breached ones does not answer, the password is accepted.
func (s *Service) hashNew(r *http.Request, secret string) (string, error) {
	if s.Options.PasswordBlocklist && password.IsCommon(secret) {
		return "", errCompromised
	}
	if s.Options.PasswordBreachCheck {
		breached, err := s.Breaches.Contains(r.Context(), secret)
		switch {
		case err != nil:
			web.NoteError(r.Context(), err)
		case breached:
			return "", errCompromised
		}
	}
	hash, err := s.Hasher.Hash(r.Context(), secret)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}
