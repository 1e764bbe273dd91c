package twofactor

import (
	"fmt"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/random"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// The form and the lifetime of mailed codes, as in Better Auth.
const (
	mailedCodeAlphabet = "0123456789"
	mailedCodeLength   = 6
	mailedCodeLifetime = 3 * time.Minute
)

// sendOTP answers POST /api/auth/two-factor/send-otp: it mails a code. The newest code counts. If the limit of mails
// drops the mail, the code before it still counts.
func (s *Service) sendOTP(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	if web.HasBody(r) {
		var in struct {
			TrustDevice *bool `json:"trustDevice"`
		}
		if err := web.Decode(r, &in); err != nil {
			return err
		}
	}
	if !s.SendsMail() {
		return errSendNotConfigured
	}
	a, err := s.beginAttempt(w, r, db)
	if err != nil {
		return err
	}
	code := random.String(mailedCodeAlphabet, mailedCodeLength)
	m := mail.Message{Kind: mail.TwoFactorOTP, To: a.user().Email, Token: code, URL: s.Options.SiteURL}
	if sent := s.SendMailWithinLimits(r, db, m); sent {
		now := s.Now().Truncate(time.Millisecond)
		identifier := store.TwoFactorMailedPrefix + a.owner()
		err := db.InsertVerification(r.Context(), identifier, code+":0", now.Add(mailedCodeLifetime), now)
		if err != nil {
			return fmt.Errorf("store mailed code: %w", err)
		}
	}
	return web.WriteJSON(w, http.StatusOK, statusReply{true})
}

// owner returns what a mailed code belongs to: the challenge, or the session of the caller.
func (a attempt) owner() string {
	if a.isSignIn() {
		return a.challenge
	}
	return a.caller.User.ID + "!" + a.caller.Session.ID
}
