package mailer

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"net/url"
	"regexp"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/xenon-auth/xenon/shared/mail"
)

// linkLifetimes has how long the link or code of each kind of mail is valid, 0 for a mail without one. For the links
// that Better Auth has too, it is Better Auth's default. A kind that is not in this map cannot be sent.
var linkLifetimes = map[mail.Kind]time.Duration{
	mail.VerifyEmail:             time.Hour,
	mail.ResetPassword:           time.Hour,
	mail.ChangeEmailConfirmation: time.Hour,
	mail.DeleteAccount:           24 * time.Hour,
	mail.EmailChangeNotice:       time.Hour,
	mail.EmailChanged:            0,
	mail.MagicLink:               5 * time.Minute,
	mail.EmailOTP:                5 * time.Minute,
	mail.TwoFactorOTP:            3 * time.Minute,
}

// renderedMail is one mail as the user reads it.
type renderedMail struct{ subject, text, html string }

// mailTemplateFiles holds one file of phrases for each kind, a second one for VerifyEmail to a new email, one for each
// type of EmailOTP, and two layouts, text and HTML. Both layouts use the same phrases, so the phrases have no markup;
// the layouts escape the values.
//
//go:embed templates
var mailTemplateFiles embed.FS

type templateData struct {
	Site     string // the host of the site
	URL      string
	NewEmail string
	Code     string // in mails with a code instead of a link
	Life     string // how long the link or code is valid, "" if the mail has none
}

var (
	errUnknownKind  = errors.New("unknown kind")
	errInvalidEmail = errors.New("the recipient or the new email is not one plain email")
	errInvalidLink  = errors.New("the link is not an http or https URL")
	errInvalidCode  = errors.New("the code is not six digits")
)

// render renders a mail. The mail names the host of the site, or the host of the link if site is "". The errors do not
// quote the mail.
func render(m mail.Message, site string) (renderedMail, error) {
	if _, known := linkLifetimes[m.Kind]; !known {
		return renderedMail{}, errUnknownKind
	}
	if !isPlainEmail(m.To) || kindsWithNewEmail[m.Kind] && !isPlainEmail(m.NewEmail) {
		return renderedMail{}, errInvalidEmail
	}
	link, err := url.Parse(m.URL)
	if err != nil || link.Scheme != "https" && link.Scheme != "http" || link.Host == "" {
		return renderedMail{}, errInvalidLink
	}
	data := templateData{
		Site: cmp.Or(site, link.Host), URL: m.URL, NewEmail: m.NewEmail, Life: formatLifetime(linkLifetimes[m.Kind]),
	}
	switch {
	case m.Kind == mail.EmailOTP && !codeTypes[m.Type]:
		return renderedMail{}, errUnknownKind
	case m.Kind == mail.TwoFactorOTP && !codePattern.MatchString(m.Token):
		return renderedMail{}, errInvalidCode
	case kindsWithCode[m.Kind]:
		data.Code = m.Token
	}
	return fillTemplates(phrasesFile(m), data)
}

// kindsWithCode has the kinds of mail with a code instead of a link.
var kindsWithCode = map[mail.Kind]bool{mail.EmailOTP: true, mail.TwoFactorOTP: true}

var codePattern = regexp.MustCompile(`^[0-9]{6}$`)

// kindsWithNewEmail has the kinds of mail whose text contains the new email of a change.
var kindsWithNewEmail = map[mail.Kind]bool{
	mail.ChangeEmailConfirmation: true, mail.EmailChangeNotice: true, mail.EmailChanged: true,
}

// codeTypes has the types of codes that are mailed.
var codeTypes = map[string]bool{"sign-in": true, "email-verification": true, "forget-password": true}

// phrasesFile returns the name of the file with the phrases of a mail, without its extension.
func phrasesFile(m mail.Message) string {
	if m.Kind == mail.VerifyEmail && m.Purpose == mail.ChangeEmail {
		return "verify-new-email"
	}
	if m.Kind == mail.EmailOTP {
		return string(m.Kind) + "-" + m.Type
	}
	return string(m.Kind)
}

// isPlainEmail reports whether the text is not empty and has no character, such as a comma, that could make SES read
// more than one email.
func isPlainEmail(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return r <= ' ' || r == 0x7f || strings.ContainsRune(`,;:<>()[]"\`, r)
	})
}

// fillTemplates fills the layouts. It parses the templates for each mail. This takes much less time than the call of
// SES, and does not delay the start of the function.
func fillTemplates(name string, d templateData) (renderedMail, error) {
	phrases := "templates/" + name + ".tmpl"
	text, err := texttemplate.ParseFS(mailTemplateFiles, "templates/layout.txt", phrases)
	if err != nil {
		return renderedMail{}, fmt.Errorf("read template: %w", err)
	}
	html, err := htmltemplate.ParseFS(mailTemplateFiles, "templates/layout.html", phrases)
	if err != nil {
		return renderedMail{}, fmt.Errorf("read template: %w", err)
	}
	var subject, asText, asHTML strings.Builder
	if err := errors.Join(
		text.ExecuteTemplate(&subject, "subject", d),
		text.ExecuteTemplate(&asText, "layout.txt", d),
		html.ExecuteTemplate(&asHTML, "layout.html", d),
	); err != nil {
		return renderedMail{}, fmt.Errorf("fill template: %w", err)
	}
	return renderedMail{subject: subject.String(), text: asText.String(), html: asHTML.String()}, nil
}

func formatLifetime(lifetime time.Duration) string {
	switch lifetime {
	case 0:
		return ""
	case time.Hour:
		return "one hour"
	}
	if lifetime < time.Hour {
		return fmt.Sprintf("%d minutes", lifetime/time.Minute)
	}
	return fmt.Sprintf("%d hours", lifetime/time.Hour)
}
