package session

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// impersonationLifetime is how long an administrator can impersonate a user.
const impersonationLifetime = time.Hour

// ErrNoAdminSession means that the session of the administrator who impersonates a user has ended, or that the request
// does not have its cookie.
var ErrNoAdminSession = errors.New("the session of the administrator cannot be found")

// Impersonate starts a session in which the administrator admin acts as the user. It stores the session of the
// administrator in a cookie of its own, for StopImpersonating, and replaces the other cookies. It returns
// store.ErrBanned if the user is banned.
func (s *Sessions) Impersonate(
	w http.ResponseWriter, r *http.Request, db *store.Store, admin *Caller, user store.User,
) (store.Session, error) {
	secrets, err := s.Secrets(r.Context())
	if err != nil {
		return store.Session{}, fmt.Errorf("read cookie secret: %w", err)
	}
	row := s.NewUnsavedSession(r, true)
	row.UserID, row.ImpersonatedBy = user.ID, store.NewPluginField(&admin.User.ID)
	row.ExpiresAt = store.Time{Time: row.CreatedAt.Add(impersonationLifetime)}
	if row.ID, err = db.InsertImpersonation(r.Context(), row); err != nil {
		return store.Session{}, fmt.Errorf("start impersonation: %w", err)
	}
	s.ClearCookies(w, r)
	value := admin.Session.Token + ":"
	if s.hasDontRememberCookie(r, secrets) {
		value += "true"
	}
	s.addCookie(w, adminSessionCookie, Sign(secrets[0], value), int(lifetime.Seconds()))
	return row, s.SetCookies(w, r, Caller{Session: row, User: user}, false)
}

// StopImpersonating ends the session c, in which an administrator impersonates a user. It restores the session of the
// administrator from the cookie that Impersonate has set, and returns it. It returns ErrNoAdminSession, and keeps c, if
// that session has ended or belongs to another user.
func (s *Sessions) StopImpersonating(
	w http.ResponseWriter, r *http.Request, db *store.Store, c *Caller,
) (*Caller, error) {
	secrets, err := s.Secrets(r.Context())
	if err != nil {
		return nil, fmt.Errorf("read cookie secret: %w", err)
	}
	admin, remember, err := s.adminSession(r, db, secrets)
	switch {
	case err != nil:
		return nil, err
	case admin.User.ID != web.OrEmpty(c.Session.ImpersonatedBy.Value):
		return nil, ErrNoAdminSession
	}
	if err := db.DeleteSession(r.Context(), c.Session.Token); err != nil {
		return nil, fmt.Errorf("end impersonation: %w", err)
	}
	if err := s.SetCookies(w, r, *admin, remember); err != nil {
		return nil, err
	}
	s.addCookie(w, adminSessionCookie, "", 0)
	return admin, nil
}

// adminSession returns the live session in the cookie that Impersonate has set, and whether it is to be remembered.
func (s *Sessions) adminSession(
	r *http.Request, db *store.Store, secrets [][]byte,
) (admin *Caller, remember bool, err error) {
	for value := range s.signedCookieValues(r, adminSessionCookie, secrets) {
		token, dontRemember, _ := strings.Cut(value, ":")
		admin = &Caller{}
		admin.Session, admin.User, err = db.SessionWithUser(r.Context(), []string{token}, s.Now())
		switch {
		case err == nil && !admin.Session.ExpiresAt.Before(s.Now()):
			return admin, dontRemember == "", nil
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return nil, false, fmt.Errorf("find session of the administrator: %w", err)
		}
	}
	return nil, false, ErrNoAdminSession
}
