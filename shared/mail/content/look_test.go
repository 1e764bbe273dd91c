package content

import (
	"slices"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
)

// Text on the button and the button on the page can be seen with every colour, in light and dark mails.
func TestButtonIsVisibleInEveryColor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ color, text, light, dark string }{
		{"#1f6feb", "#ffffff", "#1f6feb", "#1f6feb"},
		{"#ffd43b", "#000000", "#000000", "#ffd43b"},
		{"#ffffff", "#000000", "#000000", "#ffffff"},
		{"#000000", "#ffffff", "#000000", "#ffffff"},
		{"#212329", "#ffffff", "#212329", "#ffffff"},
	} {
		m := testMail("reset-password")
		d, err := newData(config.MailLook{Color: c.color}, "", m)
		if err != nil {
			t.Fatal(err)
		}
		if d.ButtonText != c.text || d.ButtonBorder != c.light || d.ButtonBorderDark != c.dark {
			t.Errorf("button of %s: got text %s, border %s, in the dark %s; want %s, %s, %s",
				c.color, d.ButtonText, d.ButtonBorder, d.ButtonBorderDark, c.text, c.light, c.dark)
		}
		page := mustRender(t, config.MailLook{Color: c.color}, m).HTML
		for _, style := range []string{
			"border:1px solid " + c.light, "background:" + c.color + ";color:" + c.text, "border-color: " + c.dark,
		} {
			if !strings.Contains(page, style) {
				t.Errorf("the HTML with the colour %s lacks %q:\n%s", c.color, style, page)
			}
		}
	}
	for color := range 0x1000 {
		hex := "#" + string(slices.Concat(double(color>>8), double(color>>4), double(color)))
		if got := contrast(hex, readableOn(hex)); got < 4.5 {
			t.Errorf("contrast of the text on %s: got %.2f, want at least 4.5", hex, got)
		}
	}
}

func double(digit int) []byte { d := "0123456789abcdef"[digit&15]; return []byte{d, d} }

func TestLookIsEscapedInHTML(t *testing.T) {
	t.Parallel()
	look := testLooks["de"]
	look.AppName = `<b onclick="x">Ü</b>`
	for _, m := range TestMails() {
		c := mustRender(t, look, m)
		p := parsePage(t, c.HTML)
		for _, want := range append(slices.Clone(look.Footer), look.AppName) {
			if !strings.Contains(p.text, want) || !strings.Contains(c.Text, want) {
				t.Errorf("%s: the mail lacks %q in the HTML or the text:\n%s\n%s", phrasesName(m), want, c.HTML, c.Text)
			}
		}
		if slices.Contains(p.tags, "b") || !slices.Contains(p.tags, "img") ||
			!strings.Contains(c.HTML, `alt="&lt;b onclick=&#34;x&#34;&gt;Ü&lt;/b&gt;"`) {
			t.Errorf("%s: want the logo with the name, escaped, as its alternative text:\n%s", phrasesName(m), c.HTML)
		}
	}
}

// Every file of phrases exists in every language, with the same templates and the same fields.
func TestLanguagesHaveTheSameTemplates(t *testing.T) {
	t.Parallel()
	files := Builtin()
	for _, locale := range config.MailLocales {
		for _, name := range Names(locale) {
			if problems := checkFile(name, files[name]); files[name] == "" || problems != nil {
				t.Errorf("the built-in template %s: got %d bytes and %v, want a template without problems",
					name, len(files[name]), problems)
			}
		}
	}
	for _, m := range TestMails() {
		english, german := mustRender(t, config.MailLook{}, m), mustRender(t, config.MailLook{Locale: "de"}, m)
		if english.Subject == german.Subject || !strings.Contains(german.Text, "Wenn Sie") {
			t.Errorf("%s in German: got\n%s\n%s\nwant another subject than the English one, and German sentences",
				phrasesName(m), german.Subject, german.Text)
		}
		if !strings.Contains(german.HTML, `<html lang="de">`) {
			t.Errorf("%s in German: the HTML does not say its language:\n%s", phrasesName(m), german.HTML)
		}
		for _, value := range []string{m.NewEmail, "learn.example.com"} {
			if value != "" && strings.Count(english.Text, value) != strings.Count(german.Text, value) {
				t.Errorf("%s: the languages contain %q in different numbers:\n%s\n%s",
					phrasesName(m), value, english.Text, german.Text)
			}
		}
	}
}
