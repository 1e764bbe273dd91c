package mailer

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/mail/content"
)

// sqsEvent returns a batch as Lambda sends it, with one record for each body and the ids a, b, c …
func sqsEvent(t *testing.T, bodies ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "event.json"))
	if err != nil {
		t.Fatal(err)
	}
	var e struct{ Records []map[string]any }
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	record := e.Records[0]
	e.Records = nil
	for i, body := range bodies {
		copied := map[string]any{}
		for name, value := range record {
			copied[name] = value
		}
		copied["messageId"], copied["body"] = string(rune('a'+i)), body
		e.Records = append(e.Records, copied)
	}
	if text, err = json.Marshal(e); err != nil {
		t.Fatal(err)
	}
	return text
}

func newBatch(t *testing.T, bodies ...string) Batch {
	t.Helper()
	var b Batch
	if err := json.Unmarshal(sqsEvent(t, bodies...), &b); err != nil {
		t.Fatal(err)
	}
	return b
}

func messageText(t *testing.T, m mail.Message) string {
	t.Helper()
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "   "
}

// captureLog runs f and returns what it logged. The tests that use it are not parallel.
func captureLog(t *testing.T, f func()) string {
	t.Helper()
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(before)
	f()
	return log.String()
}

const senderAddress = "Xenon <no-reply@learn.example.com>"

// testMail returns the first test mail of a kind.
func testMail(kind mail.Kind) mail.Message {
	for _, m := range content.TestMails() {
		if m.Kind == kind {
			return m
		}
	}
	panic("no test mail of the kind " + kind)
}

// newMailer returns a Mailer whose clock shows the time of the test mails plus the duration after.
func newMailer(t *testing.T, after time.Duration) *Mailer {
	t.Helper()
	return newMailerWith(t, config.Mailer{From: senderAddress}, after)
}

func newMailerWith(t *testing.T, cfg config.Mailer, after time.Duration) *Mailer {
	t.Helper()
	cfg.AWS = awsSettings(t)
	now := func() time.Time { return testMail(mail.VerifyEmail).At.Add(after) }
	m, err := New(cfg, func(context.Context) (config.Secret, error) { return cfg.SMTPURL, nil }, now)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// awsSettings returns those of the environment, which the tests with moto set, or else those of a server that is down.
func awsSettings(t *testing.T) config.AWS {
	t.Helper()
	cfg, err := config.FromEnv(config.LoadKeySettings)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.AWS.Check() == nil {
		return cfg.AWS
	}
	return config.AWS{
		Region: "eu-central-1", AccessKeyID: "test", SecretAccessKey: "test", MailEndpoint: "http://127.0.0.1:1",
	}
}

// failedIDs returns the message ids in f, which have one letter each, as one text.
func failedIDs(t *testing.T, f Failures, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, item := range f.Items {
		b.WriteString(item.MessageID)
	}
	return b.String()
}

// Deliver handles these mails without making a client of SES.
func TestDeliverHandlesInvalidAndExpiredMailsWithoutSES(t *testing.T) {
	link := testMail(mail.ResetPassword)
	secret := "hunter2"
	malformed := []string{
		"", "null", "[]", "hunter2", `{"kind":"hunter2","to":"hunter2@example.com"}`,
		`{"kind":"reset-password","to":"hunter2@example.com","url":"hunter2"}`,
		`{"kind":"reset-password","to":"hunter2@example.com, b@example.com","url":"https://learn.example.com/hunter2"}`,
		`{"kind":"reset-password","at":"hunter2"}`,
	}
	nothing := []string{
		messageText(t, mail.Message{Kind: mail.Nothing}), messageText(t, mail.Message{Kind: mail.Nothing, To: "hunter2"}),
	}
	m := newMailer(t, time.Hour)
	for _, c := range []struct {
		name   string
		bodies []string
		failed string
		log    []string
	}{
		{"no records", nil, "", nil},
		{"the kind Nothing is dropped", nothing, "", nil},
		{"an invalid message is reported as failed", malformed, "abcdefgh", []string{
			`"messageId":"d","kind":"","reason":"the body is not a mail"`,
			`"messageId":"e","kind":"","reason":"unknown kind"`,
			`"messageId":"f","kind":"reset-password","reason":"the link is not an http or https URL"`,
			`"messageId":"g","kind":"reset-password","reason":"the recipient or the new email is not one plain email"`,
		}},
		{"an expired mail is dropped", []string{messageText(t, link)}, "", []string{
			`"msg":"mail dropped","messageId":"a","kind":"reset-password","reason":"the link has expired"`,
		}},
	} {
		var got Failures
		var err error
		log := captureLog(t, func() { got, err = m.Deliver(t.Context(), newBatch(t, c.bodies...)) })
		if failed := failedIDs(t, got, err); failed != c.failed || m.ses != nil {
			t.Errorf("%s: failed mails %q, client of SES %v; want %q and no client", c.name, failed, m.ses, c.failed)
		}
		for _, line := range c.log {
			if !strings.Contains(log, line) {
				t.Errorf("%s: the log does not contain %s:\n%s", c.name, line, log)
			}
		}
		if c.log == nil && log != "" || strings.Contains(log, secret) || strings.Contains(log, "example.com") {
			t.Errorf("%s: the log has a record although none is expected, or content of a mail:\n%s", c.name, log)
		}
	}
}

// Lambda treats an answer without the member batchItemFailures as a success, so the names must be exact.
func TestFailuresHaveTheFormThatLambdaReads(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(Failures{Items: []Failure{{MessageID: "a"}}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), `{"batchItemFailures":[{"itemIdentifier":"a"}]}`); diff != "" {
		t.Errorf("JSON of Failures (-got +want):\n%s", diff)
	}
}

// If the time is too short, Deliver returns the rest of the batch as failures before Lambda ends the invocation.
func TestDeliverReturnsUnsentMailsBeforeDeadline(t *testing.T) {
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(timeReservedForAnswer/2))
	defer cancel()
	var got Failures
	var err error
	log := captureLog(t, func() {
		b := newBatch(t, messageText(t, testMail(mail.VerifyEmail)), messageText(t, testMail(mail.DeleteAccount)))
		got, err = newMailer(t, 0).Deliver(ctx, b)
	})
	if failed := failedIDs(t, got, err); failed != "ab" || ctx.Err() != nil {
		t.Errorf("too little time for two mails: failed mails %q, context error %v; want ab, before the deadline\n%s",
			failed, ctx.Err(), log)
	}
}

// The clients of the AWS SDK make a function up to 3 MB larger. shared/awsjson calls these services without them.
func TestNoFunctionLinksTheClientsOfTheSDK(t *testing.T) {
	t.Parallel()
	for _, suffix := range []string{"/service/sesv2", "/service/secretsmanager", "/service/sqs"} {
		if got := functionsThatLink(t, suffix); len(got) > 0 {
			t.Errorf("functions that link %s: got %q, want none", suffix, got)
		}
	}
}

// The client of SMTP and the templates would make other functions larger.
func TestOnlyMailerLinksSMTP(t *testing.T) {
	t.Parallel()
	for _, suffix := range []string{"github.com/wneessen/go-mail", "/shared/mail/content"} {
		if diff := cmp.Diff(functionsThatLink(t, suffix), []string{"mailer"}); diff != "" {
			t.Errorf("functions that link %s (-got +want):\n%s", suffix, diff)
		}
	}
}

// functionsThatLink returns the folders of the functions that link a package.
func functionsThatLink(t *testing.T, suffix string) (linked []string) {
	t.Helper()
	const format = `{{.ImportPath}} {{join .Deps " "}}`
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", format, "../../../functions/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for function := range strings.Lines(string(out)) {
		packages := strings.Fields(function)
		for _, p := range packages[1:] {
			if strings.HasSuffix(p, suffix) {
				linked = append(linked, path.Base(packages[0]))
			}
		}
	}
	return linked
}
