package auth

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// resetPassword answers POST /api/auth/reset-password: it sets a new password with a mailed token. It checks everything
// else before it redeems the token. One transaction then deletes the token and all other mailed links, stores the
// password, deletes the counters of wrong passwords and reset mails and, if REVOKE_SESSIONS_ON_PASSWORD_RESET is on,
// ends the sessions. For a user whose email is not verified it also removes the accounts at providers, which another
// person may have linked; if there was one, it ends all sessions, whatever the setting. It starts no session, but sets
// the device cookie, so that the owner can sign in while others guess passwords.
func (s *Service) resetPassword(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	newPassword, token, err := decodePasswordReset(r)
	if err != nil {
		return err
	}
	identifier := resetLinkIdentifier(token)
	userID, email, err := db.UserOfLink(r.Context(), identifier, s.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errInvalidResetToken
	case err != nil:
		return fmt.Errorf("find reset token: %w", err)
	case email == "":
		return errResetUserDeleted
	}
	web.NoteUser(r.Context(), userID)
	hash, err := s.HashNewPassword(r, newPassword)
	if err != nil {
		return err
	}
	removed, err := db.ResetPassword(r.Context(), identifier, hash,
		s.Options.RevokeSessionsOnPasswordReset, s.ResetCounterKeys(r, email), s.Now())
	switch {
	case errors.Is(err, store.ErrNotFound): // a concurrent request has used the token
		return errInvalidResetToken
	case err != nil:
		return changeError(r, "reset password", err)
	}
	if removed > 0 {
		web.NoteAccountsRemoved(r.Context(), removed)
	}
	if err := s.Sessions.SetDevice(w, r, email, hash); err != nil {
		return err
	}
	return replyStatusTrue(w)
}

// decodePasswordReset returns the new password and the token, which can be in the body or in the query.
func decodePasswordReset(r *http.Request) (newPassword, token string, err error) {
	var in struct {
		NewPassword string  `json:"newPassword"`
		Token       *string `json:"token"`
	}
	var query struct {
		Token *string `json:"token"`
	}
	if err := web.Decode(r, &in); err != nil {
		return "", "", err
	}
	if err := web.DecodeQuery(r, &query); err != nil {
		return "", "", err
	}
	token = cmp.Or(web.OrEmpty(in.Token), web.OrEmpty(query.Token))
	if token == "" {
		return "", "", errInvalidResetToken
	}
	return in.NewPassword, token, CheckPasswordLength(in.NewPassword)
}
