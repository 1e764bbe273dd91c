package mailer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/smtptest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail"
)

const ownPhrases = `{{define "subject"}}Own subject{{end}}
{{define "opening"}}Own words.{{end}}
{{define "action"}}Go{{end}}
{{define "closing"}}Bye.{{end}}
`

// writeTemplate writes a template into a folder and returns the folder.
func writeTemplate(t *testing.T, name, text string) string {
	t.Helper()
	folder := t.TempDir()
	file := filepath.Join(folder, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestMailerUsesTheTemplatesOfTheFolder(t *testing.T) {
	server := smtptest.Start(t, smtptest.Options{NoTLS: true})
	cfg := smtpSettings(server)
	cfg.Templates.Folder = writeTemplate(t, "en/reset-password.tmpl", ownPhrases)
	failed, err := newMailerWith(t, cfg, 0).Deliver(t.Context(),
		newBatch(t, messageText(t, testMail(mail.ResetPassword)), messageText(t, testMail(mail.VerifyEmail))))
	if got := failedIDs(t, failed, err); got != "" {
		t.Fatalf("failed mails: got %q, want none", got)
	}
	mails := server.Mails()
	if own, builtin := mails[0].Text, mails[1].Text; !strings.Contains(own, "Own words.") ||
		strings.Contains(builtin, "Own words.") {
		t.Errorf("mails with an own template of reset-password: got\n%s\n%s\nwant own words in the first only", own, builtin)
	}
}

// A wrong template stops the start; a mail is never half of it.
func TestMailerDoesNotStartWithAWrongTemplate(t *testing.T) {
	t.Parallel()
	folder := writeTemplate(t, "en/reset-password.tmpl", strings.Replace(ownPhrases, "Own words.", "{{.Nothing}}", 1))
	settings := map[string]string{"MAIL_FROM": senderAddress, "MAIL_TEMPLATES": folder}
	load := Loader(newMailer(t, 0).now)
	_, err := load(func(name string) string { return settings[name] })
	if err == nil || !strings.Contains(err.Error(), "en/reset-password.tmpl:2:22: there is no field .Nothing") {
		t.Errorf("mailer with a wrong template: got %v, want an error that names file and line", err)
	}
	settings["MAIL_TEMPLATES"] = filepath.Join(folder, "none")
	if _, err := load(func(name string) string { return settings[name] }); err == nil ||
		!strings.Contains(err.Error(), "MAIL_TEMPLATES: ") {
		t.Errorf("mailer with a folder that does not exist: got %v, want an error that names MAIL_TEMPLATES", err)
	}
}

func TestKeysOfS3AreEscapedOnce(t *testing.T) {
	t.Parallel()
	b := bucket{aws: config.AWS{
		Region: "eu-central-1", AccessKeyID: "a", SecretAccessKey: "b", StorageEndpoint: "http://s3.test/",
	}, templates: config.MailTemplates{Bucket: "mails", Prefix: "a b/"}, now: newMailer(t, 0).now}
	r, err := b.newRequest(t.Context(), "a b/ü+/layout.html", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.URL.String(), "http://s3.test/mails/a%20b/%C3%BC%2B/layout.html"; got != want {
		t.Errorf("URL of a template in S3: got %s, want %s", got, want)
	}
}
