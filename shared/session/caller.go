package session

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// Caller is who sent a request.
type Caller struct {
	Session store.Session `json:"session"`
	User    store.User    `json:"user"`
}

// ErrEnded is returned when a session was ended by someone else while it was being prolonged.
var ErrEnded = errors.New("the session was ended meanwhile")

// Cached is Caller for get-session alone: with the cookie cache on it answers from a valid cache cookie, without the
// database, and reports that as fromCookie. The session may have been revoked and the user banned or deleted since: a
// cache cookie is believed until it expires, five minutes at most. So the caller must not turn it into anything that
// lives longer.
func (s *Sessions) Cached(w http.ResponseWriter, r *http.Request) (c *Caller, fromCookie bool, err error) {
	secret, tokens, err := s.identify(w, r)
	if err != nil || len(tokens) == 0 {
		return nil, false, err
	}
	c, bad := s.readCache(r, secret, tokens)
	if c != nil {
		web.NoteUser(r.Context(), c.User.ID)
		return c, true, nil
	}
	if bad {
		s.addCookie(w, sessionData, "", 0)
	}
	c, err = s.load(w, r, secret, tokens, true)
	return c, false, err
}

// Caller finds who sent r, nil if nobody is signed in; somebody who is banned is not. It prolongs a session that is due,
// clears the cookies of one that is dead and deletes one that has expired; always by the database, never by a cookie's own
// word. It answers with the cookies that the library would: none at all where the library would have believed the cache
// cookie.
func (s *Sessions) Caller(w http.ResponseWriter, r *http.Request) (*Caller, error) {
	secret, tokens, err := s.identify(w, r)
	if err != nil || len(tokens) == 0 {
		return nil, err
	}
	cached, bad := s.readCache(r, secret, tokens)
	c, err := s.load(w, r, secret, tokens, cached == nil)
	if bad && c != nil && !s.says(w, sessionData) {
		s.addCookie(w, sessionData, "", 0)
	}
	return c, err
}

// Sensitive is Caller for what changes or ends something of weight: the library, too, reads the database there, and hands
// out the cache cookie anew.
func (s *Sessions) Sensitive(w http.ResponseWriter, r *http.Request) (*Caller, error) {
	secret, tokens, err := s.identify(w, r)
	if err != nil || len(tokens) == 0 {
		return nil, err
	}
	return s.load(w, r, secret, tokens, true)
}

// identify finds the tokens that r carries. With the cache off it clears cache cookies that a server with the
// cache on has left behind.
func (s *Sessions) identify(w http.ResponseWriter, r *http.Request) (secret []byte, tokens []string, err error) {
	if secret, err = s.Secret(r.Context()); err != nil {
		return nil, nil, fmt.Errorf("read cookie secret: %w", err)
	}
	if s.cache == 0 && len(s.cacheValues(r)) > 0 {
		s.clearCache(w, r)
	}
	return secret, s.tokens(r, secret), nil
}

// load finds the caller of the first token whose session is live in the database, and with renew hands out what is due:
// a longer life, cookies.
func (s *Sessions) load(w http.ResponseWriter, r *http.Request, secret []byte, tokens []string, renew bool) (*Caller, error) {
	now := s.Now()
	row, user, err := s.Store.SessionWithUser(r.Context(), tokens, now)
	if errors.Is(err, store.ErrNotFound) {
		s.Clear(w, r)
		return nil, nil //nolint:nilnil // "nobody" is an answer here, not a fault
	}
	if err != nil {
		return nil, fmt.Errorf("find session: %w", err)
	}
	if row.ExpiresAt.Before(now) { // then so are those of the other tokens
		s.Clear(w, r)
		if err := s.Store.DeleteSession(r.Context(), row.Token); err != nil {
			web.NoteError(r.Context(), fmt.Errorf("delete expired session: %w", err))
		}
		return nil, nil //nolint:nilnil // as above
	}
	web.NoteUser(r.Context(), user.ID)
	c := &Caller{row, user}
	// One who is not to be remembered gets no new cookies on a read, nor does a request that asks to be left alone.
	if !renew || asked(r, "disableRefresh") || s.forgotten(r, secret) {
		return c, nil
	}
	err = s.extend(w, r, secret, &c.Session, now)
	if errors.Is(err, ErrEnded) && len(tokens) == 1 { // with more, the next request finds out whether another is live
		s.Clear(w, r)
	}
	if err != nil {
		return nil, err
	}
	return c, s.setCache(w, r, secret, *c, true)
}

// extend prolongs a session that has not been for a day.
func (s *Sessions) extend(w http.ResponseWriter, r *http.Request, secret []byte, row *store.Session, now time.Time) error {
	if row.ExpiresAt.Add(updateAge - life).After(now) {
		return nil
	}
	now = now.Truncate(time.Millisecond)
	err := s.Store.ExtendSession(r.Context(), row.Token, now.Add(life), now)
	if errors.Is(err, store.ErrNotFound) {
		return ErrEnded
	}
	if err != nil {
		return fmt.Errorf("prolong session: %w", err)
	}
	row.ExpiresAt, row.UpdatedAt = store.Time{Time: now.Add(life)}, store.Time{Time: now}
	s.setCookie(w, secret, row.Token, true)
	return nil
}
