package auth

import (
	"context"
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

// NewPasswords hashes new passwords by the rules of a deployment.
type NewPasswords struct {
	Hasher         *password.Hasher
	Breaches       *password.Breaches
	RejectCommon   bool // PASSWORD_BLOCKLIST
	RejectBreached bool // PASSWORD_BREACH_CHECK
}

// Hash returns the hash of a new password. It rejects common and breached passwords by the settings of p. If the breach
// service does not answer, it accepts the password, and the log record of the request has the error.
func (p NewPasswords) Hash(ctx context.Context, secret string) (string, error) {
	if p.RejectCommon && password.IsCommon(secret) {
		return "", errPasswordCompromised
	}
	if p.RejectBreached {
		breached, err := p.Breaches.Contains(ctx, secret)
		switch {
		case err != nil:
			web.NoteError(ctx, err)
		case breached:
			return "", errPasswordCompromised
		}
	}
	hash, err := p.Hasher.Hash(ctx, secret)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// HashNewPassword returns the hash of a new password that a request has sent, as NewPasswords.Hash does.
func (s *Service) HashNewPassword(r *http.Request, secret string) (string, error) {
	p := NewPasswords{s.Hasher, s.Breaches, s.Options.PasswordBlocklist, s.Options.PasswordBreachCheck}
	return p.Hash(r.Context(), secret)
}
