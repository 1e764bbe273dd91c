package auth

import (
	"cmp"
	"context"
	"fmt"

	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/web"
)

// basePath is where the endpoints are, below the public origin.
const basePath = "/api/auth"

// send hands a mail over for delivery, or a mail.Nothing where its address has had too many. A mail that cannot be sent
// never changes the answer, which must not depend on what happens to mails; the library does not let it either.
func (s *Service) send(ctx context.Context, m mail.Message) {
	may, err := s.mayMail(ctx, m.To)
	if err != nil {
		web.NoteError(ctx, err)
	}
	if !may && err == nil { // what could not be counted is sent: somebody was told to look into their mailbox
		m.Kind = mail.Nothing
	}
	m.At = s.Now()
	if err := s.Mail.Send(ctx, m); err != nil {
		web.NoteError(ctx, fmt.Errorf("send mail: %w", err))
	}
}

// sendEmailLink mails a link to verify-email that says what c says. callbackURL is where the click ends, "/" if empty.
func (s *Service) sendEmailLink(ctx context.Context, m mail.Message, c mailClaims, callbackURL string) error {
	token, err := s.mailToken(ctx, c)
	if err != nil {
		return err
	}
	m.Token = token
	m.URL = s.Options.Origin + basePath + "/verify-email?token=" + token + "&callbackURL=" + component(cmp.Or(callbackURL, "/"))
	s.send(ctx, m)
	return nil
}
