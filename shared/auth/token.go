package auth

import (
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

const usualUserBytes = 512 // most users have shorter JSON

// token answers GET /api/auth/token with a JWT for the caller, who must be signed in.
func (s *Service) token(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	caller, err := callerOrUnauthorized(s.Sessions.CallerForToken(w, r, db))
	if err != nil {
		return err
	}
	user := caller.User.AppendJSON(make([]byte, 0, usualUserBytes))
	token, err := s.Keys.Token(r.Context(), s.claimsOfCaller(r.Context(), caller, user))
	if err != nil {
		return fmt.Errorf("sign JWT: %w", err)
	}
	return web.WriteJSONText(w, http.StatusOK, []byte(`{"token":"`+token+`"}`)) // a JWT needs no escape
}
