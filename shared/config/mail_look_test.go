package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

// mailerEnvironment returns the settings of functions/mailer with names and values in turn.
func mailerEnvironment(pairs ...string) func(string) string {
	return testEnvironment(append([]string{"MAIL_FROM", "a@example.com"}, pairs...)...)
}

func TestLookOfMailsHasDefaults(t *testing.T) {
	t.Parallel()
	got, err := config.LoadMailer(mailerEnvironment())
	if err != nil {
		t.Fatal(err)
	}
	want := config.Mailer{From: "<a@example.com>", Look: config.MailLook{Color: "#1f6feb", Locale: "en"}}
	if diff := cmp.Diff(want, got); diff != "" || got.UsesSMTP() {
		t.Errorf("LoadMailer with MAIL_FROM only: got SMTP: %v, want SES (-want +got):\n%s", got.UsesSMTP(), diff)
	}
}

func TestLookOfMailsIsRead(t *testing.T) {
	t.Parallel()
	got, err := config.LoadMailer(mailerEnvironment(
		"APP_NAME", "Lernen", "APP_LOGO_URL", "https://www.example.com/logo.png", "APP_COLOR", "#FFD43B",
		"MAIL_LOCALE", "de", "MAIL_FOOTER", " Lernen GmbH \\n Straße 1\nBerlin ",
		"MAIL_REPLY_TO", "Hilfe <help@example.com>",
		"MAIL_TEMPLATES", "s3://my-bucket/mails/prod/",
	))
	if err != nil {
		t.Fatal(err)
	}
	want := config.MailLook{
		AppName: "Lernen", LogoURL: "https://www.example.com/logo.png", Color: "#ffd43b", Locale: "de",
		Footer: []string{"Lernen GmbH", "Straße 1", "Berlin"}, ReplyTo: `"Hilfe" <help@example.com>`,
	}
	if diff := cmp.Diff(want, got.Look); diff != "" {
		t.Errorf("look of mails (-want +got):\n%s", diff)
	}
	templates := config.MailTemplates{Bucket: "my-bucket", Prefix: "mails/prod/"}
	if diff := cmp.Diff(templates, got.Templates); diff != "" {
		t.Errorf("templates of mails (-want +got):\n%s", diff)
	}
}

func TestValidSettingsOfMailsAreAccepted(t *testing.T) {
	t.Parallel()
	for _, c := range [][]string{
		{"APP_LOGO_URL", "http://localhost:3000/logo.png"},
		{"APP_LOGO_URL", "http://127.0.0.1/logo.png"},
		{"APP_LOGO_URL", "http://[::1]/logo.png"},
		{"MAIL_TEMPLATES", "./mails"},
		{"MAIL_TEMPLATES", "s3://bucket"},
		{"MAIL_LOCALE", "fr", "MAIL_TEMPLATES", "./mails"},
		{"SMTP_URL", "smtp://localhost"},
		{"SITE_URL", "https://" + strings.Repeat("a-long-name-", 6) + "x.example.com"},
	} {
		if _, err := config.LoadMailer(mailerEnvironment(c...)); err != nil {
			t.Errorf("LoadMailer with %q: got %v, want no error", c, err)
		}
	}
}

// Everything that is wrong is in one error, each with the name of its variable.
func TestAllProblemsOfMailsAreReportedTogether(t *testing.T) {
	t.Parallel()
	wrong := map[string][]string{
		"APP_NAME": {"two\nlines", strings.Repeat("x", 65)},
		"APP_LOGO_URL": {
			"http://www.example.com/logo.png", "/logo.png", "data:image/png;base64,AA==", "https://u:p@x.test/l",
		},
		"APP_COLOR":      {"red", "#fff", "#1f6feb;x", "1f6feb"},
		"MAIL_LOCALE":    {"fr", "English", "de_DE", "../de"},
		"MAIL_FOOTER":    {strings.Repeat("x", 1001), "a\x00b"},
		"MAIL_REPLY_TO":  {"support", "a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com"},
		"MAIL_TEMPLATES": {"s3://", "s3:///mails", "s3://UPPER/mails", "https://bucket/mails", "s3://bucket/a?b"},
		"MAIL_FROM":      {"", "no-address"},
		"SMTP_URL":       {"smtp.example.com:587"},
	}
	for i := range 5 {
		var pairs []string
		for name, values := range wrong {
			pairs = append(pairs, name, values[i%len(values)])
		}
		_, err := config.LoadMailer(testEnvironment(pairs...))
		for name, values := range wrong {
			if name == "MAIL_LOCALE" && values[i%len(values)] == "fr" {
				continue // the templates might have it
			}
			if err == nil || !strings.Contains(err.Error(), name+": ") {
				t.Errorf("LoadMailer with %s=%q and others: got %v, want an error that names it",
					name, values[i%len(values)], err)
			}
		}
	}
	if _, err := config.LoadMailer(mailerEnvironment("MAIL_LOCALE", "fr")); err == nil ||
		!strings.Contains(err.Error(), "MAIL_LOCALE: Xenon has no mails in the language fr") {
		t.Errorf("LoadMailer with MAIL_LOCALE=fr and no templates: got %v, want an error that says what is missing", err)
	}
}

func TestSMTPURLHasTwoSchemes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]config.SMTP{
		"smtp://user:pa%40ss%3A@smtp.example.com": {
			Host: "smtp.example.com", Port: 587, User: "user", Password: "pa@ss:",
		},
		"smtp://me%40example.com:x@smtp.example.com:2525/": {
			Host: "smtp.example.com", Port: 2525, User: "me@example.com", Password: "x",
		},
		"smtps://user:x@smtp.example.com": {
			Host: "smtp.example.com", Port: 465, User: "user", Password: "x", ImplicitTLS: true,
		},
		"smtp://127.0.0.1:1025": {Host: "127.0.0.1", Port: 1025},
		"smtp://[::1]:1025":     {Host: "::1", Port: 1025},
	} {
		got, err := config.ParseSMTPURL(config.Secret(in))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("SMTP_URL %s: got %v (-want +got):\n%s", in, err, diff)
		}
		if loopback := want.Host != "smtp.example.com"; got.RequiresTLS() == loopback {
			t.Errorf("SMTP_URL %s: got RequiresTLS %v, want %v", in, got.RequiresTLS(), !loopback)
		}
	}
	for _, in := range []string{
		"http://hunter2@smtp.example.com", "smtp://", "smtp://user@hunter2", "smtp://:hunter2@h", "smtp://user:@hunter2",
		"smtp://h:hunter2", "smtp://u:hunter2@h:0", "smtp://u:hunter2@h:65536", "smtp://u:hunter2@h/path",
		"smtp://u:hunter2@h?x=1", "smtp://u:hunt%er2@h", "smtp.example.com:hunter2",
	} {
		_, err := config.ParseSMTPURL(config.Secret(in))
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("SMTP_URL %s: got %v, want an error without the value", in, err)
		}
	}
	cfg, err := config.LoadMailer(mailerEnvironment("SMTP_URL", "smtps://user:hunter2@smtp.example.com"))
	if err != nil || !cfg.UsesSMTP() || strings.Contains(fmt.Sprintf("%+v %#v", cfg, cfg), "hunter2") {
		t.Errorf("LoadMailer with SMTP_URL: got %+v, %v, want SMTP and no password in the text", cfg, err)
	}
}

// xenon dev needs a sender and a server only if it sends mails.
func TestLocalMailerNeedsAServerOnlyWithSMTP(t *testing.T) {
	t.Parallel()
	if _, err := config.LoadLocalMailer(testEnvironment()); err != nil {
		t.Errorf("LoadLocalMailer without settings: got %v, want no error", err)
	}
	_, err := config.LoadLocalMailer(testEnvironment("MAIL", "smtp"))
	for _, name := range []string{"MAIL_FROM: ", "SMTP_URL: missing"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("LoadLocalMailer with MAIL=smtp only: got %v, want an error with %s", err, name)
		}
	}
	all := mailerEnvironment("MAIL", "smtp", "SMTP_URL", "smtp://localhost:1025")
	if got, err := config.LoadLocalMailer(all); err != nil || got.From != "<a@example.com>" {
		t.Errorf("LoadLocalMailer with MAIL=smtp and its settings: got %v, %v, want no error", got, err)
	}
	const arn = "arn:aws:secretsmanager:eu-west-1:1:secret:app"
	if _, err := config.LoadAPI(testEnvironment("MAIL", "smtp", "APP_SECRET_ARN", arn)); err == nil ||
		!strings.Contains(err.Error(), "MAIL: smtp is for a laptop") {
		t.Errorf("LoadAPI with MAIL=smtp in the cloud: got %v, want an error", err)
	}
	if _, err := config.LoadAPI(testEnvironment("MAIL", "smtp")); err != nil {
		t.Errorf("LoadAPI with MAIL=smtp: got %v, want no error", err)
	}
}
