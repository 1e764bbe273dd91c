package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail/content"
)

type mailsCmd struct {
	Check  mailsCheckCmd  `cmd:"" help:"Check a folder with templates of mails before you deploy them."`
	Export mailsExportCmd `cmd:"" help:"Write the built-in templates of mails into a folder, to begin with."`
}

type mailsCheckCmd struct {
	Dir string `arg:"" help:"The folder with the templates."`
}

func (mailsCheckCmd) Help() string {
	return `Checks the templates in the folder as functions/mailer does when it starts: each can be parsed, uses only known
fields, and a test mail of every kind has its link or code in the text and in the HTML. Templates that the folder does
not have are the built-in ones. APP_NAME, MAIL_LOCALE and the other settings of mails apply. Exit code 0: the templates
can be deployed; 1: they cannot, and each problem is a line with the file and the line.

  xenon mails check ./mails
  MAIL_LOCALE=de xenon mails check ./mails`
}

// Run checks every language that the folder has, and the one of the settings.
func (c mailsCheckCmd) Run(getenv environment, std streams) error {
	cfg, err := config.LoadLocalMailer(func(name string) string {
		switch name {
		case "MAIL_TEMPLATES": // a language of MAIL_LOCALE may be in the folder
			return c.Dir
		case "MAIL":
			return ""
		}
		return getenv(name)
	})
	if err != nil {
		return err
	}
	own, err := content.ReadFolder(c.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return withAdvice(fmt.Errorf("the folder %s does not exist", c.Dir),
			"Write the built-in templates to begin with: xenon mails export %s", c.Dir)
	}
	if err != nil {
		return err
	}
	if len(own) == 0 {
		return withAdvice(fmt.Errorf("the folder %s has no templates", c.Dir),
			"Names are those of the built-in ones, such as layout.html and en/reset-password.tmpl: xenon mails export %s",
			c.Dir)
	}
	for _, locale := range localesOf(own, cfg.Look.Locale) {
		cfg.Look.Locale = locale
		if _, err := content.New(cfg.Look, cfg.Site, own); err != nil {
			return withAdvice(err, "Each line names the file, and the line if there is one. docs/emails.md lists the fields.")
		}
	}
	for _, name := range content.SortedNames(own) {
		fmt.Fprintln(std.out, name)
	}
	fmt.Fprintf(std.out, "%d templates, no problems\n", len(own))
	return nil
}

// localesOf returns the languages to check: that of the settings, and those of the folders.
func localesOf(own map[string]string, first string) []string {
	locales := []string{first}
	seen := map[string]bool{first: true}
	for _, name := range content.SortedNames(own) {
		if locale, _, inFolder := strings.Cut(name, "/"); inFolder && !seen[locale] {
			seen[locale] = true
			locales = append(locales, locale)
		}
	}
	return locales
}

type mailsExportCmd struct {
	Dir string `arg:"" help:"The folder. It is created; existing files are not overwritten."`
}

func (mailsExportCmd) Help() string {
	return `Writes the built-in templates of mails in all languages. Change what you need, delete the others, check the
folder, and set MAIL_TEMPLATES to it, or copy it to S3. docs/emails.md describes the templates. Exit code 1: a file
with the name of a template exists, and nothing was written.

  xenon mails export ./mails`
}

// Run writes the files, or none of them if one exists.
func (c mailsExportCmd) Run(std streams) error {
	files := content.Builtin()
	for _, name := range content.SortedNames(files) {
		if _, err := os.Lstat(filepath.Join(c.Dir, filepath.FromSlash(name))); !errors.Is(err, fs.ErrNotExist) {
			return withAdvice(fmt.Errorf("%s already has the file %s; nothing was written", c.Dir, name),
				"Use another folder, or remove the file.")
		}
	}
	for _, name := range content.SortedNames(files) {
		file := filepath.Join(c.Dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // templates have no secret
			return err
		}
		if err := os.WriteFile(file, []byte(files[name]), 0o644); err != nil { //nolint:gosec // templates have no secret
			return err
		}
		fmt.Fprintln(std.out, file)
	}
	return nil
}
