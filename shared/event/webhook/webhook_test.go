package webhook

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/xenon-auth/xenon/shared/event"
)

const (
	oldSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	newSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
)

var created = event.Event{
	ID: "00000000-0000-4000-8000-000000000001", Type: "user.created", UserID: "u",
	Body: []byte(`{"id":"00000000-0000-4000-8000-000000000001","type":"user.created","data":{"name":"Zoë & <b>"}}`),
}

// newSender returns a Sender to a server with the handler, below the path /hidden-path.
func newSender(t *testing.T, secret string, handler http.HandlerFunc) *Sender {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return New(server.URL+"/hidden-path?key=hidden-key", fixed(secret), time.Now)
}

func fixed(secret string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return secret, nil }
}

// The receiver uses the Go module of Standard Webhooks. During a change of the secret both secrets verify.
func TestReceiverVerifiesTheSignature(t *testing.T) {
	t.Parallel()
	for secrets, accepted := range map[string][]string{
		oldSecret:                   {oldSecret},
		newSecret:                   {newSecret},
		newSecret + " " + oldSecret: {newSecret, oldSecret},
	} {
		for _, receiver := range []string{oldSecret, newSecret} {
			verifier, err := standardwebhooks.NewWebhook(receiver)
			if err != nil {
				t.Fatal(err)
			}
			s := newSender(t, secrets, func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil || string(body) != string(created.Body) || r.Method != http.MethodPost ||
					r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Webhook-Id") != created.ID {
					t.Errorf("request: got %s %q with %q and id %q, %v; want a POST of the event", r.Method, body,
						r.Header.Get("Content-Type"), r.Header.Get("Webhook-Id"), err)
				}
				if verifier.Verify(body, r.Header) != nil {
					w.WriteHeader(http.StatusUnauthorized)
				}
			})
			err = s.Send(t.Context(), created)
			if want := strings.Contains(strings.Join(accepted, " "), receiver); (err == nil) != want {
				t.Errorf("a receiver with %s of a webhook signed with %s: got the error %v, want that it verifies: %t",
					receiver, secrets, err, want)
			}
		}
	}
}

// want is a part of the advice, or "" for success.
func TestEveryOtherStatusThan2xxIsAnErrorWithAdvice(t *testing.T) {
	t.Parallel()
	var followed atomic.Int32
	for status, want := range map[int]string{
		200: "", 202: "", 204: "",
		301: "EVENTS_WEBHOOK_URL", 302: "not followed", 304: "not followed", 307: "not followed", 308: "not followed",
		400: "rejects the event", 401: "signature", 403: "signature", 404: "path", 410: "no more events", 413: "rejects",
		429: "later", 500: "its log", 503: "its log",
	} {
		s := newSender(t, oldSecret, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/hidden-path" {
				followed.Add(1)
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "hidden answer")
		})
		err := s.Send(t.Context(), created)
		checkError(t, err, want)
	}
	if n := followed.Load(); n != 0 {
		t.Errorf("followed redirects: got %d, want none", n)
	}
}

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("Send: got the error %v, want one with %q", err, want)
	}
	if err != nil && (strings.Contains(err.Error(), "hidden") || strings.Contains(err.Error(), "whsec_")) {
		t.Errorf("the error shows the URL, the answer or a secret: %v", err)
	}
}

func TestSlowReceiverIsAnErrorWithAdvice(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	s := newSender(t, oldSecret, func(http.ResponseWriter, *http.Request) { <-done })
	t.Cleanup(func() { close(done) }) // before the server is closed
	if s.client.Timeout != 10*time.Second {
		t.Errorf("time limit: got %v, want 10 s", s.client.Timeout)
	}
	s.client.Timeout = 50 * time.Millisecond
	checkError(t, s.Send(t.Context(), created), "did not answer within")
}

func TestReceiverThatIsDownIsAnErrorWithoutTheURL(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	s := New(server.URL+"/hidden-path", fixed(oldSecret), time.Now)
	checkError(t, s.Send(t.Context(), created), "did not answer: dial tcp")
}

// The receiver answers 200 and then writes for ever.
func TestLongAnswerIsNotRead(t *testing.T) {
	t.Parallel()
	s := newSender(t, oldSecret, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	})
	checkError(t, s.Send(t.Context(), created), "")
}

// Each secret has 24 to 64 bytes. The errors do not quote it.
func TestParseSecretsNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		oldSecret: "",
		"  " + newSecret + "  " + oldSecret + " ": "",
		"":                                    "is missing",
		" ":                                   "is missing",
		"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw":    "not of the form",
		"whsec_hunter2!":                      "not of the form",
		"whsec_c2hvcnQ=":                      "has 5 bytes, want 24 to 64",
		"whsec_" + strings.Repeat("AAAA", 22): "has 66 bytes",
		oldSecret + " " + newSecret + " " + oldSecret: "has 3 secrets",
		oldSecret + "," + newSecret:                   "not of the form",
	} {
		secrets, err := ParseSecrets(text)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("ParseSecrets(%q): got the error %v, want one with %q", text, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "MfKQ")) {
			t.Errorf("the error shows a secret: %v", err)
		}
		if err == nil && len(secrets) != len(strings.Fields(text)) {
			t.Errorf("ParseSecrets(%q): got %d secrets, want %d", text, len(secrets), len(strings.Fields(text)))
		}
	}
}
