package config

import (
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

const (
	// DefaultMailColor is the colour of buttons in mails.
	DefaultMailColor = "#1f6feb"
	// DefaultMailLocale is the language of mails.
	DefaultMailLocale = "en"

	maxAppNameLength    = 64
	maxMailFooterLength = 1000
)

// MailLocales are the languages in which Xenon has the texts of mails.
var MailLocales = []string{"en", "de"}

// MailLook is how mails look, and in which language they are.
type MailLook struct {
	AppName string   // APP_NAME: the name of the product; "" means the host of the site
	LogoURL string   // APP_LOGO_URL; "" means no logo
	Color   string   // APP_COLOR: the colour of buttons, #rrggbb
	Locale  string   // MAIL_LOCALE: a language tag, such as en
	Footer  []string // MAIL_FOOTER: the lines of a plain text
	ReplyTo string   // MAIL_REPLY_TO as the header Reply-To has it; "" means none
}

// MailTemplates names templates that replace built-in ones: those in a folder, or in S3. At most one of both is set.
type MailTemplates struct {
	Folder         string
	Bucket, Prefix string // the prefix is empty, or ends in a slash
}

// IsSet reports whether any template may be replaced.
func (t MailTemplates) IsSet() bool { return t.Folder != "" || t.Bucket != "" }

// readMailLook reads the settings of MailLook.
func (l *loader) readMailLook(templates MailTemplates) MailLook {
	return MailLook{
		AppName: l.readAppName(""),
		LogoURL: l.readLogoURL("APP_LOGO_URL"),
		Color:   l.readColor("APP_COLOR", DefaultMailColor),
		Locale:  l.readMailLocale("MAIL_LOCALE", templates),
		Footer:  l.readFooter("MAIL_FOOTER"),
		ReplyTo: l.readReplyTo("MAIL_REPLY_TO"),
	}
}

// readAppName reads APP_NAME. A subject, a header and the label of an authenticator app contain the name.
func (l *loader) readAppName(fallback string) string {
	v := l.getenv("APP_NAME")
	if v == "" {
		return fallback
	}
	if strings.ContainsFunc(v, unicode.IsControl) || len([]rune(v)) > maxAppNameLength {
		l.addProblem("APP_NAME", "%q is not a name: use at most %d characters, in one line", v, maxAppNameLength)
	}
	return v
}

// readLogoURL reads the URL of an image. Programs that show mails load it, so it is https, or http on this computer.
func (l *loader) readLogoURL(name string) string {
	v := l.getenv(name)
	if v == "" {
		return ""
	}
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.User != nil ||
		u.Scheme != "https" && (u.Scheme != "http" || !IsLoopbackHost(u.Hostname())) {
		l.addProblem(name, "%s is not the URL of an image, such as https://www.example.com/logo.png; "+
			"http is only for localhost", quoteURL(v))
	}
	return v
}

// IsLoopbackHost reports whether a host is this computer.
func IsLoopbackHost(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

var colorPattern = lazyPattern(`^#[0-9a-fA-F]{6}$`)

func (l *loader) readColor(name, fallback string) string {
	v := l.readTextOr(name, fallback)
	if !colorPattern().MatchString(v) {
		l.addProblem(name, "%q is not a colour such as %s", v, DefaultMailColor)
	}
	return strings.ToLower(v)
}

var localePattern = lazyPattern(`^[a-z]{2,3}(-[A-Z]{2})?$`)

// readMailLocale reads a language tag. A language that Xenon does not have needs templates.
func (l *loader) readMailLocale(name string, templates MailTemplates) string {
	v := l.readTextOr(name, DefaultMailLocale)
	switch {
	case !localePattern().MatchString(v):
		l.addProblem(name, "%q is not a language such as en, de or pt-BR", v)
	case !slices.Contains(MailLocales, v) && !templates.IsSet():
		l.addProblem(name, "Xenon has no mails in the language %s, only in %s; write templates and set MAIL_TEMPLATES",
			v, strings.Join(MailLocales, ", "))
	}
	return v
}

// readFooter reads a plain text. The two characters \n are a line break, too, because not every place where a variable
// is set allows one.
func (l *loader) readFooter(name string) []string {
	v := strings.TrimSpace(strings.ReplaceAll(l.getenv(name), `\n`, "\n"))
	if v == "" {
		return nil
	}
	if len([]rune(v)) > maxMailFooterLength {
		l.addProblem(name, "it has more than %d characters", maxMailFooterLength)
	}
	lines := strings.Split(v, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
		if strings.ContainsFunc(lines[i], unicode.IsControl) {
			l.addProblem(name, "line %d has a control character", i+1)
		}
	}
	return lines
}

func (l *loader) readReplyTo(name string) string {
	v := l.getenv(name)
	if v == "" {
		return ""
	}
	email, err := mail.ParseAddress(v)
	if err != nil {
		l.addProblem(name, `%q is not one email, such as "Support <help@example.com>"`, v)
		return ""
	}
	return email.String()
}

var bucketPattern = lazyPattern(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// readMailTemplates reads a folder, or a URL such as s3://bucket/prefix.
func (l *loader) readMailTemplates(name string) MailTemplates {
	v := l.getenv(name)
	rest, isS3 := strings.CutPrefix(v, "s3://")
	if !isS3 {
		if scheme, _, hasScheme := strings.Cut(v, "://"); hasScheme {
			l.addProblem(name, "%s:// is neither a folder nor s3://bucket/prefix", scheme)
		}
		return MailTemplates{Folder: v}
	}
	bucket, prefix, _ := strings.Cut(rest, "/")
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	if !bucketPattern().MatchString(bucket) || strings.ContainsAny(prefix, "?#*") {
		l.addProblem(name, "%q is not of the form s3://bucket/prefix", v)
	}
	return MailTemplates{Bucket: bucket, Prefix: prefix}
}
