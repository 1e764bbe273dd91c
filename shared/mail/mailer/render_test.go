package mailer

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
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/mail"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var kinds = []mail.Kind{
	mail.VerifyEmail, mail.ResetPassword, mail.ChangeEmailConfirmation, mail.DeleteAccount,
	mail.EmailChangeNotice, mail.EmailChanged, mail.MagicLink, mail.TwoFactorOTP,
}

// testMails returns one mail of each kind, the VerifyEmail of a change of email, and one of each type of code.
func testMails() (all []mail.Message) {
	for _, kind := range kinds {
		all = append(all, testMail(kind))
	}
	forNew := testMail(mail.VerifyEmail)
	forNew.Purpose = mail.ChangeEmail
	all = append(all, forNew)
	for _, codeType := range []string{"email-verification", "forget-password", "sign-in"} {
		m := testMail(mail.EmailOTP)
		m.Type, m.Token = codeType, "012345"
		all = append(all, m)
	}
	return all
}

// testMail returns a mail with characters that HTML escapes.
func testMail(kind mail.Kind) mail.Message {
	m := mail.Message{
		Kind: kind,
		To:   "ada@example.com",
		URL: "https://learn.example.com/api/auth/" + string(kind) +
			"?token=t0k3n.a-b_c&callbackURL=%2Faccount%3Fa%3D1%26b%3D2",
		Token: "t0k3n.a-b_c",
		At:    time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	if kindsWithCode[kind] {
		m.URL, m.Token = "https://learn.example.com", "012345"
	}
	if kindsWithNewEmail[kind] {
		m.NewEmail = "o'neill&co@example.com"
	}
	return m
}

func mustRender(t *testing.T, m mail.Message) renderedMail {
	t.Helper()
	w, err := render(m, "")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// The golden files are the mails as users read them. go test ./shared/mail/mailer -update rewrites them.
func TestMailsEqualGoldenFiles(t *testing.T) {
	t.Parallel()
	for _, m := range testMails() {
		w, file := mustRender(t, m), phrasesFile(m)
		for name, got := range map[string]string{
			file + ".txt": "Subject: " + w.subject + "\n\n" + w.text, file + ".html": w.html,
		} {
			file := filepath.Join("testdata", name)
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
				t.Errorf("%s (-got +want):\n%s", name, diff)
			}
		}
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

func TestMailHasItsLinkOnceAndNoOtherURL(t *testing.T) {
	t.Parallel()
	for _, m := range testMails() {
		w, kind := mustRender(t, m), phrasesFile(m)
		p := parsePage(t, w.html)
		links, life := []string{m.URL}, "works for one hour."
		switch m.Kind {
		case mail.DeleteAccount:
			life = "works for 24 hours."
		case mail.EmailChanged:
			links, life = nil, "has been changed"
		case mail.MagicLink:
			life = "works for 5 minutes."
		case mail.EmailOTP:
			links, life = nil, "works for 5 minutes."
			if strings.Count(w.text, m.Token) != 1 || strings.Count(p.text, m.Token) != 1 {
				t.Errorf("%s: want the code %s once in the text and in the HTML:\n%s\n%s", kind, m.Token, w.text, w.html)
			}
		case mail.TwoFactorOTP:
			links, life = nil, "The code works for 3 minutes."
		}
		if diff := cmp.Diff(links, p.hrefs); diff != "" {
			t.Errorf("%s: links (-want +got):\n%s", kind, diff)
		}
		if len(links) > 0 && !strings.Contains(w.html, "&amp;callbackURL") {
			t.Errorf("%s: the link is not escaped:\n%s", kind, w.html)
		}
		if strings.Count(w.text, m.URL) != len(links) || strings.Count(w.html, "://") != len(links) {
			t.Errorf("%s: want %d URLs in the text and in the HTML:\n%s\n%s", kind, len(links), w.text, w.html)
		}
		for _, tag := range []string{"img", "script", "link", "iframe", "style"} {
			if slices.Contains(p.tags, tag) {
				t.Errorf("%s: the HTML has the tag <%s>, want none", kind, tag)
			}
		}
		for _, text := range []string{w.text, p.text} {
			if !strings.Contains(text, life) || !strings.Contains(text, "learn.example.com") {
				t.Errorf("%s: the mail lacks %q or learn.example.com:\n%s", kind, life, text)
			}
		}
		if w.subject == "" || strings.ContainsAny(w.subject, "\r\n") {
			t.Errorf("%s: got the subject %q, want one line", kind, w.subject)
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
	for _, m := range testMails() {
		w := mustRender(t, m)
		for _, text := range []string{w.text, parsePage(t, w.html).text} {
			for _, phrase := range append(phrases[phrasesFile(m)], "If ", "not") {
				if !strings.Contains(text, phrase) {
					t.Errorf("%s does not say %q:\n%s", phrasesFile(m), phrase, text)
				}
			}
		}
		if strings.Contains(w.text, "\n\n\n") {
			t.Errorf("%s has more than one empty line:\n%s", phrasesFile(m), w.text)
		}
	}
}

// An email may contain characters that HTML reads as markup. The HTML mail escapes them, the text mail does not.
func TestNewEmailIsEscapedInHTML(t *testing.T) {
	t.Parallel()
	for kind := range kindsWithNewEmail {
		m := testMail(kind)
		w := mustRender(t, m)
		if !strings.Contains(w.text, m.NewEmail) || !strings.Contains(parsePage(t, w.html).text, m.NewEmail) {
			t.Errorf("%s: the new email is not in the mail:\n%s\n%s", kind, w.text, w.html)
		}
		if strings.Contains(w.html, m.NewEmail) {
			t.Errorf("%s: the new email is not escaped:\n%s", kind, w.html)
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
			mail.Message{Kind: mail.EmailOTP, To: "a@example.com", URL: "https://a.example", Token: "012345"}, errUnknownKind,
		},
		"no kind":         {withChange(func(m *mail.Message) { m.Kind = "" }), errUnknownKind},
		"an unknown kind": {withChange(func(m *mail.Message) { m.Kind = "../verify-email" }), errUnknownKind},
		"nothing":         {withChange(func(m *mail.Message) { m.Kind = mail.Nothing }), errUnknownKind},
		"no email":        {withChange(func(m *mail.Message) { m.To = "" }), errInvalidEmail},
		"two emails":      {withChange(func(m *mail.Message) { m.To = "a@example.com,b@example.com" }), errInvalidEmail},
		"a display name":  {withChange(func(m *mail.Message) { m.To = "a@example.com <b@example.com>" }), errInvalidEmail},
		"a header": {
			withChange(func(m *mail.Message) { m.To = "a@example.com\r\nBcc: b@example.com" }), errInvalidEmail,
		},
		"no new email": {withChange(func(m *mail.Message) { m.NewEmail = "" }), errInvalidEmail},
		"a new line":   {withChange(func(m *mail.Message) { m.NewEmail = "a@example.com\n" }), errInvalidEmail},
		"a code of a letter": {func() mail.Message {
			m := testMail(mail.TwoFactorOTP)
			m.Token = "01234x"
			return m
		}(), errInvalidCode},
		"no link": {withChange(func(m *mail.Message) { m.URL = "" }), errInvalidLink},
		"a path":  {withChange(func(m *mail.Message) { m.URL = "/api/auth/verify-email" }), errInvalidLink},
		"a script": {
			withChange(func(m *mail.Message) { m.URL = "javascript://learn.example.com/%0aalert(1)" }), errInvalidLink,
		},
		"no URL": {withChange(func(m *mail.Message) { m.URL = "https://learn.example.com/%zz" }), errInvalidLink},
	} {
		if w, err := render(c.m, ""); !errors.Is(err, c.want) || w != (renderedMail{}) {
			t.Errorf("render of a mail with %s: got %v, %v, want no mail and the error %v", name, w, err, c.want)
		}
	}
}

func TestMailNamesTheSiteOfTheSettings(t *testing.T) {
	t.Parallel()
	m := mail.Message{Kind: mail.ResetPassword, To: "ada@example.com", URL: "https://auth.example.com/reset-password/x"}
	w, err := render(m, "www.example.com")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"text": w.text, "HTML": w.html} {
		if !strings.Contains(text, "your account at www.example.com") || !strings.Contains(text, m.URL) {
			t.Errorf("the %s of the mail: got\n%s\nwant the site www.example.com and the link %s", name, text, m.URL)
		}
	}
}
