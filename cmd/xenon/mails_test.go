package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/smtptest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/mail/content"
)

// runMails runs a command of xenon mails.
func runMails(t *testing.T, settings map[string]string, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	getenv := func(name string) string { return settings[name] }
	code = run(t.Context(), append([]string{"mails"}, args...), getenv, streams{strings.NewReader(""), &o, &e})
	return code, o.String(), e.String()
}

func TestMailsExportWritesWhatMailsCheckAccepts(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "new", "mails")
	code, out, errs := runMails(t, nil, "export", folder)
	if code != exitDone || !strings.Contains(out, filepath.Join(folder, "en", "reset-password.tmpl")) {
		t.Fatalf("xenon mails export: got %d, %q, %q, want 0 and the names of the files", code, out, errs)
	}
	got, err := content.ReadFolder(folder)
	if err != nil || len(got) != len(content.Builtin()) {
		t.Errorf("exported templates: got %d, %v, want %d", len(got), err, len(content.Builtin()))
	}
	if code, out, errs := runMails(t, nil, "check", folder); code != exitDone || !strings.Contains(out, "no problems") {
		t.Errorf("xenon mails check of the built-in templates: got %d, %q, %q, want 0", code, out, errs)
	}
	file := filepath.Join(folder, "de", "magic-link.tmpl")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(folder, "layout.txt")); err != nil {
		t.Fatal(err)
	}
	code, _, errs = runMails(t, nil, "export", folder)
	text, err := os.ReadFile(file)
	if code != exitFailed || string(text) != "mine" || err != nil || !strings.Contains(errs, "nothing was written") {
		t.Errorf("xenon mails export into a folder with templates: got %d, %q and the file %q, want 1 and no change",
			code, errs, text)
	}
	if _, err := os.Stat(filepath.Join(folder, "layout.txt")); err == nil {
		t.Error("xenon mails export wrote layout.txt, want no file, because another one exists")
	}
}

func TestMailsCheckReportsEveryProblem(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "de"), 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		file, text string
		settings   map[string]string
		want       string
	}{
		"an empty folder": {"", "", nil, "has no templates"},
		"a wrong setting": {"", "", map[string]string{"APP_COLOR": "red"}, `APP_COLOR: "red" is not a colour`},
		"another language": {
			"layout.txt", "{{.URL}}{{.Code}}", map[string]string{"MAIL_LOCALE": "fr"}, "fr/magic-link.tmpl: missing",
		},
		"no link": {
			"layout.txt", "{{.Code}}", nil,
			"layout.txt:1: the part made with layout.txt of the mail verify-email lacks {{.URL}}",
		},
		"a language of the folder": {
			"de/magic-link.tmpl", "{{.Nothing}}", nil, "de/magic-link.tmpl:1:2: there is no field .Nothing",
		},
		"a folder that is not there": {"", "", map[string]string{"DIR": "none"}, "does not exist"},
	} {
		if c.file != "" {
			write(c.file, c.text)
		}
		code, out, errs := runMails(t, c.settings, "check", filepath.Join(folder, c.settings["DIR"]))
		if code != exitFailed || !strings.Contains(errs, c.want) {
			t.Errorf("xenon mails check with %s: got %d, %q, %q, want 1 and %q", name, code, out, errs, c.want)
		}
		if c.file != "" {
			if err := os.Remove(filepath.Join(folder, c.file)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, args := range [][]string{{"check"}, {"export"}, {"check", "a", "b"}} {
		if code, _, _ := runMails(t, nil, args...); code != exitUsage {
			t.Errorf("xenon mails %q: got %d, want 2", args, code)
		}
	}
	for _, command := range []string{"check", "export"} {
		if code, out, _ := runMails(t, nil, command, "--help"); code != exitDone ||
			!strings.Contains(out, "\n    xenon mails "+command+" ./mails\n") {
			t.Errorf("xenon mails %s --help: got %d and\n%s\nwant 0 and an example", command, code, out)
		}
	}
}

// captureLog runs f and returns what it logged. The tests that use it are not parallel.
func captureLog(f func()) string {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	f()
	return log.String()
}

// With MAIL=smtp, xenon dev sends in the background: Send does not wait for the server, and the end of xenon dev sends
// what waits. A failure is logged without email, link and password.
func TestDevSendsBySMTPInTheBackground(t *testing.T) {
	server := smtptest.Start(t, smtptest.Options{NoTLS: true})
	hold := make(chan struct{})
	server.Refuse(func(to string) error {
		<-hold
		if to == "refused@example.com" {
			return smtptest.Answer(550, to)
		}
		return nil
	})
	settings := config.Mailer{
		From:    "no-reply@learn.example.com",
		SMTPURL: config.Secret("smtp://mailer%40example.com:correct%20horse%3A%20battery%2Fstaple@" + server.Addr),
	}
	log := captureLog(func() {
		sender, stop, err := openMailSender(config.API{Mail: config.MailSMTP}, settings)
		if err != nil {
			t.Fatal(err)
		}
		m := content.TestMails()[0]
		for _, to := range []string{"ada@example.com", "refused@example.com", "bob@example.com"} {
			m.To = to
			if err := sender.Send(t.Context(), m); err != nil { // it would wait forever for the server
				t.Errorf("send: got %v, want no error", err)
			}
		}
		if err := sender.Send(t.Context(), mail.Message{Kind: mail.Nothing}); err != nil {
			t.Errorf("send nothing: got %v, want no error", err)
		}
		close(hold)
		stop()
	})
	var to []string
	for _, m := range server.Mails() {
		to = append(to, m.To...)
	}
	if strings.Join(to, " ") != "ada@example.com bob@example.com" {
		t.Errorf("mails that arrived: got %v, want those of ada and bob", to)
	}
	if !strings.Contains(log, "the SMTP server answered 550") {
		t.Errorf("log: got\n%s\nwant the reason of the refused mail", log)
	}
	for _, secret := range []string{"example.com", "t0k3n", "battery"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log contains %s:\n%s", secret, log)
		}
	}
}

func TestDevWithSMTPDoesNotStartWithWrongTemplates(t *testing.T) {
	t.Parallel()
	mails := config.Mailer{
		SMTPURL: "smtp://localhost:1025", Templates: config.MailTemplates{Folder: filepath.Join(t.TempDir(), "none")},
	}
	if _, _, err := openMailSender(config.API{Mail: config.MailSMTP}, mails); err == nil ||
		!strings.Contains(err.Error(), "MAIL_TEMPLATES: ") {
		t.Errorf("xenon dev with MAIL=smtp and no folder of templates: got %v, want an error", err)
	}
}
