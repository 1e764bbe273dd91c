package auth

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/web"
)

// resendFloor is the least time that a resend takes for somebody who is not signed in, whether or not there is anybody to
// send a mail to.
const resendFloor = 500 * time.Millisecond

// sendVerificationEmail answers POST /api/auth/send-verification-email.
func (s *Service) sendVerificationEmail(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Email       string  `json:"email" is:"email"`
		CallbackURL *string `json:"callbackURL"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if s.Mail == nil {
		return errVerificationDisabled
	}
	caller, err := s.anybody(w, r)
	if err != nil {
		return err
	}
	address := strings.ToLower(in.Email)
	switch {
	case caller == nil:
		err = s.resend(r, address, optional(in.CallbackURL))
	case caller.User.Email != address:
		err = errEmailMismatch
	case caller.User.EmailVerified:
		err = errEmailVerified
	default:
		err = s.sendVerification(r, caller.User.Email, optional(in.CallbackURL))
	}
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, statusReply{true})
}

// resend mails a link to an address if it is somebody's and not verified, and takes resendFloor either way.
func (s *Service) resend(r *http.Request, address, callbackURL string) error {
	floor := time.NewTimer(resendFloor)
	defer floor.Stop()
	err := s.sendVerification(r, address, callbackURL)
	select {
	case <-floor.C:
	case <-r.Context().Done():
	}
	return err
}

// sendVerification mails the link that verifies an address. For one that no user has, or that is verified, it does the
// same work and sends nothing.
func (s *Service) sendVerification(r *http.Request, address, callbackURL string) error {
	c := mailClaims{Email: address}
	c.ID = newLinkID()
	now := s.Now().Truncate(time.Millisecond)
	userID, err := s.Store.InsertEmailVerification(r.Context(), c.row(), address, now.Add(mailTokenLife), now)
	if err != nil {
		return fmt.Errorf("store verification link: %w", err)
	}
	m := mail.Message{Kind: mail.VerifyEmail, To: address}
	if c.UserID = userID; userID == "" {
		m.Kind = mail.Nothing
	}
	return s.sendEmailLink(r, m, c, callbackURL)
}

// anybody finds the caller of a route that is open to everybody, nil if nobody is signed in.
func (s *Service) anybody(w http.ResponseWriter, r *http.Request) (*session.Caller, error) {
	caller, err := s.Sessions.Caller(w, r)
	if errors.Is(err, session.ErrEnded) {
		return nil, nil //nolint:nilnil // "nobody" is an answer here, not a fault
	}
	return caller, err
}
