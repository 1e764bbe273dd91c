package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// changeEmail answers POST /api/auth/change-email. Nothing changes before the new address has answered; a taken one
// cannot be told from a free one.
func (s *Service) changeEmail(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		NewEmail    string  `json:"newEmail" is:"email"`
		CallbackURL *string `json:"callbackURL"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	caller, err := s.sensitive(w, r)
	if err != nil {
		return err
	}
	address := strings.ToLower(in.NewEmail)
	switch {
	case !s.Options.ChangeEmail:
		return errChangeDisabled
	case address == caller.User.Email:
		return errSameEmail
	case s.Mail == nil:
		return errNoChangeMail
	}
	if err := s.askForChange(r.Context(), caller.User, address, optional(in.CallbackURL)); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, statusReply{true})
}

// askForChange mails the old address for permission where the deployment wants that and the address is known to be the
// user's, else the new address for proof.
func (s *Service) askForChange(ctx context.Context, user store.User, address, callbackURL string) error {
	taken, err := s.Store.EmailTaken(ctx, address)
	if err != nil {
		return fmt.Errorf("look for the address: %w", err)
	}
	m := mail.Message{Kind: mail.VerifyEmail, To: address}
	c := mailClaims{Email: user.Email, UpdateTo: address, RequestType: verifyChange, UserID: user.ID}
	if s.Options.ChangeEmailConfirmation && user.EmailVerified {
		m = mail.Message{Kind: mail.ChangeEmailConfirmation, To: user.Email, NewEmail: address}
		c.RequestType = confirmChange
	}
	if taken {
		m.Kind = mail.Nothing
	}
	return s.sendEmailLink(ctx, m, c, callbackURL)
}

// redeemChange does what a change-e-mail token says. It is bound to the user and to the address they still have, so it
// works once; a session of somebody else is refused, and none is opened.
func (s *Service) redeemChange(w http.ResponseWriter, r *http.Request, c mailClaims, target string) (any, error) {
	if c.UserID == "" {
		return nil, errInvalidToken
	}
	user, err := s.Store.UserByID(r.Context(), c.UserID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, errUserNotFound
	case err != nil:
		return nil, fmt.Errorf("find user: %w", err)
	case user.Email != c.Email:
		return nil, errInvalidToken
	}
	web.NoteUser(r.Context(), user.ID)
	caller, err := s.anybody(w, r)
	switch {
	case err != nil:
		return nil, err
	case caller != nil && caller.User.ID != user.ID:
		return nil, errInvalidUser
	case c.RequestType == confirmChange:
		return statusReply{true}, s.askNewAddress(r.Context(), c, target)
	}
	user, err = s.Store.ChangeEmail(r.Context(), user.ID, c.Email, c.UpdateTo, c.RequestType == verifyChange, s.Now())
	switch {
	case errors.Is(err, store.ErrDuplicate): // somebody took it since the mail was sent; the library faults here
		return nil, errUserExists
	case errors.Is(err, store.ErrNotFound): // another click was faster
		return nil, errInvalidToken
	case err != nil:
		return nil, fmt.Errorf("change address: %w", err)
	}
	if c.RequestType != verifyChange && s.Mail != nil { // the library's older tokens: changed at once, to be verified again
		if err := s.sendVerification(r.Context(), user, target); err != nil {
			return nil, err
		}
	}
	reply := verifyReply{Status: true, User: &user}
	if caller == nil {
		return reply, nil
	}
	return reply, s.Sessions.Reset(w, r, session.Caller{Session: caller.Session, User: user})
}

// askNewAddress mails the new address for proof after the old one has agreed.
func (s *Service) askNewAddress(ctx context.Context, c mailClaims, callbackURL string) error {
	if s.Mail == nil {
		return nil
	}
	next := mailClaims{Email: c.Email, UpdateTo: c.UpdateTo, RequestType: verifyChange, UserID: c.UserID}
	return s.sendEmailLink(ctx, mail.Message{Kind: mail.VerifyEmail, To: c.UpdateTo}, next, callbackURL)
}
