package content

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// testMail returns the first test mail of a kind.
func testMail(kind mail.Kind) mail.Message {
	for _, m := range TestMails() {
		if m.Kind == kind {
			return m
		}
	}
	panic("no test mail of the kind " + kind)
}

// testLooks are the looks of the golden files: the defaults, and one in German with every setting.
var testLooks = map[string]config.MailLook{
	"en": {},
	"de": {
		AppName: "Lernen & Üben", LogoURL: "https://learn.example.com/img/logo.png", Color: "#ffd43b", Locale: "de",
		Footer: []string{"Lernen GmbH <Berlin>", "Musterstraße 1, 10115 Berlin"},
	},
}

func newTemplates(t *testing.T, look config.MailLook, site string, own map[string]string) *Templates {
	t.Helper()
	templates, err := New(look, site, own)
	if err != nil {
		t.Fatal(err)
	}
	return templates
}

func mustRender(t *testing.T, look config.MailLook, m mail.Message) Content {
	t.Helper()
	c, err := newTemplates(t, look, "", nil).Render(m)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The golden files are the mails as users read them. go test ./shared/mail/content -update rewrites them.
func TestMailsEqualGoldenFiles(t *testing.T) {
	t.Parallel()
	for folder, look := range testLooks {
		for _, m := range TestMails() {
			c := mustRender(t, look, m)
			file := filepath.Join("testdata", folder, phrasesName(m))
			checkGoldenFile(t, file+".txt", "Subject: "+c.Subject+"\n\n"+c.Text)
			checkGoldenFile(t, file+".html", c.HTML)
		}
	}
}

func checkGoldenFile(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, string(want)); diff != "" {
		t.Errorf("%s (-got +want):\n%s", file, diff)
	}
}

// parsedPage is the text, the links and the tags of an HTML mail. The layout is well-formed XML, so a strict parser
// reads it.
type parsedPage struct {
	text  string
	hrefs []string
	tags  []string
}

func parsePage(t *testing.T, html string) parsedPage {
	t.Helper()
	var p parsedPage
	var text strings.Builder
	for d := xml.NewDecoder(strings.NewReader(html)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			p.text = text.String()
			return p
		}
		if err != nil {
			t.Fatalf("the HTML is not well-formed: %v\n%s", err, html)
		}
		switch part := token.(type) {
		case xml.CharData:
			text.Write(part)
		case xml.StartElement:
			p.tags = append(p.tags, part.Name.Local)
			for _, a := range part.Attr {
				if a.Name.Local == "href" {
					p.hrefs = append(p.hrefs, a.Value)
				}
			}
		}
	}
}

// The HTML has the link twice, on the button and as text, and the text has it once.
func TestMailHasItsLinkAndNoOtherURL(t *testing.T) {
	t.Parallel()
	for _, m := range TestMails() {
		c, kind := mustRender(t, config.MailLook{}, m), phrasesName(m)
		p := parsePage(t, c.HTML)
		links, life := []string{m.URL, m.URL}, "works for one hour."
		switch m.Kind {
		case mail.DeleteAccount:
			life = "works for 24 hours."
		case mail.EmailChanged:
			links, life = nil, "has been changed"
		case mail.MagicLink:
			life = "works for 5 minutes."
		case mail.EmailOTP:
			links, life = nil, "works for 5 minutes."
		case mail.TwoFactorOTP:
			links, life = nil, "The code works for 3 minutes."
		}
		if kindsWithCode[m.Kind] && (strings.Count(c.Text, m.Token) != 1 || strings.Count(p.text, m.Token) != 1) {
			t.Errorf("%s: want the code %s once in the text and in the HTML:\n%s\n%s", kind, m.Token, c.Text, c.HTML)
		}
		if diff := cmp.Diff(links, p.hrefs); diff != "" {
			t.Errorf("%s: links (-want +got):\n%s", kind, diff)
		}
		if strings.Count(c.Text, m.URL) != len(links)/2 || strings.Count(p.text, m.URL) != len(links)/2 {
			t.Errorf("%s: want the link in the text and as text in the HTML %d times:\n%s\n%s",
				kind, len(links)/2, c.Text, c.HTML)
		}
		if len(links) > 0 && !strings.Contains(c.HTML, "&amp;callbackURL") {
			t.Errorf("%s: the link is not escaped:\n%s", kind, c.HTML)
		}
		if strings.Count(c.HTML, "://") != len(links)/2*3 {
			t.Errorf("%s: want no URL but the link in the HTML:\n%s", kind, c.HTML)
		}
		for _, tag := range []string{"img", "script", "link", "iframe", "form"} {
			if slices.Contains(p.tags, tag) {
				t.Errorf("%s: the HTML has the tag <%s>, want none", kind, tag)
			}
		}
		for _, text := range []string{c.Text, p.text} {
			if !strings.Contains(text, life) || !strings.Contains(text, "learn.example.com") {
				t.Errorf("%s: the mail lacks %q or learn.example.com:\n%s", kind, life, text)
			}
		}
		if c.Subject == "" || strings.ContainsAny(c.Subject, "\r\n") {
			t.Errorf("%s: got the subject %q, want one line", kind, c.Subject)
		}
	}
}

// The mail to a new email differs from the mail after a sign-up. The mails to the old email name the new email and say
// what to do. Every mail says what to do if the recipient did not request it.
func TestMailContainsRequiredSentences(t *testing.T) {
	t.Parallel()
	phrases := map[string][]string{
		"verify-new-email":    {"wants to use this e-mail address for the account", "the account belongs to another person"},
		"email-change-notice": {"o'neill&co@example.com", "Stop the change", "choose a new password"},
		"email-changed":       {"o'neill&co@example.com", "contact the support of learn.example.com"},
		"magic-link":          {"Sign in", "It works once"},
		"two-factor-otp":      {"012345", "Do not give it to anyone", "change your password"},
		"verify-email":        {"belongs to your account", "do not follow the link"},
	}
	for _, m := range TestMails() {
		c := mustRender(t, config.MailLook{}, m)
		for _, text := range []string{c.Text, parsePage(t, c.HTML).text} {
			for _, phrase := range append(phrases[phrasesName(m)], "If ", "not") {
				if !strings.Contains(text, phrase) {
					t.Errorf("%s does not say %q:\n%s", phrasesName(m), phrase, text)
				}
			}
		}
		if strings.Contains(c.Text, "\n\n\n") {
			t.Errorf("%s has more than one empty line:\n%s", phrasesName(m), c.Text)
		}
	}
}

// An email may contain characters that HTML reads as markup. The HTML mail escapes them, the text mail does not.
func TestNewEmailIsEscapedInHTML(t *testing.T) {
	t.Parallel()
	for kind := range kindsWithNewEmail {
		m := testMail(kind)
		c := mustRender(t, config.MailLook{}, m)
		if !strings.Contains(c.Text, m.NewEmail) || !strings.Contains(parsePage(t, c.HTML).text, m.NewEmail) {
			t.Errorf("%s: the new email is not in the mail:\n%s\n%s", kind, c.Text, c.HTML)
		}
		if strings.Contains(c.HTML, m.NewEmail) {
			t.Errorf("%s: the new email is not escaped:\n%s", kind, c.HTML)
		}
	}
}

func TestRenderRefusesInvalidMails(t *testing.T) {
	t.Parallel()
	withChange := func(change func(*mail.Message)) mail.Message {
		m := testMail(mail.ChangeEmailConfirmation)
		change(&m)
		return m
	}
	for name, c := range map[string]struct {
		m    mail.Message
		want error
	}{
		"a code of no type": {
			mail.Message{Kind: mail.EmailOTP, To: "a@example.com", URL: "https://a.example", Token: "012345"}, ErrUnknownKind,
		},
		"no kind":         {withChange(func(m *mail.Message) { m.Kind = "" }), ErrUnknownKind},
		"an unknown kind": {withChange(func(m *mail.Message) { m.Kind = "../verify-email" }), ErrUnknownKind},
		"nothing":         {withChange(func(m *mail.Message) { m.Kind = mail.Nothing }), ErrUnknownKind},
		"no email":        {withChange(func(m *mail.Message) { m.To = "" }), ErrInvalidEmail},
		"two emails":      {withChange(func(m *mail.Message) { m.To = "a@example.com,b@example.com" }), ErrInvalidEmail},
		"a display name":  {withChange(func(m *mail.Message) { m.To = "a@example.com <b@example.com>" }), ErrInvalidEmail},
		"a header": {
			withChange(func(m *mail.Message) { m.To = "a@example.com\r\nBcc: b@example.com" }), ErrInvalidEmail,
		},
		"no new email": {withChange(func(m *mail.Message) { m.NewEmail = "" }), ErrInvalidEmail},
		"a new line":   {withChange(func(m *mail.Message) { m.NewEmail = "a@example.com\n" }), ErrInvalidEmail},
		"a code of a letter": {func() mail.Message {
			m := testMail(mail.TwoFactorOTP)
			m.Token = "01234x"
			return m
		}(), ErrInvalidCode},
		"no link": {withChange(func(m *mail.Message) { m.URL = "" }), ErrInvalidLink},
		"a path":  {withChange(func(m *mail.Message) { m.URL = "/api/auth/verify-email" }), ErrInvalidLink},
		"a script": {
			withChange(func(m *mail.Message) { m.URL = "javascript://learn.example.com/%0aalert(1)" }), ErrInvalidLink,
		},
		"no URL": {withChange(func(m *mail.Message) { m.URL = "https://learn.example.com/%zz" }), ErrInvalidLink},
	} {
		got, err := newTemplates(t, config.MailLook{}, "", nil).Render(c.m)
		if !errors.Is(err, c.want) || got != (Content{}) {
			t.Errorf("Render of a mail with %s: got %v, %v, want no mail and the error %v", name, got, err, c.want)
		}
	}
}

func TestMailNamesTheSiteOfTheSettings(t *testing.T) {
	t.Parallel()
	m := mail.Message{Kind: mail.ResetPassword, To: "ada@example.com", URL: "https://auth.example.com/reset-password/x"}
	for appName, want := range map[string][]string{
		"":      {"your account at www.example.com", "www.example.com"},
		"Learn": {"your account at Learn", "Learn, www.example.com"},
	} {
		look := config.MailLook{AppName: appName}
		c, err := newTemplates(t, look, "www.example.com", nil).Render(m)
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"text": c.Text, "HTML": c.HTML} {
			for _, words := range append(want, m.URL) {
				if !strings.Contains(text, words) {
					t.Errorf("the %s of the mail with APP_NAME=%s lacks %q:\n%s", name, appName, words, text)
				}
			}
		}
	}
}
