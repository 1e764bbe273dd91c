package auth

import (
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// revokeSession answers POST /api/auth/revoke-session: it ends one session of the caller. The response is the same if
// the token is unknown or belongs to another user.
func (s *Service) revokeSession(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		Token string `json:"token"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	caller, err := s.RequireSensitiveCaller(w, r, db)
	if err != nil {
		return err
	}
	if err := db.DeleteSessionOfUser(r.Context(), caller.User.ID, in.Token); err != nil {
		return fmt.Errorf("revoke session: %w", err)
	}
	if in.Token == caller.Session.Token {
		s.Sessions.ClearCookies(w, r)
	}
	return replyStatusTrue(w)
}
