package session

import (
	"crypto/hmac"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/random"
)

// Better Auth's cookies of the second factor, without the prefix that they have under https.
const (
	challengeCookie   = "better-auth.two_factor"
	trustDeviceCookie = "better-auth.trust_device"
)

// The lifetimes of a challenge, which is a sign-in that waits for the second factor, and of a trusted device.
const (
	ChallengeLifetime   = 10 * time.Minute
	TrustDeviceLifetime = 30 * 24 * time.Hour
)

// The identifiers of challenges and trusted devices in the table verification. The alphabet is that of the characters
// after the prefix.
const (
	challengePrefix   = "2fa-"
	challengeLength   = 20
	trustDevicePrefix = "trust-device-"
	trustDeviceLength = 32

	twoFactorAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
)

// NewChallenge returns the identifier of a new challenge.
func NewChallenge() string {
	return challengePrefix + random.String(twoFactorAlphabet, challengeLength)
}

// NewTrustedDevice returns the identifier of a device that a user trusts from now on.
func NewTrustedDevice() string {
	return trustDevicePrefix + random.String(twoFactorAlphabet, trustDeviceLength)
}

// SetChallenge makes the response start a challenge instead of a session: it clears the session cookie and the cache
// cookie, and sets the cookie of the challenge. If remember is false, it first sets the cookie dont_remember, for the
// session that follows. If clearTrust is true, it clears the cookie of a trusted device.
func (s *Sessions) SetChallenge(
	w http.ResponseWriter, r *http.Request, identifier string, remember, clearTrust bool,
) error {
	secrets, err := s.Secrets(r.Context())
	if err != nil {
		return fmt.Errorf("read cookie secret: %w", err)
	}
	switch {
	case !remember:
		s.addCookie(w, dontRememberCookie, Sign(secrets[0], "true"), untilBrowserCloses)
	case s.hasDontRememberCookie(r, secrets):
		s.addCookie(w, dontRememberCookie, "", 0)
	}
	if clearTrust {
		s.ClearTrustedDevice(w)
	}
	s.addCookie(w, sessionTokenCookie, "", 0)
	s.addCookie(w, sessionDataCookie, "", 0)
	if s.stateCookie {
		s.ClearSocialStateData(w)
	}
	s.clearCacheCookies(w, r)
	s.addCookie(w, challengeCookie, Sign(secrets[0], identifier), int(ChallengeLifetime.Seconds()))
	return nil
}

// Challenge returns the identifier in the challenge cookie of r, or "" if r has none with a valid signature. It ignores
// a signed value that is not the identifier of a challenge, such as that of another cookie.
func (s *Sessions) Challenge(r *http.Request) (string, error) {
	secrets, err := s.Secrets(r.Context())
	if err != nil {
		return "", fmt.Errorf("read cookie secret: %w", err)
	}
	for value := range s.signedCookieValues(r, challengeCookie, secrets) {
		if isIdentifier(value, challengePrefix, challengeLength) {
			return value, nil
		}
	}
	return "", nil
}

// ClearChallenge clears the cookie of a challenge.
func (s *Sessions) ClearChallenge(w http.ResponseWriter) { s.addCookie(w, challengeCookie, "", 0) }

// SetTrustedDevice sets the cookie that makes the browser a trusted device of a user.
func (s *Sessions) SetTrustedDevice(w http.ResponseWriter, r *http.Request, userID, identifier string) error {
	secrets, err := s.Secrets(r.Context())
	if err != nil {
		return fmt.Errorf("read cookie secret: %w", err)
	}
	value := trustTag(secrets[0], userID, identifier) + "!" + identifier
	s.addCookie(w, trustDeviceCookie, Sign(secrets[0], value), int(TrustDeviceLifetime.Seconds()))
	return nil
}

// TrustedDevice returns the identifier in the cookie of r that makes the browser a trusted device of the user, or "" if
// r has no valid one. hasCookie is true if r has such a cookie for any user.
func (s *Sessions) TrustedDevice(r *http.Request, userID string) (identifier string, hasCookie bool, err error) {
	secrets, err := s.Secrets(r.Context())
	if err != nil {
		return "", false, fmt.Errorf("read cookie secret: %w", err)
	}
	for value := range s.signedCookieValues(r, trustDeviceCookie, secrets) {
		hasCookie = true
		tag, id, _ := strings.Cut(value, "!")
		isOfUser := func(secret []byte) bool { return hmac.Equal([]byte(tag), []byte(trustTag(secret, userID, id))) }
		if isIdentifier(id, trustDevicePrefix, trustDeviceLength) && slices.ContainsFunc(secrets, isOfUser) {
			return id, true, nil
		}
	}
	return "", hasCookie, nil
}

// ClearTrustedDevice clears the cookie of a trusted device.
func (s *Sessions) ClearTrustedDevice(w http.ResponseWriter) {
	s.addCookie(w, trustDeviceCookie, "", 0)
}

// ClearDontRemember clears the cookie dont_remember, which the response may already set.
func (s *Sessions) ClearDontRemember(w http.ResponseWriter) {
	s.removeSetCookie(w, dontRememberCookie)
	s.addCookie(w, dontRememberCookie, "", 0)
}

// IsRemembered reports whether the session of r lasts longer than the browser is open: r has no valid cookie
// dont_remember.
func (s *Sessions) IsRemembered(r *http.Request) (bool, error) {
	secrets, err := s.Secrets(r.Context())
	if err != nil {
		return false, fmt.Errorf("read cookie secret: %w", err)
	}
	return !s.hasDontRememberCookie(r, secrets), nil
}

// trustTag binds the identifier of a trusted device to a user.
func trustTag(secret []byte, userID, identifier string) string {
	return encodeBase64URL(hmacSHA256(secret, userID+"!"+identifier))
}

// isIdentifier reports whether value is the prefix and length characters of twoFactorAlphabet.
func isIdentifier(value, prefix string, length int) bool {
	rest, ok := strings.CutPrefix(value, prefix)
	return ok && len(rest) == length && strings.Trim(rest, twoFactorAlphabet) == ""
}
