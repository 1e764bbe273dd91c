package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// Caller is the signed-in user of a request, with the session.
type Caller struct {
	Session store.Session `json:"session"`
	User    store.User    `json:"user"`

	// Metadata is what a JWT with the claims of Supabase needs. It is nil without JWT_CLAIMS=supabase, and after other
	// methods than CachedCaller and CallerForToken.
	Metadata *store.Metadata `json:"-"`
	// CustomClaims has the JSON of the claims of JWT_CUSTOM_CLAIMS, as store.TokenSession.Custom. It is nil after other
	// methods than CachedCaller and CallerForToken.
	CustomClaims []json.RawMessage `json:"-"`
}

// AppendJSON appends the JSON of c: the response of get-session. It returns all bytes, and the part that is the JSON of
// the user.
func (c *Caller) AppendJSON(b []byte) (all, user []byte) {
	b = append(c.Session.AppendJSON(append(b, `{"session":`...)), `,"user":`...)
	start := len(b)
	b = c.User.AppendJSON(b)
	end := len(b)
	return append(b, '}'), b[start:end]
}

// ErrEnded means that another request has ended the session since this request read it.
var ErrEnded = errors.New("the session was ended by another request")

// CachedCaller is like Caller, for get-session only. If the cookie cache is on and r has a valid cache cookie, it
// returns the caller from that cookie without a database query, and fromCookie is true. The session may have been
// revoked, and the user banned or deleted, since the cookie was set: a cache cookie is accepted until it expires, after
// five minutes at most. So the handler must not derive anything from the result that is valid for longer, such as a
// JWT.
func (s *Sessions) CachedCaller(
	w http.ResponseWriter, r *http.Request, db *store.Store,
) (c *Caller, fromCookie bool, err error) {
	secrets, tokens, err := s.readTokens(w, r)
	if err != nil || len(tokens) == 0 {
		return nil, false, err
	}
	c, invalid := s.readCacheCookie(r, secrets, tokens)
	if c != nil {
		web.NoteUser(r.Context(), c.User.ID)
		return c, true, nil
	}
	options := loadOptions{
		secrets: secrets, tokens: tokens, clearCacheCookies: invalid, renew: true, forToken: true,
	}
	c, err = s.loadCaller(w, r, db, options)
	return c, false, err
}

// Caller finds the caller of r in the database. It returns nil if no user is signed in or the user is banned. It clears
// the cookies of a session that is not live, and deletes a session that has expired. If the session was last extended a
// day ago or earlier, it extends it. It sets the cookies that Better Auth sets. With a valid cache cookie Better Auth
// would not read the database: then Caller neither extends the session nor sets cookies.
func (s *Sessions) Caller(w http.ResponseWriter, r *http.Request, db *store.Store) (*Caller, error) {
	return s.caller(w, r, db, false)
}

// CallerForToken is like Caller, for a route that answers with a JWT.
func (s *Sessions) CallerForToken(w http.ResponseWriter, r *http.Request, db *store.Store) (*Caller, error) {
	return s.caller(w, r, db, true)
}

func (s *Sessions) caller(w http.ResponseWriter, r *http.Request, db *store.Store, forToken bool) (*Caller, error) {
	secrets, tokens, err := s.readTokens(w, r)
	if err != nil || len(tokens) == 0 {
		return nil, err
	}
	cached, invalid := s.readCacheCookie(r, secrets, tokens)
	options := loadOptions{secrets: secrets, tokens: tokens, renew: cached == nil, forToken: forToken}
	c, err := s.loadCaller(w, r, db, options)
	if invalid && c != nil && !s.hasSetCookie(w, sessionDataCookie) {
		s.addCookie(w, sessionDataCookie, "", 0)
	}
	return c, err
}

// CallerForSensitiveRoute is like Caller, for routes with Better Auth's guard "sensitive"
// (docs/wire.md#session-guards). On these routes Better Auth ignores the cache cookie. So this method extends the
// session and sets cookies even if the request has a valid one.
func (s *Sessions) CallerForSensitiveRoute(
	w http.ResponseWriter, r *http.Request, db *store.Store,
) (*Caller, error) {
	secrets, tokens, err := s.readTokens(w, r)
	if err != nil || len(tokens) == 0 {
		return nil, err
	}
	return s.loadCaller(w, r, db, loadOptions{secrets: secrets, tokens: tokens, renew: true})
}

// readTokens returns the secrets and the session tokens of r. If r has no token and the cookie cache is off, it clears
// the cache cookies.
func (s *Sessions) readTokens(w http.ResponseWriter, r *http.Request) (secrets [][]byte, tokens []string, err error) {
	if secrets, err = s.Secrets(r.Context()); err != nil {
		return nil, nil, fmt.Errorf("read cookie secret: %w", err)
	}
	if tokens = s.tokens(r, secrets); len(tokens) == 0 {
		s.clearUnusedCacheCookies(w, r)
	}
	return secrets, tokens, nil
}

// clearUnusedCacheCookies clears the cache cookies of r if the cookie cache is off: then they are from another server
// or from an earlier deployment.
func (s *Sessions) clearUnusedCacheCookies(w http.ResponseWriter, r *http.Request) {
	if s.cache == 0 && len(s.cacheCookieValues(r)) > 0 {
		s.clearCacheCookies(w, r)
	}
}

// loadOptions has the parameters of loadCaller: the tokens of the request, and which changes loadCaller may make.
type loadOptions struct {
	secrets           [][]byte
	tokens            []string
	clearCacheCookies bool // clear the cache cookie, because it is invalid
	renew             bool // extend the session if it was last extended a day ago or earlier, and set cookies
	forToken          bool // also read what a JWT has besides the session and the user
}

// loadCaller finds the caller in the database: the user of the first token with a live session. It sets headers only
// after the statement that reads the session, because that statement can fail with a rate limit error.
func (s *Sessions) loadCaller(
	w http.ResponseWriter,
	r *http.Request,
	db *store.Store,
	options loadOptions,
) (*Caller, error) {
	now := s.Now()
	c, err := s.readCaller(r.Context(), db, options, now)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("find session: %w", err)
	}
	s.clearUnusedCacheCookies(w, r)
	if options.clearCacheCookies {
		s.addCookie(w, sessionDataCookie, "", 0)
	}
	if err != nil {
		s.ClearCookies(w, r)
		return nil, nil //nolint:nilnil // no caller is a result, not an error
	}
	if c.Session.ExpiresAt.Before(now) { // then the sessions of the other tokens have expired too
		s.ClearCookies(w, r)
		if err := db.DeleteSession(r.Context(), c.Session.Token); err != nil {
			web.NoteError(r.Context(), fmt.Errorf("delete expired session: %w", err))
		}
		return nil, nil //nolint:nilnil // as above
	}
	web.NoteUser(r.Context(), c.User.ID)
	if admin := web.OrEmpty(c.Session.ImpersonatedBy.Value); admin != "" {
		web.NoteImpersonator(r.Context(), admin)
	}
	// Better Auth neither extends the session nor sets cookies if rememberMe was false or the query has disableRefresh.
	if !options.renew || isQueryOptionSet(r, "disableRefresh") || s.hasDontRememberCookie(r, options.secrets) {
		return c, nil
	}
	err = s.extendSession(w, r, db, options.secrets[0], &c.Session, now)
	if errors.Is(err, ErrEnded) && len(options.tokens) == 1 { // with several tokens, the next request checks the others
		s.ClearCookies(w, r)
	}
	if err != nil {
		return nil, err
	}
	return c, s.setCacheCookie(w, r, options.secrets[0], *c, true)
}

// readCaller reads the session of the tokens, with its user, in one round trip.
func (s *Sessions) readCaller(
	ctx context.Context, db *store.Store, options loadOptions, now time.Time,
) (c *Caller, err error) {
	c = &Caller{}
	if !options.forToken || !s.moreClaims {
		c.Session, c.User, err = db.SessionWithUser(ctx, options.tokens, now)
		return c, err
	}
	x, err := db.SessionForToken(ctx, options.tokens, now, s.supabaseClaims)
	c.Session, c.User, c.Metadata, c.CustomClaims = x.Session, x.User, x.Metadata, x.Custom
	return c, err
}

// extendSession gives the session a later expiry and sets its cookie again, if it was last extended a day ago or
// earlier. It does not extend a session in which an administrator impersonates the user.
func (s *Sessions) extendSession(
	w http.ResponseWriter, r *http.Request, db *store.Store, secret []byte, row *store.Session, now time.Time,
) error {
	if row.ExpiresAt.Add(minExtensionInterval-lifetime).After(now) || row.ImpersonatedBy.Value != nil {
		return nil
	}
	now = now.Truncate(time.Millisecond)
	err := db.ExtendSession(r.Context(), row.Token, now.Add(lifetime), now)
	if errors.Is(err, store.ErrNotFound) {
		return ErrEnded
	}
	if err != nil {
		return fmt.Errorf("extend session: %w", err)
	}
	row.ExpiresAt, row.UpdatedAt = store.Time{Time: now.Add(lifetime)}, store.Time{Time: now}
	s.setSessionCookie(w, secret, row.Token, true)
	return nil
}
