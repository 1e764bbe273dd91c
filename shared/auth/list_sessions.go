package auth

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// listSessions answers GET /api/auth/list-sessions with the sessions of the caller that have not expired, except those
// of administrators who impersonate the caller. The current session must be fresh.
func (s *Service) listSessions(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	caller, err := s.requireFreshCaller(w, r, db)
	if err != nil {
		return err
	}
	sessions, err := db.SessionsOfUser(r.Context(), caller.User.ID, s.Now())
	if err != nil {
		return fmt.Errorf("list sessions: %w", err)
	}
	sessions = slices.DeleteFunc(sessions, func(row store.Session) bool {
		return web.OrEmpty(row.ImpersonatedBy.Value) != ""
	})
	return web.WriteJSON(w, http.StatusOK, sessions)
}
