// Package session finds the caller of a request: the session and the user of a signed cookie or a bearer token. It
// starts and ends sessions, and writes the cookies exactly as Better Auth does.
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
	lifetime             = 7 * 24 * time.Hour
	unrememberedLifetime = 24 * time.Hour // lifetime with rememberMe false
	minExtensionInterval = 24 * time.Hour // minimum time between two extensions of a session
	maxUserAgentLength   = 8 << 10        // in bytes; the rest is not stored
)

// Sessions starts, finds and ends sessions.
type Sessions struct {
	Secrets func(context.Context) ([][]byte, error) // returns the keys of the cookies: the first one signs, all verify
	Clients web.Clients                             // finds the IP address that is stored with a session
	Now     func() time.Time

	secure         bool
	stateCookie    bool // STATE_STRATEGY=cookie
	supabaseClaims bool // JWT_CLAIMS=supabase
	moreClaims     bool // a JWT has other claims than the columns of store.User
	plugins        config.Plugins
	cache          time.Duration // how long a cache cookie is valid; 0 if the cookie cache is off
}

// New returns Sessions whose cookies have the keys that secrets returns.
func New(
	cfg config.API, secrets func(context.Context) ([][]byte, error), clients web.Clients, now func() time.Time,
) *Sessions {
	s := &Sessions{
		Secrets: secrets, Clients: clients, Now: now, secure: cfg.Secure(), stateCookie: cfg.StateCookie,
		supabaseClaims: cfg.JWTClaims == config.SupabaseClaims, plugins: cfg.Plugins,
		moreClaims: cfg.JWTClaims == config.SupabaseClaims || len(cfg.CustomClaims) > 0,
	}
	if cfg.CookieCache {
		s.cache = cfg.CookieCacheMaxAge
	}
	return s
}

// NewUnsavedSession returns a new session for the client of r, with a new token. It has no user yet and is not stored.
func (s *Sessions) NewUnsavedSession(r *http.Request, remember bool) store.Session {
	now := s.Now().Truncate(time.Millisecond)
	expires := now.Add(lifetime)
	if !remember {
		expires = now.Add(unrememberedLifetime)
	}
	ip, agent := s.Clients.IP(r), userAgentOf(r)
	return store.Session{
		Token: newToken(), ExpiresAt: store.Time{Time: expires},
		CreatedAt: store.Time{Time: now}, UpdatedAt: store.Time{Time: now},
		IPAddress: &ip, UserAgent: &agent,
		ImpersonatedBy: store.PluginField[string]{IsPresent: s.plugins.Admin},
	}
}

// Start stores a new session of a user whose password is stored as hash, and sets its cookies. It returns
// store.ErrBanned if the user is banned, and store.ErrChanged if the password was changed or removed meanwhile.
func (s *Sessions) Start(
	w http.ResponseWriter, r *http.Request, db *store.Store, user store.User, hash string, remember bool,
) (store.Session, error) {
	row := s.NewUnsavedSession(r, remember)
	row.UserID = user.ID
	id, err := db.InsertSessionAfterPassword(r.Context(), row, hash)
	if err != nil {
		return store.Session{}, fmt.Errorf("start session: %w", err)
	}
	row.ID = id
	return row, s.SetCookies(w, r, Caller{Session: row, User: user}, remember)
}

// RenewCookies sets the cookies of c again after its user or session has changed. The session cookie lasts until the
// browser closes if the session was started with rememberMe false.
func (s *Sessions) RenewCookies(w http.ResponseWriter, r *http.Request, c Caller) error {
	secrets, err := s.Secrets(r.Context())
	if err != nil {
		return fmt.Errorf("read cookie secret: %w", err)
	}
	return s.SetCookies(w, r, c, !s.hasDontRememberCookie(r, secrets))
}

// RenewCacheCookie sets the cache cookie of c again after its user has changed, if the cookie cache is on.
func (s *Sessions) RenewCacheCookie(w http.ResponseWriter, r *http.Request, c Caller) error {
	secrets, err := s.Secrets(r.Context())
	if err != nil {
		return fmt.Errorf("read cookie secret: %w", err)
	}
	return s.setCacheCookie(w, r, secrets[0], c, !s.hasDontRememberCookie(r, secrets))
}

// SetCookies sets the cookies of a stored session: the session cookie and, if the cookie cache is on, the cache cookie.
// It sets the cookie dont_remember if remember is false; otherwise it clears that cookie if r has it. It also sets the
// header set-auth-token, for clients that use bearer tokens.
func (s *Sessions) SetCookies(w http.ResponseWriter, r *http.Request, c Caller, remember bool) error {
	secrets, err := s.Secrets(r.Context())
	if err != nil {
		return fmt.Errorf("read cookie secret: %w", err)
	}
	s.setSessionCookie(w, secrets[0], c.Session.Token, remember)
	switch {
	case !remember:
		s.addCookie(w, dontRememberCookie, Sign(secrets[0], "true"), untilBrowserCloses)
	case s.hasDontRememberCookie(r, secrets):
		s.addCookie(w, dontRememberCookie, "", 0)
	}
	return s.setCacheCookie(w, r, secrets[0], c, remember)
}

// End deletes the sessions whose tokens r has, if any, and clears the cookies.
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
	s.ClearCookies(w, r)
	return nil
}

// userAgentOf returns the first maxUserAgentLength bytes of the header User-Agent, as UTF-8 that Postgres can store.
func userAgentOf(r *http.Request) string {
	ua := r.UserAgent()
	return strings.ToValidUTF8(ua[:min(len(ua), maxUserAgentLength)], "\uFFFD")
}
