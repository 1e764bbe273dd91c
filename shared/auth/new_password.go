package auth

import (
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/password"
	"github.com/xenon-auth/xenon/shared/web"
)

// CheckPasswordLength returns an error if a new password is too short or too long.
func CheckPasswordLength(p string) error {
	switch n := password.UTF16Length(p); {
	case n < password.MinLength:
		return errPasswordTooShort
	case n > password.MaxLength:
		return errPasswordTooLong
	}
	return nil
}

// HashNewPassword returns the hash of a new password. It rejects common passwords if PASSWORD_BLOCKLIST is on, and
// breached passwords if PASSWORD_BREACH_CHECK is on. If the breach service does not answer, it accepts the password.
func (s *Service) HashNewPassword(r *http.Request, secret string) (string, error) {
	if s.Options.PasswordBlocklist && password.IsCommon(secret) {
		return "", errPasswordCompromised
	}
	if s.Options.PasswordBreachCheck {
		breached, err := s.Breaches.Contains(r.Context(), secret)
		switch {
		case err != nil:
			web.NoteError(r.Context(), err)
		case breached:
			return "", errPasswordCompromised
		}
	}
	hash, err := s.Hasher.Hash(r.Context(), secret)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}
