package content

import (
	"cmp"
	"errors"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail"
)

// Lifetimes has how long the link or code of each kind of mail is valid, 0 for a mail without one. For the links that
// Better Auth has too, it is Better Auth's default. A kind that is not in this map cannot be sent.
var Lifetimes = map[mail.Kind]time.Duration{
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

// The errors of a mail that cannot be rendered. They do not quote the mail.
var (
	ErrUnknownKind  = errors.New("unknown kind")
	ErrInvalidEmail = errors.New("the recipient or the new email is not one plain email")
	ErrInvalidLink  = errors.New("the link is not an http or https URL")
	ErrInvalidCode  = errors.New("the code is not six digits")
)

// data is what templates can use. docs/emails.md lists the fields.
type data struct {
	AppName string // the name of the product; the host of the site if APP_NAME is not set
	Site    string // the host of the site
	Locale  string
	LogoURL string
	Footer  []string // lines

	Color            string // of the button
	ButtonText       string // the colour of the text on the button
	ButtonBorder     string // the colour of its border on a white page
	ButtonBorderDark string // the colour of its border on a dark page

	URL      string // the link; in mails with a code, the site
	Code     string // in mails with a code instead of a link
	NewEmail string // in mails about a change of email
	Hours    int    // how long the link or code is valid, if that is at least an hour
	Minutes  int    // how long it is valid, if that is less
}

// newData checks a mail and returns the values for its templates.
func newData(look config.MailLook, site string, m mail.Message) (data, error) {
	if _, known := Lifetimes[m.Kind]; !known {
		return data{}, ErrUnknownKind
	}
	if !isPlainEmail(m.To) || kindsWithNewEmail[m.Kind] && !isPlainEmail(m.NewEmail) {
		return data{}, ErrInvalidEmail
	}
	link, err := url.Parse(m.URL)
	if err != nil || link.Scheme != "https" && link.Scheme != "http" || link.Host == "" {
		return data{}, ErrInvalidLink
	}
	d := data{Site: cmp.Or(site, link.Host), URL: m.URL, NewEmail: m.NewEmail}
	switch {
	case m.Kind == mail.EmailOTP && !codeTypes[m.Type]:
		return data{}, ErrUnknownKind
	case m.Kind == mail.TwoFactorOTP && !codePattern.MatchString(m.Token):
		return data{}, ErrInvalidCode
	case kindsWithCode[m.Kind]:
		d.Code = m.Token
	}
	if d.Minutes = int(Lifetimes[m.Kind] / time.Minute); d.Minutes >= 60 {
		d.Hours, d.Minutes = d.Minutes/60, 0
	}
	d.AppName, d.Locale = cmp.Or(look.AppName, d.Site), cmp.Or(look.Locale, config.DefaultMailLocale)
	d.LogoURL, d.Footer = look.LogoURL, look.Footer
	d.Color = cmp.Or(look.Color, config.DefaultMailColor)
	d.ButtonText = readableOn(d.Color)
	d.ButtonBorder, d.ButtonBorderDark = borderOn(d.Color, pageLight), borderOn(d.Color, pageDark)
	return d, nil
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

// phrasesName returns the name of the file with the phrases of a mail, without folder and extension.
func phrasesName(m mail.Message) string {
	if m.Kind == mail.VerifyEmail && m.Purpose == mail.ChangeEmail {
		return "verify-new-email"
	}
	if m.Kind == mail.EmailOTP {
		return string(m.Kind) + "-" + m.Type
	}
	return string(m.Kind)
}

// isPlainEmail reports whether the text is not empty and has no character, such as a comma, that could make a mail
// server read more than one email.
func isPlainEmail(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return r <= ' ' || r == 0x7f || strings.ContainsRune(`,;:<>()[]"\`, r)
	})
}
