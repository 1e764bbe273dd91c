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

// The life of sessions (contract: sessions).
const (
	life           = 7 * 24 * time.Hour
	forgottenLife  = 24 * time.Hour // with rememberMe false
	updateAge      = 24 * time.Hour // a session is prolonged at most this often
	tokenLength    = 32
	tokenAlphabet  = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	maxHeaderValue = 8 << 10 // of a user agent worth keeping, in bytes
)

// Sessions starts, finds and ends sessions.
type Sessions struct {
	Store  *store.Store
	Secret func(context.Context) ([]byte, error) // signs the cookies
	Now    func() time.Time

	secure   bool
	clientIP config.ClientIP
}

// New makes Sessions that read rows from db and sign cookies with secret.
func New(cfg config.Config, db *store.Store, secret func(context.Context) ([]byte, error)) *Sessions {
	return &Sessions{
		Store: db, Secret: secret, Now: time.Now, //nolint:forbidigo // the default of the clock that tests replace
		secure: cfg.Secure(), clientIP: cfg.ClientIP,
	}
}

// Caller is who sent a request.
type Caller struct {
	Session store.Session `json:"session"`
	User    store.User    `json:"user"`
}

// ErrEnded is returned when a session was ended by someone else while it was being prolonged.
var ErrEnded = errors.New("the session was ended meanwhile")

// Caller finds who sent r, nil if nobody is signed in. It prolongs a session that is due, clears the cookies of one
// that is dead and deletes one that has expired; always by the database, never by a cookie's own word.
func (s *Sessions) Caller(w http.ResponseWriter, r *http.Request) (*Caller, error) {
	secret, err := s.Secret(r.Context())
	if err != nil {
		return nil, fmt.Errorf("read cookie secret: %w", err)
	}
	s.dropStray(w, r)
	token := s.token(r, secret)
	if token == "" {
		return nil, nil //nolint:nilnil // "nobody" is an answer here, not a fault
	}
	row, user, err := s.Store.SessionWithUser(r.Context(), token)
	if errors.Is(err, store.ErrNotFound) {
		s.Clear(w, r)
		return nil, nil //nolint:nilnil // as above
	}
	if err != nil {
		return nil, fmt.Errorf("find session: %w", err)
	}
	now := s.Now()
	if row.ExpiresAt.Before(now) {
		s.Clear(w, r)
		if err := s.Store.DeleteSession(r.Context(), token); err != nil {
			web.NoteError(r.Context(), fmt.Errorf("delete expired session: %w", err))
		}
		return nil, nil //nolint:nilnil // as above
	}
	web.NoteUser(r.Context(), user.ID)
	if s.due(r, secret, row, now) {
		if err := s.extend(w, r, secret, &row, now); err != nil {
			return nil, err
		}
	}
	return &Caller{row, user}, nil
}

// Token is the session token that r carries with a right signature, "" if none; it says nothing about the session.
func (s *Sessions) Token(r *http.Request) (string, error) {
	secret, err := s.Secret(r.Context())
	if err != nil {
		return "", fmt.Errorf("read cookie secret: %w", err)
	}
	return s.token(r, secret), nil
}

// due reports whether a session is to be prolonged: a day after it last was, unless the person asked not to be
// remembered or the request asks to leave it alone.
func (s *Sessions) due(r *http.Request, secret []byte, row store.Session, now time.Time) bool {
	return !row.ExpiresAt.Add(updateAge-life).After(now) &&
		r.URL.Query().Get("disableRefresh") == "" && !s.forgotten(r, secret)
}

func (s *Sessions) extend(w http.ResponseWriter, r *http.Request, secret []byte, row *store.Session, now time.Time) error {
	now = now.Truncate(time.Millisecond)
	err := s.Store.ExtendSession(r.Context(), row.Token, now.Add(life), now)
	if errors.Is(err, store.ErrNotFound) {
		s.Clear(w, r)
		return ErrEnded
	}
	if err != nil {
		return fmt.Errorf("prolong session: %w", err)
	}
	row.ExpiresAt, row.UpdatedAt = store.Time{Time: now.Add(life)}, store.Time{Time: now}
	s.setCookie(w, secret, row.Token, true)
	return nil
}

// Prepare makes the session that a person starts with r, not yet stored and without a user. Each has a new token.
func (s *Sessions) Prepare(r *http.Request, remember bool) store.Session {
	now := s.Now().Truncate(time.Millisecond)
	expires := now.Add(life)
	if !remember {
		expires = now.Add(forgottenLife)
	}
	ip, agent := web.ClientIP(s.clientIP, r), userAgent(r)
	return store.Session{
		Token: newToken(), ExpiresAt: store.Time{Time: expires},
		CreatedAt: store.Time{Time: now}, UpdatedAt: store.Time{Time: now},
		IPAddress: &ip, UserAgent: &agent,
	}
}

// Start stores a session for a user and sets its cookie.
func (s *Sessions) Start(w http.ResponseWriter, r *http.Request, userID string, remember bool) (store.Session, error) {
	row := s.Prepare(r, remember)
	row.UserID = userID
	id, err := s.Store.InsertSession(r.Context(), row)
	if err != nil {
		return store.Session{}, fmt.Errorf("start session: %w", err)
	}
	row.ID = id
	return row, s.SetCookies(w, r, row.Token, remember)
}

// SetCookies hands out a stored session: the session cookie, the mark of one that is not to be remembered, and the header
// for clients that use bearer tokens.
func (s *Sessions) SetCookies(w http.ResponseWriter, r *http.Request, token string, remember bool) error {
	secret, err := s.Secret(r.Context())
	if err != nil {
		return fmt.Errorf("read cookie secret: %w", err)
	}
	s.setCookie(w, secret, token, remember)
	switch {
	case !remember:
		s.addCookie(w, dontRemember, Sign(secret, "true"), sessionLong)
	case s.forgotten(r, secret):
		s.addCookie(w, dontRemember, "", 0)
	}
	return nil
}

// End deletes the session that r carries, if any, and clears the cookies.
func (s *Sessions) End(w http.ResponseWriter, r *http.Request) error {
	token, err := s.Token(r)
	if err != nil {
		return err
	}
	if token != "" {
		if err := s.Store.DeleteSession(r.Context(), token); err != nil && !errors.Is(err, store.ErrInvalid) {
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
