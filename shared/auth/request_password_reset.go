package auth

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/random"
	"github.com/xenon-auth/xenon/shared/redirect"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// resetLinkLifetime is how long a mailed link that resets a password is valid.
const resetLinkLifetime = time.Hour

// resetLinkIdentifier returns the identifier of a reset token in the table verification, as Better Auth forms it. It
// has the token itself and not a hash of it, so that Xenon and Better Auth accept each other's links.
func resetLinkIdentifier(token string) string { return store.ResetPasswordLinkPrefix + token }

// requestPasswordReset answers POST /api/auth/request-password-reset. It mails a link that resets the password. For an
// email that no user has, it does the same work and queues a mail.Nothing.
func (s *Service) requestPasswordReset(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		Email      string  `json:"email" check:"email"`
		RedirectTo *string `json:"redirectTo"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if !s.SendsMail() {
		return errResetDisabled
	}
	token := random.String(resetTokenAlphabet, resetTokenLength)
	m := mail.Message{Kind: mail.ResetPassword, To: strings.ToLower(in.Email), Token: token}
	m.URL = s.Options.Origin + BasePath + "/reset-password/" + token +
		"?callbackURL=" + redirect.EncodeURIComponent(web.OrEmpty(in.RedirectTo))
	now := s.Now().Truncate(time.Millisecond)
	userID, err := db.InsertPasswordResetLink(
		r.Context(), resetLinkIdentifier(token), m.To, now.Add(resetLinkLifetime), now)
	if err != nil {
		return fmt.Errorf("store reset token: %w", err)
	}
	if userID == "" {
		m.Kind = mail.Nothing
	}
	s.SendMailWithinLimits(r, db, m)
	return web.WriteJSON(w, http.StatusOK, struct {
		Status  bool   `json:"status"`
		Message string `json:"message"`
	}{true, "If this email exists in our system, check your email for the reset link"})
}
