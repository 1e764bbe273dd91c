package config

import "net/mail"

// Mailer holds the settings of a program that renders and sends mails: functions/mailer, and xenon dev.
type Mailer struct {
	From string // the sender as the header From has it; SES has verified it
	Site string // host of the site, as mails name it; "" means the host of the mailed link

	Look      MailLook
	Templates MailTemplates

	SMTPURL      Secret // SMTP_URL: the server that sends the mails, in place of SES
	AppSecretARN string // the secret in Secrets Manager with SMTP_URL; functions/mailer has it only if it sends by SMTP
	AWS          AWS    // for SES, Secrets Manager and S3
}

// UsesSMTP reports whether mails are sent by SMTP and not by SES.
func (m Mailer) UsesSMTP() bool { return m.SMTPURL != "" || m.AppSecretARN != "" }

// LoadMailer reads the settings of functions/mailer.
func LoadMailer(getenv func(string) string) (Mailer, error) {
	l := loader{getenv: getenv}
	m := l.readMailer()
	m.From = l.readSender("MAIL_FROM")
	m.AppSecretARN = l.readSecretARN("APP_SECRET_ARN")
	return m, l.err()
}

// LoadLocalMailer reads the settings of the mails of xenon dev, which shows them, and sends them with MAIL=smtp.
func LoadLocalMailer(getenv func(string) string) (Mailer, error) {
	l := loader{getenv: getenv}
	m := l.readMailer()
	if m.Templates.Bucket != "" {
		l.addProblem("MAIL_TEMPLATES", "xenon dev reads templates from a folder only; give the folder that you copy to S3")
	}
	if Mail(getenv("MAIL")) != MailSMTP {
		return m, l.err()
	}
	m.From = l.readSender("MAIL_FROM")
	if m.SMTPURL == "" {
		l.addProblem("SMTP_URL", "missing; MAIL=smtp needs a server, such as smtp://user:password@smtp.example.com:587")
	}
	return m, l.err()
}

// readMailer reads what all programs that render mails need.
func (l *loader) readMailer() Mailer {
	m := Mailer{Templates: l.readMailTemplates("MAIL_TEMPLATES"), SMTPURL: l.readSMTPURL("SMTP_URL"), AWS: l.readAWS()}
	m.Look = l.readMailLook(m.Templates)
	if l.getenv("SITE_URL") != "" {
		m.Site = hostAndPortOf(l.readSiteURL("SITE_URL", ""))
	}
	return m
}

// readSender reads the email that sends the mails, with or without a name.
func (l *loader) readSender(name string) string {
	from, err := mail.ParseAddress(l.getenv(name))
	if err != nil {
		l.addProblem(name, `%q is not an email such as "Xenon <no-reply@learn.example.com>"`, l.getenv(name))
		return ""
	}
	return from.String()
}
