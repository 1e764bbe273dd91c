package auth

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// cancelEmailChange answers POST /api/auth/cancel-email-change, which Better Auth does not have. The body has a token
// that Xenon has mailed to the old email. cancelEmailChange cancels every email change that the user has requested. It
// needs no session.
func (s *Service) cancelEmailChange(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		Token string `json:"token"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	userID, err := db.CancelEmailChange(r.Context(), store.CancelEmailLinkPrefix+in.Token, s.Now())
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrInvalid):
		return errInvalidCancelToken
	case err != nil:
		return fmt.Errorf("cancel email change: %w", err)
	}
	web.NoteUser(r.Context(), userID)
	return replyStatusTrue(w)
}
