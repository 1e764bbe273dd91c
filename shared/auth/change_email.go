package auth

import (
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

// changeEmail answers POST /api/auth/change-email, which wants a fresh session. Nothing changes before the new address
// has answered; a taken one cannot be told from a free one.
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
	case !s.isFresh(caller):
		return errSessionNotFresh
	case address == caller.User.Email:
		return errSameEmail
	case s.Mail == nil:
		return errNoChangeMail
	}
	if err := s.askForChange(r, caller, address, optional(in.CallbackURL)); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, statusReply{true})
}

// askForChange tells the old address of the change, and mails the new one for proof. Where the deployment wants that
// the old address agrees first and it is known to be the user's, the mail that asks it tells enough.
func (s *Service) askForChange(r *http.Request, caller *session.Caller, address, callbackURL string) error {
	user := caller.User
	confirm := s.Options.ChangeEmailConfirmation && user.EmailVerified
	c := mailClaims{Email: user.Email, UpdateTo: address, RequestType: verifyChange, UserID: user.ID}
	c.ID = newLinkID()
	change := store.EmailChange{Link: c.row(), UserID: user.ID, SessionID: caller.Session.ID, To: address}
	cancel := newLinkID()
	if !confirm {
		change.Cancel = store.CancelEmailLink + cancel
	}
	now := s.Now().Truncate(time.Millisecond)
	taken, err := s.Store.InsertEmailChange(r.Context(), change, now.Add(mailTokenLife), now)
	if err != nil {
		return fmt.Errorf("store change: %w", err)
	}
	m := mail.Message{Kind: mail.VerifyEmail, Purpose: mail.ChangeEmail, To: address}
	told := true
	if confirm {
		m = mail.Message{Kind: mail.ChangeEmailConfirmation, To: user.Email, NewEmail: address}
		c.RequestType = confirmChange
	} else {
		told = s.send(r, mail.Message{
			Kind: mail.EmailChangeNotice, To: user.Email, NewEmail: address,
			Token: cancel, URL: s.Options.Origin + "/cancel-email-change/?token=" + cancel,
		})
	}
	if taken || !told { // no change of which the old address does not know
		m.Kind = mail.Nothing
	}
	return s.sendEmailLink(r, m, c, callbackURL)
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
		return statusReply{true}, s.askNewAddress(r, c, target)
	}
	user, err = s.Store.ChangeEmail(r.Context(), c.row(), user.ID, c.Email, c.UpdateTo, c.RequestType == verifyChange, s.Now())
	switch {
	case errors.Is(err, store.ErrDuplicate): // somebody took it since the mail was sent; the library faults here
		return nil, errUserExists
	case errors.Is(err, store.ErrNotFound): // the link is spent or revoked
		return nil, errInvalidToken
	case err != nil:
		return nil, fmt.Errorf("change address: %w", err)
	}
	if err := s.afterChange(r, c, target); err != nil {
		return nil, err
	}
	reply := verifyReply{Status: true, User: &user}
	if caller == nil {
		return reply, nil
	}
	return reply, s.Sessions.Reset(w, r, session.Caller{Session: caller.Session, User: user})
}

// afterChange tells the old address that the account has moved. A token of an older version of Better Auth, which names
// no type, has changed the address at once: the new one is to be verified.
func (s *Service) afterChange(r *http.Request, c mailClaims, target string) error {
	if s.Mail == nil {
		return nil
	}
	s.send(r, mail.Message{Kind: mail.EmailChanged, To: c.Email, NewEmail: c.UpdateTo, URL: s.Options.Origin})
	if c.RequestType == verifyChange {
		return nil
	}
	return s.sendVerification(r, c.UpdateTo, target)
}

// askNewAddress mails the new address for proof after the old one has agreed.
func (s *Service) askNewAddress(r *http.Request, c mailClaims, callbackURL string) error {
	if s.Mail == nil {
		return nil
	}
	next := mailClaims{Email: c.Email, UpdateTo: c.UpdateTo, RequestType: verifyChange, UserID: c.UserID}
	next.ID = newLinkID()
	now := s.Now().Truncate(time.Millisecond)
	var err error
	if c.ID == "" { // of a TypeScript server
		err = s.Store.InsertVerification(r.Context(), next.row(), c.UserID, now.Add(mailTokenLife), now)
	} else {
		err = s.Store.ContinueEmailChange(r.Context(), c.row(), next.row(), c.UserID, now.Add(mailTokenLife), now)
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errInvalidToken
	case err != nil:
		return fmt.Errorf("store change: %w", err)
	}
	m := mail.Message{Kind: mail.VerifyEmail, Purpose: mail.ChangeEmail, To: c.UpdateTo}
	return s.sendEmailLink(r, m, next, callbackURL)
}
