// Package session knows who is calling: it turns the signed cookie or bearer token of a request into a session row and its
// user, starts and ends sessions, and keeps the cookies exactly as the library writes them.
package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// The lifetimes of sessions (docs/wire.md#sessions).
const (
	life           = 7 * 24 * time.Hour
	forgottenLife  = 24 * time.Hour // with rememberMe false
	updateAge      = 24 * time.Hour // a session is prolonged at most this often
	maxHeaderValue = 8 << 10        // of a user agent worth keeping, in bytes
)

// Sessions starts, finds and ends sessions.
type Sessions struct {
	Secret func(context.Context) ([]byte, error) // signs the cookies
	Now    func() time.Time

	Clients web.Clients // tells the IP address that a session keeps

	secure bool
	cache  time.Duration // how young a cache cookie is believed; 0 when the cache is off
}

// New makes Sessions that sign cookies with secret.
func New(cfg config.API, secret func(context.Context) ([]byte, error), now func() time.Time) *Sessions {
	s := &Sessions{
		Secret: secret, Now: now,
		secure: cfg.Secure(), Clients: web.Clients{From: cfg.ClientIP},
	}
	if cfg.CookieCache {
		s.cache = cfg.CookieCacheMaxAge
	}
	return s
}

// Prepare makes the session that a person starts with r, not yet stored and without a user. Each has a new token.
func (s *Sessions) Prepare(r *http.Request, remember bool) store.Session {
	now := s.Now().Truncate(time.Millisecond)
	expires := now.Add(life)
	if !remember {
		expires = now.Add(forgottenLife)
	}
	ip, agent := s.Clients.IP(r), userAgent(r)
	return store.Session{
		Token: newToken(), ExpiresAt: store.Time{Time: expires},
		CreatedAt: store.Time{Time: now}, UpdatedAt: store.Time{Time: now},
		IPAddress: &ip, UserAgent: &agent,
	}
}

// Start stores a session for a user and sets its cookie; store.ErrBanned if the user is banned.
func (s *Sessions) Start(
	w http.ResponseWriter, r *http.Request, db *store.Store, user store.User, remember bool,
) (store.Session, error) {
	row := s.Prepare(r, remember)
	row.UserID = user.ID
	id, err := db.InsertSession(r.Context(), row)
	if err != nil {
		return store.Session{}, fmt.Errorf("start session: %w", err)
	}
	row.ID = id
	return row, s.SetCookies(w, r, Caller{row, user}, remember)
}

// Reset hands out the cookies of c again after its user or session changed, remembered or not as they were.
func (s *Sessions) Reset(w http.ResponseWriter, r *http.Request, c Caller) error {
	secret, err := s.Secret(r.Context())
	if err != nil {
		return fmt.Errorf("read cookie secret: %w", err)
	}
	return s.SetCookies(w, r, c, !s.forgotten(r, secret))
}

// SetCookies hands out a stored session: the session cookie, the mark of one that is not to be remembered, the cache cookie
// if the cache is on, and the header for clients that use bearer tokens.
func (s *Sessions) SetCookies(w http.ResponseWriter, r *http.Request, c Caller, remember bool) error {
	secret, err := s.Secret(r.Context())
	if err != nil {
		return fmt.Errorf("read cookie secret: %w", err)
	}
	s.setCookie(w, secret, c.Session.Token, remember)
	switch {
	case !remember:
		s.addCookie(w, dontRemember, Sign(secret, "true"), sessionLong)
	case s.forgotten(r, secret):
		s.addCookie(w, dontRemember, "", 0)
	}
	return s.setCache(w, r, secret, c, remember)
}

// End deletes the sessions that r carries, if any, and clears the cookies.
func (s *Sessions) End(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	tokens, err := s.Tokens(r)
	if err != nil {
		return err
	}
	if len(tokens) > 0 {
		userID, err := db.EndSessions(r.Context(), tokens)
		switch {
		case err == nil:
			web.NoteUser(r.Context(), userID)
		case !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrInvalid):
			return fmt.Errorf("end session: %w", err)
		}
	}
	s.Clear(w, r)
	return nil
}

// userAgent is what the client calls itself, as text that a database can hold.
func userAgent(r *http.Request) string {
	ua := r.UserAgent()
	return strings.ToValidUTF8(ua[:min(len(ua), maxHeaderValue)], "\uFFFD")
}
