package auth

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// resetPassword answers POST /api/auth/reset-password. Everything that can be refused is refused before the token is
// spent; the token, the new password, the end of the sessions, of all other mailed links and of the count of wrong
// passwords are one transaction. It starts no session, but makes the device known, so that an attack on the account
// does not keep its owner out.
func (s *Service) resetPassword(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		NewPassword string  `json:"newPassword"`
		Token       *string `json:"token"`
	}
	var query struct {
		Token *string `json:"token"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if err := web.DecodeQuery(r, &query); err != nil {
		return err
	}
	token := cmp.Or(optional(in.Token), optional(query.Token))
	if token == "" {
		return errInvalidReset
	}
	if err := passwordLength(in.NewPassword); err != nil {
		return err
	}
	identifier := resetIdentifier(token)
	userID, email, err := s.Store.UserOfVerification(r.Context(), identifier, s.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errInvalidReset
	case err != nil:
		return fmt.Errorf("find reset token: %w", err)
	case email == "":
		return errResetUserGone
	}
	web.NoteUser(r.Context(), userID)
	hash, err := s.hashNew(r, in.NewPassword)
	if err != nil {
		return err
	}
	counters := append(s.signInCounters(r, email), s.resetCounts(r, email)...)
	err = s.Store.ResetPassword(r.Context(), identifier, hash, s.Options.RevokeSessionsOnPasswordReset, counters, s.Now())
	switch {
	case errors.Is(err, store.ErrNotFound): // spent by another request since
		return errInvalidReset
	case err != nil:
		return fmt.Errorf("reset password: %w", err)
	}
	if err := s.Sessions.SetDevice(w, r, email, hash); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, statusReply{true})
}
