//go:build moto

package lambda

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/xenon-auth/xenon/conformance/lambda/sandbox"
	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/migrations"
)

// runFunction starts a function and sends the requests of a new visitor to its routes. It adds the measurements to the
// table and the routes to served, and returns the queued mails.
func runFunction(
	t *testing.T,
	d *sandbox.Deployment,
	signup *sandbox.Sandbox,
	folder string,
	to *markdownTable,
	served map[string][]string,
) []string {
	t.Helper()
	v := newVisitor()
	v.signUp(t, signup)
	s := d.Start(folder, sandbox.Build(t, "functions/"+folder), settingsByFunction[folder])
	return sendSteps(t, s, v, d, folder, to, served)
}

// queuedMailsByRoute has, for each route that queues mails for a new user, how many mails it queues.
var queuedMailsByRoute = map[string]int{
	"POST /api/auth/request-password-reset":  1,
	"POST /api/auth/send-verification-email": 1,
	"POST /api/auth/change-email":            2,

	"POST /api/auth/sign-in/magic-link":               1,
	"POST /api/auth/email-otp/send-verification-otp":  1,
	"POST /api/auth/forget-password/email-otp":        1,
	"POST /api/auth/email-otp/request-password-reset": 1,
	"POST /api/auth/two-factor/send-otp":              1,
}

// sendSteps sends the visitor's requests to the routes of a running function, checks each status, and adds the
// measurements to the table and the routes to served. It returns the mails that were queued. The visitor has signed up.
func sendSteps(
	t *testing.T, s *sandbox.Sandbox, v *visitor, d *sandbox.Deployment, folder string, to *markdownTable,
	served map[string][]string,
) (mails []string) {
	t.Helper()
	var requested, answers []string
	for _, step := range stepsByFunction[folder] {
		answer := v.send(s, v.fillPathParameters(step.route), step.query, step.body)
		if answer.StatusCode != step.want {
			t.Errorf("%s: got %d %s, want %d\n%s", step.route, answer.StatusCode, answer.Body, step.want, s.Output())
		}
		for i := range queuedMailsByRoute[step.route] {
			mails = append(mails, d.TakeMail())
			token := tokenInJSON(t, mails[len(mails)-1])
			if len(token) > 6 { // the six digits of a code can be a part of a time in the log
				s.AddSecrets(token)
			}
			if i == 0 || strings.Contains(mails[len(mails)-1], `"email-change-notice"`) {
				v.mail = token
			}
		}
		requested, answers = append(requested, step.route), append(answers, fmt.Sprint(answer.StatusCode))
	}
	if n := len(s.StartTimes()); n != 1 {
		t.Errorf("starts of the process of functions/%s: got %d, want 1", folder, n)
	}
	routes := fmt.Sprintf("%d routes, first %s", len(requested), requested[0])
	if len(requested) == 1 {
		routes = requested[0]
	}
	to.add(folder, s, routes, strings.Join(answers, " "))
	slices.Sort(requested)
	served[folder] = requested
	return mails
}

// tokenInJSON returns the member token of a JSON object: of a queued mail or of a response.
func tokenInJSON(t *testing.T, text string) string {
	t.Helper()
	var m struct{ Token string }
	if err := json.Unmarshal([]byte(text), &m); err != nil || m.Token == "" {
		t.Fatalf("the member token of a queued mail or of a response: got none and the error %v, want a text", err)
	}
	return m.Token
}

func tokenInBody(t *testing.T, answer events.APIGatewayV2HTTPResponse) string {
	t.Helper()
	return tokenInJSON(t, answer.Body)
}

// jwksServer serves the JWKS to functions/profile, as CloudFront does.
type jwksServer struct {
	url  string
	body *string
}

func newJWKSServer(t *testing.T) jwksServer {
	t.Helper()
	body := new(string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, *body) }))
	t.Cleanup(server.Close)
	return jwksServer{url: server.URL, body: body}
}

// sendQueuedMails invokes functions/mailer with the queued mails and with one message that is not a mail. The function
// must send the mails and return only the other message to the queue.
func sendQueuedMails(t *testing.T, d *sandbox.Deployment, mails []string, to *markdownTable) {
	t.Helper()
	s := d.Start("mailer", sandbox.Build(t, "functions/mailer"))
	var e events.SQSEvent
	for i, body := range append(mails, "no mail") {
		e.Records = append(e.Records, events.SQSMessage{MessageId: fmt.Sprint("m", i), Body: body, EventSource: "aws:sqs"})
		if body != "no mail" {
			s.AddSecrets(tokenInJSON(t, body))
		}
	}
	before := d.SentMails()
	want := fmt.Sprintf(`{"batchItemFailures":[{"itemIdentifier":"m%d"}]}`, len(mails))
	if got := string(s.Invoke(e)); got != want {
		t.Errorf("mailer: got %s, want %s\n%s", got, want, s.Output())
	}
	if got := d.SentMails() - before; got != len(mails) || got == 0 {
		t.Errorf("mails that SES accepted: got %d, want %d and at least 1", got, len(mails))
	}
	to.add("mailer", s, fmt.Sprintf("%d mails and an invalid message", len(mails)), "only the invalid one is retried")
}

// runPlanOfImport lets functions/migrate plan an import of twenty users.
func runPlanOfImport(t *testing.T, d *sandbox.Deployment, to *markdownTable) {
	t.Helper()
	from, target := supabasetest.New(t), dbtest.New(t)
	supabasetest.Fill(t, from, 1, 20)
	d.Hidden = append(d.Hidden, from, target)
	secret := fmt.Sprintf(`{"FROM_DATABASE_URL": %q, "TO_DATABASE_URL": %q}`, from, target)
	d.SetValue("MigrateSecretArn", d.Secrets.Create("migrate", secret))
	s := d.Start("migrate", sandbox.Build(t, "functions/migrate"))
	job := s.Invoke(map[string]any{
		"action": "input", "input": map[string]string{"mfa": "hold"}, "execution": map[string]string{"Name": "tuesday"},
	})
	result := s.Invoke(map[string]any{"action": "plan", "job": json.RawMessage(job)})
	var plan struct {
		MayStart bool
		Batches  int
	}
	if err := json.Unmarshal(result, &plan); err != nil || !plan.MayStart || plan.Batches == 0 {
		t.Errorf("functions/migrate, a plan: got %s and the error %v, want a plan that may start with batches\n%s",
			result, err, s.Output())
	}
	to.add("migrate", s, "input and plan, of 20 users", "may start")
}

// sendEvents writes events, invokes functions/relay until it has queued them, and invokes functions/deliver with them
// and with one message that is not an event. The function must send the events to the event bus and return only the
// other message to the queue.
func sendEvents(t *testing.T, d *sandbox.Deployment, database string, to *markdownTable) {
	t.Helper()
	if _, err := migrations.SwitchEvents(t.Context(), database, "public", true); err != nil {
		t.Fatal(err)
	}
	const user = "00000000-0000-4000-8000-0000000000ad"
	dbtest.Exec(t, database, `INSERT INTO "user" (id, name, email, "emailVerified") VALUES ('`+user+`', '', '', false)`)
	dbtest.Exec(t, database, `UPDATE "user" SET "emailVerified" = true WHERE id = '`+user+`'`)
	relay := d.Start("relay", sandbox.Build(t, "functions/relay"))
	const nothing, three = `{"sent":0,"failed":0}`, `{"sent":3,"failed":0}`
	answer := nothing
	for answer == nothing { // an older transaction of another test delays the events
		answer = string(relay.Invoke(map[string]any{"source": "aws.events", "detail-type": "Scheduled Event"}))
	}
	if answer != three {
		t.Errorf("relay: got %s, want %s\n%s", answer, three, relay.Output())
	}
	to.add("relay", relay, "3 events", answer)

	var e events.SQSEvent
	for i, m := range d.Events() {
		e.Records = append(e.Records, events.SQSMessage{
			MessageId: fmt.Sprint("m", i), Body: *m.Body, EventSource: "aws:sqs", Attributes: m.Attributes,
		})
	}
	e.Records = append(e.Records, events.SQSMessage{MessageId: "other", Body: "no event", EventSource: "aws:sqs"})
	const bus = "arn:aws:events:eu-central-1:123456789012:event-bus/default"
	deliver := d.Start("deliver", sandbox.Build(t, "functions/deliver"), map[string]string{"EVENTS_BUS_ARN": bus})
	const want = `{"batchItemFailures":[{"itemIdentifier":"other"}]}`
	if got := string(deliver.Invoke(e)); got != want || len(e.Records) != 4 {
		t.Errorf("deliver with %d messages: got %s, want 4 and %s\n%s", len(e.Records), got, want, deliver.Output())
	}
	to.add("deliver", deliver, "3 events and an invalid message", "only the invalid one is retried")
}
