package config

import (
	"net/mail"
	"strings"
)

// Mailer holds the settings of functions/mailer, which has no database and no secret.
type Mailer struct {
	From string // the sender as the header From has it, verified in SES
	Site string // host of the site, as mails name it; "" means the host of the mailed link
}

// LoadMailer reads the settings of functions/mailer.
func LoadMailer(getenv func(string) string) (Mailer, error) {
	l := loader{getenv: getenv}
	from, err := mail.ParseAddress(getenv("MAIL_FROM"))
	if err != nil {
		l.addProblem("MAIL_FROM", `%q is not an email such as "Xenon <no-reply@learn.example.com>"`, getenv("MAIL_FROM"))
		return Mailer{}, l.err()
	}
	m := Mailer{From: from.String()}
	if getenv("SITE_URL") != "" {
		_, m.Site, _ = strings.Cut(originOf(l.readSiteURL("SITE_URL", "")), "://")
	}
	return m, l.err()
}
