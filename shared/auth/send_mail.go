package auth

import (
	"cmp"
	"fmt"
	"net/http"

	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/web"
)

// basePath is where the endpoints are, below the public origin.
const basePath = "/api/auth"

// send hands a mail over for delivery, or a mail.Nothing where its address has had too many, and reports whether the
// mail itself is on its way. A mail that cannot be sent never changes the answer, which must not depend on what happens
// to mails; Better Auth does not let it either. The audit log and a metric tell of a mail that was held back.
func (s *Service) send(r *http.Request, m mail.Message) (left bool) {
	may, err := s.mayMail(r, m)
	switch {
	case err != nil: // what could not be counted is sent: the user was told to look into the mailbox
		web.NoteError(r.Context(), err)
	case !may && m.Kind != mail.Nothing:
		web.NoteMailDropped(r.Context(), string(m.Kind))
		m.Kind = mail.Nothing
	}
	m.At = s.Now()
	if err := s.Mail.Send(r.Context(), m); err != nil {
		web.NoteError(r.Context(), fmt.Errorf("send mail: %w", err))
		return false
	}
	return m.Kind != mail.Nothing
}

// sendEmailLink mails a link to verify-email that says what c says. callbackURL is where the click ends, "/" if empty.
func (s *Service) sendEmailLink(r *http.Request, m mail.Message, c mailClaims, callbackURL string) error {
	token, err := s.mailToken(r.Context(), c)
	if err != nil {
		return err
	}
	m.Token = token
	m.URL = s.Options.Origin + basePath + "/verify-email?token=" + token + "&callbackURL=" + component(cmp.Or(callbackURL, "/"))
	s.send(r, m)
	return nil
}
