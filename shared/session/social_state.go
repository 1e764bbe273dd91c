package session

import (
	"context"
	"fmt"
	"net/http"
)

// Better Auth's cookies of a sign-in with a social provider that has begun, without the prefix for https.
const (
	socialState     = "better-auth.state"       // the signed OAuth state, whose data is in Postgres
	socialStateData = "better-auth.oauth_state" // the encrypted data, with STATE_STRATEGY=cookie

	socialStateAge     = 300 // seconds
	socialStateDataAge = 600

	maxStates = 8 // cookies of one name that are decrypted
)

// SetSocialState binds an OAuth state to the browser.
func (s *Sessions) SetSocialState(ctx context.Context, w http.ResponseWriter, state string) error {
	secret, err := s.Secret(ctx)
	if err != nil {
		return fmt.Errorf("read cookie secret: %w", err)
	}
	s.addCookie(w, socialState, Sign(secret, state), socialStateAge)
	return nil
}

// HasSocialState reports whether state was bound to the browser that sends r.
func (s *Sessions) HasSocialState(r *http.Request, state string) (bool, error) {
	secret, err := s.Secret(r.Context())
	if err != nil {
		return false, fmt.Errorf("read cookie secret: %w", err)
	}
	for value := range s.signedCookies(r, socialState, secret) {
		if value == state {
			return true, nil
		}
	}
	return false, nil
}

// ClearSocialState removes the cookie of SetSocialState.
func (s *Sessions) ClearSocialState(w http.ResponseWriter) { s.addCookie(w, socialState, "", 0) }

// SetSocialStateData stores the encrypted data of a sign-in with a provider in the browser.
func (s *Sessions) SetSocialStateData(w http.ResponseWriter, encrypted string) {
	s.addCookie(w, socialStateData, encrypted, socialStateDataAge)
}

// SocialStateData returns the values of SetSocialStateData that r has, at most maxStates. A browser sends several if an
// older cookie has another path or domain.
func (s *Sessions) SocialStateData(r *http.Request) (all []string) {
	for value := range s.cookiesNamed(r, socialStateData) {
		if all = append(all, value); len(all) == maxStates {
			break
		}
	}
	return all
}

// ClearSocialStateData removes the cookie of SetSocialStateData.
func (s *Sessions) ClearSocialStateData(w http.ResponseWriter) {
	s.addCookie(w, socialStateData, "", 0)
}
