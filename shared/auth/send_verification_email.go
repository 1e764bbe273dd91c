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

// minResendDuration is the minimum time that a request takes if the client is not signed in. It hides whether a user
// has the email.
const minResendDuration = 500 * time.Millisecond

// sendVerificationEmail answers POST /api/auth/send-verification-email: it mails a link that verifies an email.
func (s *Service) sendVerificationEmail(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		Email       string  `json:"email" check:"email"`
		CallbackURL *string `json:"callbackURL"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if !s.SendsMail() {
		return errVerificationDisabled
	}
	caller, err := s.CallerOrNil(w, r, db)
	if err != nil {
		return err
	}
	email := strings.ToLower(in.Email)
	switch {
	case caller == nil:
		err = s.sendVerificationWithoutSession(r, db, email, web.OrEmpty(in.CallbackURL))
	case caller.User.Email != email:
		err = errEmailMismatch
	case caller.User.EmailVerified:
		err = errEmailAlreadyVerified
	default:
		err = s.SendVerification(r, db, caller.User.Email, web.OrEmpty(in.CallbackURL))
	}
	if err != nil {
		return err
	}
	return replyStatusTrue(w)
}

// sendVerificationWithoutSession is like SendVerification, for a client that is not signed in. It takes at least
// minResendDuration, unless the context of the request ends before.
func (s *Service) sendVerificationWithoutSession(r *http.Request, db *store.Store, email, callbackURL string) error {
	timer := time.NewTimer(minResendDuration)
	defer timer.Stop()
	err := s.SendVerification(r, db, email, callbackURL)
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
	return err
}

// SendVerification mails a link that verifies an email. If no user has the email, or it is already verified, it does
// the same work and queues a mail.Nothing.
func (s *Service) SendVerification(r *http.Request, db *store.Store, email, callbackURL string) error {
	c := mailClaims{Email: email}
	c.ID = newMailLinkID()
	now := s.Now().Truncate(time.Millisecond)
	userID, err := db.InsertEmailVerificationLink(r.Context(), c.linkIdentifier(), email, now.Add(mailTokenLifetime), now)
	if err != nil {
		return fmt.Errorf("store verification link: %w", err)
	}
	m := mail.Message{Kind: mail.VerifyEmail, To: email}
	if c.UserID = userID; userID == "" {
		m.Kind = mail.Nothing
	}
	return s.sendEmailLink(r, db, m, c, callbackURL)
}
