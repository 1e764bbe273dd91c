package content

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

// phrasesOf returns a file of phrases with an own opening.
func phrasesOf(opening string) string {
	return `{{define "subject"}}Own subject{{end}}
{{define "opening"}}` + opening + `{{end}}
{{define "action"}}Go{{end}}
{{define "closing"}}Bye.{{end}}
`
}

func TestOwnTemplatesReplaceBuiltInOnesOneByOne(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("en/reset-password.tmpl", phrasesOf("Own words for {{.AppName}}."))
	write("README.md", "{{.NotATemplate")
	write("en/.reset-password.tmpl", "{{.NotATemplate")
	own, err := ReadFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	templates := newTemplates(t, config.MailLook{AppName: "Learn"}, "", own)
	for _, m := range TestMails() {
		got, err := templates.Render(m)
		if err != nil {
			t.Fatal(err)
		}
		if isOwn := strings.Contains(got.Text, "Own words for Learn."); isOwn != (m.Kind == "reset-password") {
			t.Errorf("%s: got own words: %v, want them in reset-password only:\n%s", phrasesName(m), isOwn, got.Text)
		}
	}
}

// A folder with all files of a language adds the language. Without one of them nothing starts.
func TestTemplatesCanAddALanguage(t *testing.T) {
	t.Parallel()
	own := map[string]string{}
	for name, text := range Builtin() {
		if file, ok := strings.CutPrefix(name, "en/"); ok {
			own["fr/"+file] = text
		}
	}
	if _, err := newTemplates(t, config.MailLook{Locale: "fr"}, "", own).Render(testMail("reset-password")); err != nil {
		t.Errorf("mail in a language of own templates: got %v, want no error", err)
	}
	delete(own, "fr/magic-link.tmpl")
	_, err := New(config.MailLook{Locale: "fr"}, "", own)
	if err == nil || !strings.Contains(err.Error(), "fr/magic-link.tmpl: missing") {
		t.Errorf("a language without magic-link.tmpl: got %v, want an error that names the file", err)
	}
}

// Each error names the file, the line if there is one, and what is missing.
func TestBrokenTemplatesAreReported(t *testing.T) {
	t.Parallel()
	const reset = "en/reset-password.tmpl"
	layout := Builtin()[layoutHTML]
	for name, c := range map[string]struct {
		file, text string
		want       string
	}{
		"a syntax error":      {reset, phrasesOf("{{if}}"), reset + ":2: missing value for if"},
		"an unknown function": {reset, phrasesOf("{{shout .URL}}"), reset + `:2: function "shout"`},
		"an unknown field": {
			reset, phrasesOf("{{.Password}}"), reset + ":2:22: there is no field .Password; the fields are: .AppName, ",
		},
		"a field of a field": {reset, phrasesOf("{{.URL.Host}}"), reset + ":2:26: there is no field .URL.Host"},
		"a field of a variable": {
			reset, phrasesOf("{{range .Footer}}{{$.Name}}{{end}}"), "there is no field .Name",
		},
		"a field in a condition": {reset, phrasesOf("{{if eq 1 2}}{{.Nam}}{{end}}"), "there is no field .Nam;"},
		"an unknown template":    {reset, phrasesOf(`{{template "nope" .}}`), "nope"},
		"no subject": {
			"en/reset-password.tmpl", strings.Replace(phrasesOf("x"), `"subject"`, `"title"`, 1),
			`en/reset-password.tmpl:4: the file ends without {{define "subject"}}`,
		},
		"an empty subject": {
			"en/reset-password.tmpl", strings.Replace(phrasesOf("x"), "Own subject", "", 1),
			"en/reset-password.tmpl:4: the subject is empty",
		},
		"no link in the text": {
			layoutText, "{{template \"opening\" .}}\n{{.Code}}\n",
			"layout.txt:2: the part made with layout.txt of the mail reset-password lacks {{.URL}}",
		},
		"no code in the text": {
			layoutText, "{{template \"opening\" .}}\n{{.URL}}\n",
			"layout.txt:2: the part made with layout.txt of the mail two-factor-otp lacks {{.Code}}",
		},
		"no link in the HTML": {
			layoutHTML, strings.ReplaceAll(layout, "{{.URL}}", "https://learn.example.com"),
			"the part made with layout.html of the mail verify-email lacks {{.URL}}",
		},
		"HTML that cannot be escaped": {layoutHTML, "<p title='{{.URL}}>\n{{.Code}}</p>", "layout.html"},
		"a misspelled name": {
			"en/reset-pasword.tmpl", phrasesOf("x"), "en/reset-pasword.tmpl: no mail uses a template of this name",
		},
		"a file without its language": {
			"reset-password.tmpl", phrasesOf("x"), "reset-password.tmpl: no mail uses a template of this name",
		},
	} {
		_, err := New(config.MailLook{}, "", map[string]string{c.file: c.text})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("templates with %s: got %v, want an error with %q", name, err, c.want)
		}
	}
}

func TestAllProblemsOfTemplatesAreReportedTogether(t *testing.T) {
	t.Parallel()
	_, err := New(config.MailLook{}, "", map[string]string{
		"en/magic-link.tmpl": phrasesOf("{{.A}}\n{{.B}}"), "en/verify-email.tmpl": phrasesOf("{{"),
	})
	if err == nil {
		t.Fatal("two broken templates: got no error, want one")
	}
	for _, want := range []string{
		"en/magic-link.tmpl:2:22: there is no field .A", "en/magic-link.tmpl:3:2: there is no field .B",
		"en/verify-email.tmpl:2:",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error of two broken templates: got %v, want one with %q", err, want)
		}
	}
}

func TestMissingFolderIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := ReadFolder(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("templates of a folder that does not exist: got %v, want %v", err, fs.ErrNotExist)
	}
	folder := t.TempDir()
	large := filepath.Join(folder, "layout.html")
	if err := os.WriteFile(large, make([]byte, maxTemplateBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFolder(folder); err == nil || !strings.Contains(err.Error(), "layout.html has more than") {
		t.Errorf("a template that is too large: got %v, want an error that names it", err)
	}
}

func TestSubjectIsOneLine(t *testing.T) {
	t.Parallel()
	own := map[string]string{
		"en/reset-password.tmpl": strings.Replace(phrasesOf("x"), "Own subject", "Two\r\nBcc: eve@example.com", 1),
	}
	got, err := newTemplates(t, config.MailLook{}, "", own).Render(testMail("reset-password"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("Two Bcc: eve@example.com", got.Subject); diff != "" {
		t.Errorf("subject with a line break (-want +got):\n%s", diff)
	}
}
