package mailer

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"net/url"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/xenon-auth/xenon/shared/mail"
)

// lives is how long the link of a mail works, as Better Auth's defaults say; 0 for a mail without a link. It is also
// the list of the mails that have words.
var lives = map[mail.Kind]time.Duration{
	mail.VerifyEmail:             time.Hour,
	mail.ResetPassword:           time.Hour,
	mail.ChangeEmailConfirmation: time.Hour,
	mail.DeleteAccount:           24 * time.Hour,
	mail.EmailChangeNotice:       time.Hour,
	mail.EmailChanged:            0,
}

// words is one mail as a person reads it.
type words struct{ subject, text, html string }

// files are one file of phrases for each kind, with a second one for a new email address, and two layouts. A phrase
// stands in both layouts, so it is written without any markup; what it takes from the mail is escaped where it lands.
//
//go:embed templates
var files embed.FS

type details struct {
	Site     string // the host of the link
	URL      string
	NewEmail string
	Life     string // of the link, "" if the mail has none
}

var (
	errKind    = errors.New("unknown kind")
	errAddress = errors.New("not one plain address")
	errLink    = errors.New("the link is not an http or https URL")
)

// write puts a mail into words. Its errors hold nothing of the mail.
func write(m mail.Message) (words, error) {
	if _, known := lives[m.Kind]; !known {
		return words{}, errKind
	}
	if !plain(m.To) || namesNewEmail[m.Kind] && !plain(m.NewEmail) {
		return words{}, errAddress
	}
	link, err := url.Parse(m.URL)
	if err != nil || link.Scheme != "https" && link.Scheme != "http" || link.Host == "" {
		return words{}, errLink
	}
	return lay(phrases(m), details{Site: link.Host, URL: m.URL, NewEmail: m.NewEmail, Life: inWords(lives[m.Kind])})
}

// namesNewEmail are the mails that say which email address the account is to move to, or has moved to.
var namesNewEmail = map[mail.Kind]bool{
	mail.ChangeEmailConfirmation: true, mail.EmailChangeNotice: true, mail.EmailChanged: true,
}

// phrases is the name of the file with the words of a mail.
func phrases(m mail.Message) string {
	if m.Kind == mail.VerifyEmail && m.Purpose == mail.ChangeEmail {
		return "verify-new-email"
	}
	return string(m.Kind)
}

// plain reports whether SES would take the text for one address and nothing more.
func plain(address string) bool {
	return address != "" && !strings.ContainsFunc(address, func(r rune) bool {
		return r <= ' ' || r == 0x7f || strings.ContainsRune(`,;:<>()[]"\`, r)
	})
}

// lay reads the templates anew for each mail: it costs less than the call to SES by far, and nothing at a start.
func lay(name string, d details) (words, error) {
	phrases := "templates/" + name + ".tmpl"
	text, err := texttemplate.ParseFS(files, "templates/layout.txt", phrases)
	if err != nil {
		return words{}, fmt.Errorf("read template: %w", err)
	}
	html, err := htmltemplate.ParseFS(files, "templates/layout.html", phrases)
	if err != nil {
		return words{}, fmt.Errorf("read template: %w", err)
	}
	var subject, asText, asHTML strings.Builder
	if err := errors.Join(
		text.ExecuteTemplate(&subject, "subject", d),
		text.ExecuteTemplate(&asText, "layout.txt", d),
		html.ExecuteTemplate(&asHTML, "layout.html", d),
	); err != nil {
		return words{}, fmt.Errorf("fill template: %w", err)
	}
	return words{subject: subject.String(), text: asText.String(), html: asHTML.String()}, nil
}

func inWords(life time.Duration) string {
	switch life {
	case 0:
		return ""
	case time.Hour:
		return "one hour"
	}
	return fmt.Sprintf("%d hours", life/time.Hour)
}
