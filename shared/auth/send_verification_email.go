package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
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
		err = s.resend(r.Context(), address, optional(in.CallbackURL))
	case caller.User.Email != address:
		err = errEmailMismatch
	case caller.User.EmailVerified:
		err = errEmailVerified
	default:
		err = s.sendVerification(r.Context(), caller.User, optional(in.CallbackURL))
	}
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, statusReply{true})
}

// resend mails a link to an address if it is somebody's and not verified, and takes resendFloor either way.
func (s *Service) resend(ctx context.Context, address, callbackURL string) error {
	floor := time.NewTimer(resendFloor)
	defer floor.Stop()
	user, err := s.Store.UserByEmail(ctx, address)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && user.EmailVerified:
		err = s.sendEmailLink(ctx, mail.Message{Kind: mail.Nothing, To: address}, mailClaims{Email: address}, callbackURL)
	case err == nil:
		err = s.sendVerification(ctx, user, callbackURL)
	default:
		return fmt.Errorf("find user: %w", err)
	}
	select {
	case <-floor.C:
	case <-ctx.Done():
	}
	return err
}

// sendVerification mails a user the link that verifies their address.
func (s *Service) sendVerification(ctx context.Context, user store.User, callbackURL string) error {
	return s.sendEmailLink(ctx, mail.Message{Kind: mail.VerifyEmail, To: user.Email},
		mailClaims{Email: user.Email, UserID: user.ID}, callbackURL)
}

// anybody finds the caller of a route that is open to everybody, nil if nobody is signed in.
func (s *Service) anybody(w http.ResponseWriter, r *http.Request) (*session.Caller, error) {
	caller, err := s.Sessions.Caller(w, r)
	if errors.Is(err, session.ErrEnded) {
		return nil, nil //nolint:nilnil // "nobody" is an answer here, not a fault
	}
	return caller, err
}
