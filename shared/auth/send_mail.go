package auth

import (
	"cmp"
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/redirect"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// BasePath is the path on the public origin below which the endpoints are.
const BasePath = "/api/auth"

// SendMailWithinLimits passes a mail to the mail sender. If the limits of countMailIfAllowed reject the mail, it passes
// a mail.Nothing instead, and notes the dropped mail in the log record and in a metric. A mail that cannot be counted
// is sent. As in Better Auth, the response does not depend on whether the mail was sent. send returns true if the
// sender accepted the mail and it is not a mail.Nothing.
func (s *Service) SendMailWithinLimits(r *http.Request, db *store.Store, m mail.Message) (sent bool) {
	if !s.CountMail(r, db, m) {
		m.Kind = mail.Nothing
	}
	return s.SendMail(r, m)
}

// CountMail counts a mail and reports whether it may be sent. A mail that cannot be counted is sent.
func (s *Service) CountMail(r *http.Request, db *store.Store, m mail.Message) bool {
	may, err := s.countMailIfAllowed(r, db, m)
	switch {
	case err != nil: // the mail could not be counted, but it is sent
		web.NoteError(r.Context(), err)
		return true
	case !may && m.Kind != mail.Nothing:
		web.NoteMailDropped(r.Context(), string(m.Kind))
	}
	return may
}

// SendMail passes a mail, which CountMail has counted, to the mail sender. It returns true if the sender accepted the
// mail and it is not a mail.Nothing.
func (s *Service) SendMail(r *http.Request, m mail.Message) (sent bool) {
	m.At = s.Now()
	if err := s.Mail.Send(r.Context(), m); err != nil {
		web.NoteError(r.Context(), fmt.Errorf("send mail: %w", err))
		return false
	}
	return m.Kind != mail.Nothing
}

// sendEmailLink mails a link to verify-email with the claims c. The link redirects to callbackURL, or to the start page
// of the site if that is empty.
func (s *Service) sendEmailLink(
	r *http.Request, db *store.Store, m mail.Message, c mailClaims, callbackURL string,
) error {
	token, err := s.signMailToken(r.Context(), c)
	if err != nil {
		return err
	}
	m.Token = token
	m.URL = s.Options.Origin + BasePath + "/verify-email?token=" + token +
		"&callbackURL=" + redirect.EncodeURIComponent(cmp.Or(callbackURL, s.Options.Page("/")))
	s.SendMailWithinLimits(r, db, m)
	return nil
}
