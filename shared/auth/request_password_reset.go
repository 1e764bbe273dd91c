package auth

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

const resetLife = time.Hour

// resetIdentifier is how the library stores a reset token. It is not hashed: a link that one server mails has to work on
// the other.
func resetIdentifier(token string) string { return store.ResetPasswordLink + token }

// requestPasswordReset answers POST /api/auth/request-password-reset. An address that nobody has costs what a known one
// does, to the row that is written and the mail that is queued.
func (s *Service) requestPasswordReset(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Email      string  `json:"email" is:"email"`
		RedirectTo *string `json:"redirectTo"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if s.Mail == nil {
		return errResetDisabled
	}
	m := mail.Message{Kind: mail.ResetPassword, To: strings.ToLower(in.Email), Token: oneTimeToken(resetAlphabet, resetLength)}
	m.URL = s.Options.Origin + basePath + "/reset-password/" + m.Token + "?callbackURL=" + component(optional(in.RedirectTo))
	now := s.Now().Truncate(time.Millisecond)
	userID, err := s.Store.InsertPasswordReset(r.Context(), resetIdentifier(m.Token), m.To, now.Add(resetLife), now)
	if err != nil {
		return fmt.Errorf("store reset token: %w", err)
	}
	if userID == "" {
		m.Kind = mail.Nothing
	}
	s.send(r, m)
	return web.JSON(w, http.StatusOK, struct {
		Status  bool   `json:"status"`
		Message string `json:"message"`
	}{true, "If this email exists in our system, check your email for the reset link"})
}
