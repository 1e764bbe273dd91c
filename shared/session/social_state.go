package session

import (
	"context"
	"fmt"
	"net/http"
)

// Better Auth's cookies of a social sign-in that is not finished, without the prefix that they have under https.
const (
	socialStateCookie     = "better-auth.state"       // the signed OAuth state; Postgres has the data of the sign-in
	socialStateDataCookie = "better-auth.oauth_state" // with STATE_STRATEGY=cookie: the data of the sign-in, encrypted

	socialStateCookieSeconds     = 300 // seconds
	socialStateDataCookieSeconds = 600 // seconds

	maxSocialStateDataCookies = 8 // how many cookies with the name socialStateDataCookie are decrypted
)

// SetSocialState sets a signed cookie that binds an OAuth state to the browser.
func (s *Sessions) SetSocialState(ctx context.Context, w http.ResponseWriter, state string) error {
	secrets, err := s.Secrets(ctx)
	if err != nil {
		return fmt.Errorf("read cookie secret: %w", err)
	}
	s.addCookie(w, socialStateCookie, Sign(secrets[0], state), socialStateCookieSeconds)
	return nil
}

// HasSocialState reports whether SetSocialState has bound state to the browser that sends r.
func (s *Sessions) HasSocialState(r *http.Request, state string) (bool, error) {
	secrets, err := s.Secrets(r.Context())
	if err != nil {
		return false, fmt.Errorf("read cookie secret: %w", err)
	}
	for value := range s.signedCookieValues(r, socialStateCookie, secrets) {
		if value == state {
			return true, nil
		}
	}
	return false, nil
}

// ClearSocialState clears the cookie that SetSocialState sets.
func (s *Sessions) ClearSocialState(w http.ResponseWriter) { s.addCookie(w, socialStateCookie, "", 0) }

// SetSocialStateData stores the encrypted data of a social sign-in in a cookie.
func (s *Sessions) SetSocialStateData(w http.ResponseWriter, encrypted string) {
	s.addCookie(w, socialStateDataCookie, encrypted, socialStateDataCookieSeconds)
}

// SocialStateData returns the values of the cookies of r that SetSocialStateData sets, at most
// maxSocialStateDataCookies. A browser sends several if an older cookie has another path or domain.
func (s *Sessions) SocialStateData(r *http.Request) (all []string) {
	for value := range s.cookieValues(r, socialStateDataCookie) {
		if all = append(all, value); len(all) == maxSocialStateDataCookies {
			break
		}
	}
	return all
}

// ClearSocialStateData clears the cookie that SetSocialStateData sets.
func (s *Sessions) ClearSocialStateData(w http.ResponseWriter) {
	s.addCookie(w, socialStateDataCookie, "", 0)
}
