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
// spent; the token, the new password and the end of the sessions are one transaction. It signs nobody in.
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
	userID, exists, err := s.Store.UserOfVerification(r.Context(), identifier, s.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errInvalidReset
	case err != nil:
		return fmt.Errorf("find reset token: %w", err)
	case !exists:
		return errResetUserGone
	}
	web.NoteUser(r.Context(), userID)
	hash, err := s.Hasher.Hash(r.Context(), in.NewPassword)
	if err != nil {
		return fmt.Errorf("hash password: %w", err)
	}
	err = s.Store.ResetPassword(r.Context(), identifier, hash, s.Options.RevokeSessionsOnPasswordReset, s.Now())
	switch {
	case errors.Is(err, store.ErrNotFound): // spent by another request since
		return errInvalidReset
	case err != nil:
		return fmt.Errorf("reset password: %w", err)
	}
	return web.JSON(w, http.StatusOK, statusReply{true})
}
