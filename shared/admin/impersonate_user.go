package admin

import (
	"errors"
	"net/http"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// sessionReply is the body of the responses with a session and its user.
type sessionReply struct {
	Session store.Session `json:"session"`
	User    store.User    `json:"user"`
}

// impersonateUser answers POST /api/auth/admin/impersonate-user: it starts a session in which the administrator acts as
// a user, for one hour.
func (s *Service) impersonateUser(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		UserID string `json:"userId" check:"coerced"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	caller, err := s.requireRight(w, r, db, "user", "impersonate", errImpersonation)
	if err != nil {
		return err
	}
	web.NoteSubject(r.Context(), in.UserID)
	user, err := s.users(db).Get(r.Context(), in.UserID)
	if err != nil {
		return changeError(r, "find user", err)
	}
	if s.isAdmin(user) {
		if err := s.checkRight(caller, "user", "impersonate-admins", errImpersonateAdmin); err != nil {
			return err
		}
	}
	row, err := s.Sessions.Impersonate(w, r, db, caller, user)
	switch {
	case errors.Is(err, store.ErrBanned):
		return auth.ErrBanned
	case errors.Is(err, store.ErrOrphan): // a concurrent request has deleted the user
		return errUserNotFound
	case err != nil:
		return err
	}
	return web.WriteJSON(w, http.StatusOK, sessionReply{row, user})
}
