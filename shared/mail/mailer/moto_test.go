//go:build moto

package mailer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/checkout"
	"github.com/xenon-auth/xenon/internal/testkit/mototest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/mail/content"
)

// These tests use a real moto server. They set environment variables and share the server, so none is parallel.

var moto *mototest.Server

func TestMain(m *testing.M) { mototest.RunMain(m, func(s *mototest.Server) { moto = s }) }

// newSES resets moto and verifies the sender's domain.
func newSES(t *testing.T) aws.Config {
	t.Helper()
	moto.ResetAndConfigure(t)
	cfg := moto.Config(t)
	domain := &sesv2.CreateEmailIdentityInput{EmailIdentity: aws.String("learn.example.com")}
	if _, err := sesv2.NewFromConfig(cfg).CreateEmailIdentity(t.Context(), domain); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func mustRender(t *testing.T, m mail.Message) content.Content {
	t.Helper()
	templates, err := content.New(config.MailLook{}, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := templates.Render(m)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// asStoredBySES returns the mails as moto's SES stores them.
func asStoredBySES(t *testing.T, mails ...mail.Message) []mototest.Mail {
	t.Helper()
	var all []mototest.Mail
	for _, m := range mails {
		c := mustRender(t, m)
		s := mototest.Mail{Source: senderAddress, Subject: c.Subject, Body: c.HTML}
		s.Destinations.ToAddresses = []string{m.To}
		all = append(all, s)
	}
	return all
}

// A mail goes from Send through SQS to SES.
func TestMotoMailGoesFromSendToSES(t *testing.T) {
	cfg := newSES(t)
	client := sqs.NewFromConfig(cfg)
	made, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("mail")})
	if err != nil {
		t.Fatal(err)
	}
	sender := mail.New(config.API{AWS: mototest.AWSSettings(t), Mail: config.MailQueue, MailQueueURL: *made.QueueUrl})
	mails := content.TestMails()
	for _, m := range append([]mail.Message{{Kind: mail.Nothing, To: "nobody@example.com"}}, mails...) {
		if err := sender.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	var bodies []string
	for len(bodies) <= len(mails) {
		got, err := client.ReceiveMessage(t.Context(),
			&sqs.ReceiveMessageInput{QueueUrl: made.QueueUrl, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range got.Messages {
			bodies = append(bodies, *m.Body)
		}
	}
	var failed Failures
	log := captureLog(t, func() { failed, err = newMailer(t, 0).Deliver(t.Context(), newBatch(t, bodies...)) })
	if got := failedIDs(t, failed, err); got != "" {
		t.Errorf("failed mails: got %q, want none\n%s", got, log)
	}
	sorted := func(mails []mototest.Mail) []mototest.Mail {
		return slices.SortedFunc(
			slices.Values(mails),
			func(a, b mototest.Mail) int { return strings.Compare(a.Subject, b.Subject) },
		)
	}
	if diff := cmp.Diff(sorted(moto.Mails(t)), sorted(asStoredBySES(t, mails...))); diff != "" {
		t.Errorf("mails that SES received (-got +want):\n%s", diff)
	}
	for _, secret := range []string{"example.com", "t0k3n", "nobody"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log contains %s:\n%s", secret, log)
		}
	}
}

// mixedBatch returns the bodies of a batch: a valid mail, an invalid body, a mail that SES rejects, and a valid mail.
// It also returns the valid mails alone.
func mixedBatch(t *testing.T, at time.Time) (bodies []string, good []mail.Message) {
	t.Helper()
	first, rejected, last := testMail(mail.VerifyEmail), testMail(mail.ResetPassword), testMail(mail.DeleteAccount)
	first.At, rejected.At, last.At = at, at, at
	rejected.To = "not-a-domain"
	bodies = []string{messageText(t, first), "hunter2", messageText(t, rejected), messageText(t, last)}
	return bodies, []mail.Message{first, last}
}

// Deliver returns only the failed mails as Failures, so that SQS delivers only these again.
func TestMotoFailedMailDoesNotResendOthers(t *testing.T) {
	newSES(t)
	m := newMailer(t, 0)
	bodies, good := mixedBatch(t, m.now())
	var failed Failures
	var err error
	log := captureLog(t, func() { failed, err = m.Deliver(t.Context(), newBatch(t, bodies...)) })
	if got := failedIDs(t, failed, err); got != "bc" {
		t.Errorf("failed mails: got %q, want bc\n%s", got, log)
	}
	for range 2 {
		captureLog(t, func() { failed, err = m.Deliver(t.Context(), newBatch(t, bodies[1], bodies[2])) })
		if got := failedIDs(t, failed, err); got != "ab" {
			t.Errorf("failed mails when SQS delivers the two again: got %q, want ab", got)
		}
	}
	if diff := cmp.Diff(moto.Mails(t), asStoredBySES(t, good...)); diff != "" {
		t.Errorf("mails that SES received (-got +want):\n%s", diff)
	}
	const reason = `"messageId":"c","kind":"reset-password","reason":"SES answered `
	if !strings.Contains(log, reason) || strings.Contains(log, "not-a-domain") || strings.Contains(log, "hunter2") {
		t.Errorf("the log lacks %s, or has content of a mail:\n%s", reason, log)
	}
}

// If the sender is not verified, all mails fail, and the log does not have SES's message, which contains an email.
func TestMotoMailsFailIfTheSenderIsNotVerified(t *testing.T) {
	newSES(t)
	m := newMailerWith(t, config.Mailer{From: "no-reply@elsewhere.example.net"}, 0)
	var failed Failures
	var err error
	log := captureLog(t, func() {
		b := newBatch(t, messageText(t, testMail(mail.VerifyEmail)), messageText(t, testMail(mail.DeleteAccount)))
		failed, err = m.Deliver(t.Context(), b)
	})
	got := failedIDs(t, failed, err)
	if got != "ab" || !strings.Contains(log, `"SES answered MessageRejected`) || strings.Contains(log, "example") {
		t.Errorf("failed mails: got %q, want ab, and MessageRejected without an email in the log:\n%s", got, log)
	}
	if got := moto.Mails(t); len(got) != 0 {
		t.Errorf("SES received %v, want no mail", got)
	}
}

// moto does not store the header Reply-To, so a proxy reads the request.
func TestMotoMailHasTheReplyToOfTheSettings(t *testing.T) {
	newSES(t)
	var asked struct{ ReplyToAddresses []string }
	proxy := httputil.NewSingleHostReverseProxy(moto.URL)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &asked)
		}
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	defer front.Close()
	t.Setenv("AWS_ENDPOINT_URL", front.URL)
	cfg := config.Mailer{From: senderAddress, Look: config.MailLook{ReplyTo: `"Help" <help@example.com>`}}
	failed, err := newMailerWith(t, cfg, 0).Deliver(t.Context(), newBatch(t, messageText(t, testMail(mail.VerifyEmail))))
	if got := failedIDs(t, failed, err); got != "" {
		t.Errorf("failed mails: got %q, want none", got)
	}
	if diff := cmp.Diff([]string{`"Help" <help@example.com>`}, asked.ReplyToAddresses); diff != "" {
		t.Errorf("ReplyToAddresses of the call of SES (-want +got):\n%s", diff)
	}
}

func TestMotoMailsFailIfSESIsUnavailable(t *testing.T) {
	moto.ResetAndConfigure(t)
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1") // no server listens here
	var failed Failures
	var err error
	b := newBatch(t, messageText(t, testMail(mail.VerifyEmail)))
	log := captureLog(t, func() { failed, err = newMailer(t, 0).Deliver(t.Context(), b) })
	got := failedIDs(t, failed, err)
	if got != "a" || !strings.Contains(log, "no answer from SES") || strings.Contains(log, "example.com") {
		t.Errorf("failed mails: got %q, want a, and \"no answer from SES\" without an email in the log:\n%s", got, log)
	}
}

// The function's program handles an event through Lambda's runtime API, in the form that Lambda and SQS use.
func TestMotoFunctionHandlesEvent(t *testing.T) {
	newSES(t)
	bodies, good := mixedBatch(t, time.Now()) // the function uses the real clock
	answer := make(chan string, 1)
	events := make(chan []byte, 1)
	events <- sqsEvent(t, bodies...)
	api := httptest.NewServer(runtimeAPI(events, answer))
	defer api.Close()
	program, err := checkout.BuildFunction("functions/mailer")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = []string{"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(api.URL, "http://"), "MAIL_FROM=" + senderAddress}
	for name, value := range moto.Environment() {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait() // returns an error, because the process is killed
	defer cmd.Process.Kill()
	const failures = `{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"c"}]}`
	if diff := cmp.Diff(<-answer, "/response "+failures); diff != "" {
		t.Errorf("answer of the function (-got +want):\n%s", diff)
	}
	shown := asStoredBySES(t, good...)
	for i := range shown {
		shown[i].Source = `"Xenon" <no-reply@learn.example.com>`
	}
	if diff := cmp.Diff(moto.Mails(t), shown); diff != "" {
		t.Errorf("mails that SES received (-got +want):\n%s", diff)
	}
}

func TestMotoFunctionWithoutSenderDoesNotStart(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "run", "../../../functions/mailer")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "MAIL_FROM: ") {
		t.Errorf("functions/mailer without MAIL_FROM: got %v, want an error that names it:\n%s", err, out)
	}
}

// runtimeAPI returns a handler of Lambda's runtime API that serves the events and passes on the function's answers (AWS
// Lambda Developer Guide, "Using the Lambda runtime API").
func runtimeAPI(events <-chan []byte, answer chan<- string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case e := <-events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "8c1f7a52-0000-4000-8000-000000000001")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
			_, _ = w.Write(e)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/{what}", func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		answer <- "/" + r.PathValue("what") + " " + string(text)
	})
	return mux
}
