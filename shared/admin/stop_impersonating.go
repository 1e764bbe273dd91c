package admin

import (
	"errors"
	"net/http"

	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// stopImpersonating answers POST /api/auth/admin/stop-impersonating: it ends the session of impersonateUser and
// restores the session of the administrator.
func (s *Service) stopImpersonating(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	caller, err := s.Sessions.Caller(w, r, db)
	switch {
	case err != nil && !errors.Is(err, session.ErrEnded):
		return err
	case err != nil, caller == nil:
		return errUnauthorized
	}
	admin := web.OrEmpty(caller.Session.ImpersonatedBy.Value)
	if admin == "" {
		return errNotImpersonating
	}
	web.NoteSubject(r.Context(), caller.User.ID)
	web.NoteUser(r.Context(), admin)
	restored, err := s.Sessions.StopImpersonating(w, r, db, caller)
	switch {
	case errors.Is(err, session.ErrNoAdminSession):
		return errNoAdminSession
	case err != nil:
		return err
	}
	return web.WriteJSON(w, http.StatusOK, sessionReply{restored.Session, restored.User})
}
