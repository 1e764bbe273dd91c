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

// changeEmail answers POST /api/auth/change-email. It mails a link to the new email, and the email changes when the
// user opens the link. The session must be fresh. The response does not reveal whether another user has the new email.
func (s *Service) changeEmail(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		NewEmail    string  `json:"newEmail" check:"email"`
		CallbackURL *string `json:"callbackURL"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	caller, err := s.RequireSensitiveCaller(w, r, db)
	if err != nil {
		return err
	}
	newEmail := strings.ToLower(in.NewEmail)
	switch {
	case !s.Options.ChangeEmail:
		return errChangeEmailDisabled
	case !s.isSessionFresh(caller):
		return errSessionNotFresh
	case newEmail == caller.User.Email:
		return errSameEmail
	case !s.SendsMail():
		return errNoMailForEmailChange
	}
	if err := s.requestEmailChange(r, db, caller, newEmail, web.OrEmpty(in.CallbackURL)); err != nil {
		return err
	}
	return replyStatusTrue(w)
}

// requestEmailChange sends two mails: a link that proves ownership, to the new email, and a notice with a link that
// cancels the change, to the old email. If CHANGE_EMAIL_CONFIRMATION is on and the old email is verified, it mails only
// one link, to the old email; when the user has opened it, the new email gets its link. If another user has the new
// email, or the notice was not sent, it queues a mail.Nothing instead of the mail that continues the change.
func (s *Service) requestEmailChange(
	r *http.Request, db *store.Store, caller *session.Caller, newEmail, callbackURL string,
) error {
	user := caller.User
	confirm := s.Options.ChangeEmailConfirmation && user.EmailVerified
	c := mailClaims{Email: user.Email, UpdateTo: newEmail, RequestType: verifyChangeRequest, UserID: user.ID}
	c.ID = newMailLinkID()
	change := store.EmailChange{Link: c.linkIdentifier(), UserID: user.ID, SessionID: caller.Session.ID, To: newEmail}
	cancel := newMailLinkID()
	if !confirm {
		change.Cancel = store.CancelEmailLinkPrefix + cancel
	}
	now := s.Now().Truncate(time.Millisecond)
	taken, err := db.InsertEmailChange(r.Context(), change, now.Add(mailTokenLifetime), now)
	if err != nil {
		return fmt.Errorf("store email change: %w", err)
	}
	m := mail.Message{Kind: mail.VerifyEmail, Purpose: mail.ChangeEmail, To: newEmail}
	noticeSent := true
	if confirm {
		m = mail.Message{Kind: mail.ChangeEmailConfirmation, To: user.Email, NewEmail: newEmail}
		c.RequestType = confirmChangeRequest
	} else {
		noticeSent = s.SendMailWithinLimits(r, db, mail.Message{
			Kind: mail.EmailChangeNotice, To: user.Email, NewEmail: newEmail,
			Token: cancel, URL: s.Options.SiteURL + "/cancel-email-change/?token=" + cancel,
		})
	}
	if taken || !noticeSent { // the owner of the old email needs the notice to be able to cancel the change
		m.Kind = mail.Nothing
	}
	return s.sendEmailLink(r, db, m, c, callbackURL)
}

// redeemEmailChange redeems the token of an email change and returns the body of the response. The token has the id and
// the old email of the user, so after the change it is no longer valid. If another user is signed in, redeemEmailChange
// returns an error. It starts no session.
func (s *Service) redeemEmailChange(
	w http.ResponseWriter, r *http.Request, db *store.Store, c mailClaims, target string,
) (any, error) {
	if c.UserID == "" {
		return nil, errInvalidToken
	}
	user, err := db.UserByID(r.Context(), c.UserID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, errUserNotFound
	case err != nil:
		return nil, fmt.Errorf("find user: %w", err)
	case user.Email != c.Email:
		return nil, errInvalidToken
	}
	web.NoteUser(r.Context(), user.ID)
	caller, err := s.CallerOrNil(w, r, db)
	switch {
	case err != nil:
		return nil, err
	case caller != nil && caller.User.ID != user.ID:
		return nil, errInvalidUser
	case c.RequestType == confirmChangeRequest:
		return statusReply{true}, s.sendLinkToNewEmail(r, db, c, target)
	}
	verified := c.RequestType == verifyChangeRequest
	user, err = db.ChangeEmail(r.Context(), c.linkIdentifier(), user.ID, c.Email, c.UpdateTo, verified, s.Now())
	switch {
	case store.IsDuplicateUser(err): // another user has the email by now; Better Auth answers 500
		return nil, errUserExists
	case errors.Is(err, store.ErrNotFound): // the link was used or revoked
		return nil, errInvalidToken
	case err != nil:
		return nil, changeError(r, "change email", err)
	}
	if err := s.notifyEmailChanged(r, db, c, target); err != nil {
		return nil, err
	}
	reply := verifyEmailReply{Status: true, User: &user}
	if caller == nil {
		return reply, nil
	}
	return reply, s.Sessions.RenewCookies(w, r, session.Caller{Session: caller.Session, User: user})
}

// notifyEmailChanged mails a notice to the old email after a change. If the request type of the token was not
// verifyChangeRequest, as in tokens of older versions of Better Auth, the user has not proved that the new email is
// theirs. Then notifyEmailChanged also mails a verification link to the new email.
func (s *Service) notifyEmailChanged(r *http.Request, db *store.Store, c mailClaims, target string) error {
	if !s.SendsMail() {
		return nil
	}
	s.SendMailWithinLimits(r, db, mail.Message{
		Kind: mail.EmailChanged, To: c.Email, NewEmail: c.UpdateTo, URL: s.Options.SiteURL,
	})
	if c.RequestType == verifyChangeRequest {
		return nil
	}
	return s.SendVerification(r, db, c.UpdateTo, target)
}

// sendLinkToNewEmail mails a link to the new email, after the user has opened the link that the old email got.
func (s *Service) sendLinkToNewEmail(r *http.Request, db *store.Store, c mailClaims, callbackURL string) error {
	if !s.SendsMail() {
		return nil
	}
	next := mailClaims{Email: c.Email, UpdateTo: c.UpdateTo, RequestType: verifyChangeRequest, UserID: c.UserID}
	next.ID = newMailLinkID()
	now := s.Now().Truncate(time.Millisecond)
	var err error
	if c.ID == "" { // a TypeScript server has issued the token
		err = db.InsertVerification(r.Context(), next.linkIdentifier(), c.UserID, now.Add(mailTokenLifetime), now)
	} else {
		err = db.ContinueEmailChange(
			r.Context(), c.linkIdentifier(), next.linkIdentifier(), c.UserID, now.Add(mailTokenLifetime), now)
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errInvalidToken
	case err != nil:
		return fmt.Errorf("store email change: %w", err)
	}
	m := mail.Message{Kind: mail.VerifyEmail, Purpose: mail.ChangeEmail, To: c.UpdateTo}
	return s.sendEmailLink(r, db, m, next, callbackURL)
}
