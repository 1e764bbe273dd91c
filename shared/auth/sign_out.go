package auth

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// signOut answers POST /api/auth/sign-out: it ends the session. It succeeds even if the client is not signed in.
func (s *Service) signOut(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		CallbackURL     *string `json:"callbackURL"`
		DisableRedirect *bool   `json:"disableRedirect"`
		State           *string `json:"state"`
	}
	if web.HasBody(r) {
		if err := web.Decode(r, &in); err != nil {
			return err
		}
	}
	if err := s.Sessions.End(w, r, db); err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, struct {
		Success bool `json:"success"`
	}{true})
}
