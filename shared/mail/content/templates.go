// Package content writes the subject, the text and the HTML of mails, from templates. A folder or a bucket can replace
// each of the built-in templates.
package content

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	texttemplate "text/template"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail"
)

// Content is one mail as the user reads it.
type Content struct{ Subject, Text, HTML string }

const (
	layoutHTML = "layout.html"
	layoutText = "layout.txt"
	common     = "common" // the phrases that all mails of a language have
)

// builtinFiles has two layouts, text and HTML, and a folder for each language. It has one file of phrases for each kind
// of mail, a second one for VerifyEmail to a new email, and one for each type of EmailOTP. Both layouts use the same
// phrases, so the phrases have no markup; the layouts escape the values.
//
//go:embed templates
var builtinFiles embed.FS

// Templates renders mails. It is safe for concurrent use.
type Templates struct {
	look  config.MailLook
	site  string
	files map[string]string // by name, such as layout.html and en/verify-email.tmpl
}

// New returns the templates of a look. own has the files that replace built-in ones, by name. The error lists what is
// wrong with them, each with the name of the file and the line. The mails name the host site, or the host of the mailed
// link if site is "".
func New(look config.MailLook, site string, own map[string]string) (*Templates, error) {
	t := &Templates{look: look, site: site, files: Builtin()}
	if t.look.Locale == "" {
		t.look.Locale = config.DefaultMailLocale
	}
	for name, text := range own {
		t.files[name] = text
	}
	if len(own) == 0 && slices.Contains(config.MailLocales, t.look.Locale) {
		return t, nil // tests check the built-in templates
	}
	return t, t.check(own)
}

// Builtin returns the built-in templates by name.
func Builtin() map[string]string {
	files := map[string]string{}
	err := fs.WalkDir(builtinFiles, "templates", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(builtinFiles, name)
		files[strings.TrimPrefix(name, "templates/")] = string(text)
		return err
	})
	if err != nil {
		panic(err) // not possible: the files are in the program
	}
	return files
}

// Names returns the names that templates of a language can have, in order.
func Names(locale string) []string {
	names := []string{layoutHTML, layoutText}
	for name := range Builtin() {
		if file, ok := strings.CutPrefix(name, config.DefaultMailLocale+"/"); ok {
			names = append(names, path.Join(locale, file))
		}
	}
	slices.Sort(names)
	return names
}

// Render renders a mail. Its errors do not quote the mail.
func (t *Templates) Render(m mail.Message) (Content, error) {
	d, err := newData(t.look, t.site, m)
	if err != nil {
		return Content{}, err
	}
	return t.fill(phrasesName(m), d)
}

// phrases returns the names of the two files with the phrases of a mail.
func (t *Templates) phrases(name string) []string {
	return []string{t.look.Locale + "/" + common + ".tmpl", t.look.Locale + "/" + name + ".tmpl"}
}

// fill fills the layouts. It parses the templates for each mail, which takes much less time than to send the mail, and
// does not delay the start of a function.
func (t *Templates) fill(name string, d data) (Content, error) {
	text, html := texttemplate.New(""), htmltemplate.New("")
	for _, file := range t.phrases(name) {
		if _, err := text.New(file).Parse(t.files[file]); err != nil {
			return Content{}, fmt.Errorf("read template: %w", err)
		}
		if _, err := html.New(file).Parse(t.files[file]); err != nil {
			return Content{}, fmt.Errorf("read template: %w", err)
		}
	}
	_, errText := text.New(layoutText).Parse(t.files[layoutText])
	_, errHTML := html.New(layoutHTML).Parse(t.files[layoutHTML])
	if err := errors.Join(errText, errHTML); err != nil {
		return Content{}, fmt.Errorf("read template: %w", err)
	}
	var subject, asText, asHTML strings.Builder
	if err := errors.Join(
		text.ExecuteTemplate(&subject, "subject", d),
		text.ExecuteTemplate(&asText, layoutText, d),
		html.ExecuteTemplate(&asHTML, layoutHTML, d),
	); err != nil {
		return Content{}, fmt.Errorf("fill template: %w", err)
	}
	return Content{
		Subject: strings.Join(strings.Fields(subject.String()), " "), // a header has one line
		Text:    strings.TrimRight(asText.String(), "\n") + "\n",
		HTML:    asHTML.String(),
	}, nil
}

// SortedNames returns the names of files in order.
func SortedNames(files map[string]string) []string { return slices.Sorted(maps.Keys(files)) }
