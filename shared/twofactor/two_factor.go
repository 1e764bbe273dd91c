// Package twofactor implements Better Auth's plugin twoFactor, one file for each endpoint: users set up an
// authenticator app or mailed codes, and enter a code after the first factor of a sign-in. Paths, bodies, error codes,
// cookies and rows are those of better-auth 1.7.25 with the default options of the plugin. Package auth starts the
// challenge.
package twofactor

import (
	"context"
	"fmt"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// Service has the endpoints. They use the dependencies of package auth.
type Service struct{ *auth.Service }

// New returns the endpoints of a deployment.
func New(service *auth.Service) *Service { return &Service{service} }

// TwoFactorRoutes returns the routes of functions/twofactor. With TWO_FACTOR=off they answer like paths that do not
// exist, as in Better Auth without the plugin.
func (s *Service) TwoFactorRoutes() web.Routes {
	routes := s.BuildRoutes(auth.Handlers{
		"POST /api/auth/two-factor/enable":                s.CheckedPost(s.enable),
		"POST /api/auth/two-factor/disable":               s.CheckedPost(s.disable),
		"POST /api/auth/two-factor/get-totp-uri":          s.CheckedPost(s.getTOTPURI),
		"POST /api/auth/two-factor/generate-backup-codes": s.CheckedPost(s.generateBackupCodes),
		"POST /api/auth/two-factor/verify-totp":           s.CheckedPost(s.verifyTOTP),
		"POST /api/auth/two-factor/send-otp":              s.CheckedPost(s.sendOTP),
		"POST /api/auth/two-factor/verify-otp":            s.CheckedPost(s.verifyOTP),
		"POST /api/auth/two-factor/verify-backup-code":    s.CheckedPost(s.verifyBackupCode),
	})
	if !s.Options.Plugins.TwoFactor {
		for route := range routes {
			routes[route] = web.AnswerNotFound
		}
	}
	return routes
}

// decryptKey returns the key with which the authenticator app of a user computes codes.
func (s *Service) decryptKey(ctx context.Context, f store.TwoFactor) ([]byte, error) {
	keys, err := s.EncryptionKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the secrets: %w", err)
	}
	secret, err := keys.Decrypt(f.Secret)
	if err != nil {
		return nil, fmt.Errorf("decrypt two-factor secret: %w", err)
	}
	return totpKey(secret)
}

// newBackupCodes returns new backup codes, and the text in which they are stored.
func (s *Service) newBackupCodes(ctx context.Context) (codes []string, stored string, err error) {
	keys, err := s.EncryptionKeys(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("read the secrets: %w", err)
	}
	codes = newBackupCodes()
	stored, err = encryptBackupCodes(keys, codes)
	return codes, stored, err
}

// twoFactorOf returns the row of the caller.
func (s *Service) twoFactorOf(
	ctx context.Context, db *store.Store, caller *session.Caller,
) (store.TwoFactor, error) {
	f, err := db.TwoFactorOfUser(ctx, caller.User.ID)
	if err != nil {
		return f, fmt.Errorf("find second factor: %w", err)
	}
	return f, nil
}

// isEnabled reports whether a user enters a second factor at each sign-in.
func isEnabled(u store.User) bool {
	return u.TwoFactorEnabled.Value != nil && *u.TwoFactorEnabled.Value
}

// checkNotImpersonated returns an error if an administrator uses the session of the caller.
func checkNotImpersonated(caller *session.Caller) error {
	if caller.Session.ImpersonatedBy.Value != nil {
		return errImpersonated
	}
	return nil
}
