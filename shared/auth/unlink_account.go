package auth

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// unlinkAccount answers POST /api/auth/unlink-account: it deletes one account of the caller. It does not delete the
// last one unless ALLOW_UNLINKING_ALL is on. The session must be fresh.
func (s *Service) unlinkAccount(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		AccountID string `json:"accountId"` // the id of the row in the table account, not the user's id at the provider
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	caller, err := s.requireFreshCaller(w, r, db)
	if err != nil {
		return err
	}
	err = db.DeleteAccount(r.Context(), caller.User.ID, in.AccountID, s.Options.AllowUnlinkingAll)
	switch {
	case errors.Is(err, store.ErrLastAccount):
		return errLastAccount
	case errors.Is(err, store.ErrNotFound):
		return ErrAccountNotFound
	case err != nil:
		return fmt.Errorf("unlink account: %w", err)
	}
	return replyStatusTrue(w)
}
