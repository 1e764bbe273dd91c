package mailer

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/smtptest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail"
)

// smtpSettings returns settings that send through the server. Without TLS, because it is on this computer.
func smtpSettings(server *smtptest.Server) config.Mailer {
	u := url.URL{Scheme: "smtp", Host: server.Addr, User: url.UserPassword(smtptest.User, smtptest.Password)}
	return config.Mailer{From: senderAddress, SMTPURL: config.Secret(u.String())}
}

func mailTo(t *testing.T, to string) string {
	t.Helper()
	m := testMail(mail.ResetPassword)
	m.To = to
	return messageText(t, m)
}

// With SMTP_URL, a refused mail stays in the queue as with SES, whether the server refuses it for now or for good. The
// others of the batch are sent once, on one connection. A mail that the server refused for now is sent later.
func TestDeliverSendsBySMTPAndRetriesRefusedMails(t *testing.T) {
	server := smtptest.Start(t, smtptest.Options{NoTLS: true})
	code := map[string]int{"later@example.com": 451, "never@example.com": 550}
	server.Refuse(func(to string) error {
		if code[to] != 0 {
			return smtptest.Answer(code[to], to)
		}
		return nil
	})
	m := newMailerWith(t, smtpSettings(server), 0)
	var failed Failures
	var err error
	log := captureLog(t, func() {
		failed, err = m.Deliver(t.Context(), newBatch(t, mailTo(t, "ada@example.com"), mailTo(t, "later@example.com"),
			"hunter2", mailTo(t, "never@example.com"), mailTo(t, "bob@example.com")))
	})
	if got := failedIDs(t, failed, err); got != "bcd" {
		t.Errorf("failed mails: got %q, want bcd\n%s", got, log)
	}
	for _, want := range []string{
		`"messageId":"b","kind":"reset-password",` +
			`"reason":"the SMTP server answered 451 4.1.1, which refuses the mail for now"`,
		`"messageId":"d","kind":"reset-password",` +
			`"reason":"the SMTP server answered 550 5.1.1, which refuses the mail for good"`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s:\n%s", want, log)
		}
	}
	for _, secret := range []string{"example.com", "t0k3n", "hunter2", "battery"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log contains %s:\n%s", secret, log)
		}
	}
	if got := server.Connections(); got != 1 {
		t.Errorf("connections for the batch: got %d, want 1", got)
	}
	delete(code, "later@example.com")
	log = captureLog(t, func() {
		failed, err = m.Deliver(t.Context(), newBatch(t, mailTo(t, "later@example.com"), mailTo(t, "never@example.com")))
	})
	if got := failedIDs(t, failed, err); got != "b" {
		t.Errorf("failed mails when SQS delivers the two again: got %q, want b\n%s", got, log)
	}
	var sent []string
	for _, m := range server.Mails() {
		sent = append(sent, m.To...)
	}
	if diff := cmp.Diff([]string{"ada@example.com", "bob@example.com", "later@example.com"}, sent); diff != "" {
		t.Errorf("recipients of the mails that arrived (-want +got):\n%s", diff)
	}
}

func fixedURL(serverURL config.Secret) func(context.Context) (config.Secret, error) {
	return func(context.Context) (config.Secret, error) { return serverURL, nil }
}

// A batch does not ask a server that cannot be used for every mail, and all mails stay in the queue.
func TestDeliverKeepsAllMailsIfTheSMTPServerCannotBeUsed(t *testing.T) {
	server := smtptest.Start(t, smtptest.Options{NoTLS: true})
	cfg := smtpSettings(server)
	cfg.SMTPURL = config.Secret(strings.Replace(string(cfg.SMTPURL), "battery", "wrong", 1))
	m := newMailerWith(t, cfg, 0)
	var failed Failures
	var err error
	log := captureLog(t, func() {
		failed, err = m.Deliver(t.Context(), newBatch(t, mailTo(t, "ada@example.com"), mailTo(t, "bob@example.com")))
	})
	if got := failedIDs(t, failed, err); got != "ab" || strings.Count(log, "the SMTP server answered 535") != 2 {
		t.Errorf("failed mails with a wrong password: got %q, want ab and the reason of each\n%s", got, log)
	}
	if got := server.Users(); len(got) != 1 {
		t.Errorf("sign-ins of the batch: got %v, want one", got)
	}
	if strings.Contains(log, "wrong/") || strings.Contains(log, "example.com") {
		t.Errorf("the log contains the password or an email:\n%s", log)
	}
}

// The function uses a new SMTP_URL of the app secret without a restart.
func TestMailerUsesANewSMTPURL(t *testing.T) {
	first, second := smtptest.Start(t, smtptest.Options{NoTLS: true}), smtptest.Start(t, smtptest.Options{NoTLS: true})
	m := newMailerWith(t, smtpSettings(first), 0)
	for i, server := range []*smtptest.Server{first, second, second} {
		m.smtpURL = fixedURL(smtpSettings(server).SMTPURL)
		failed, err := m.Deliver(t.Context(), newBatch(t, mailTo(t, fmt.Sprintf("ada@%d.example.com", i))))
		if got := failedIDs(t, failed, err); got != "" {
			t.Errorf("failed mails: got %q, want none", got)
		}
	}
	if a, b := len(first.Mails()), len(second.Mails()); a != 1 || b != 2 {
		t.Errorf("mails of the servers: got %d and %d, want 1 and 2", a, b)
	}
}
