package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/xenontest"
	"github.com/xenon-auth/xenon/migrations"
)

const webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// The receiver rejects the first webhook, which is sent again.
func TestDevSendsEventsToAWebhook(t *testing.T) {
	t.Parallel()
	received := make(chan string, 100)
	first := true
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var e struct{ Type string }
		if err != nil || json.Unmarshal(body, &e) != nil || r.Header.Get("Webhook-Signature") == "" {
			t.Errorf("webhook: got %s, %v, want a signed event", body, err)
		}
		if first {
			first = false
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		received <- e.Type
	}))
	t.Cleanup(receiver.Close)
	x := xenontest.Start(t, "EVENTS=on", "EVENTS_WEBHOOK_URL="+receiver.URL, "EVENTS_WEBHOOK_SECRET="+webhookSecret)
	answer, err := http.Post(x.URL+"/api/auth/sign-up/email", "application/json", //nolint:noctx // a test
		strings.NewReader(`{"name":"Ada","email":"ada@example.com","password":"correct horse"}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	var got []string
	for len(got) < 3 {
		select {
		case kind := <-received:
			got = append(got, kind)
		case <-time.After(time.Minute):
			t.Fatalf("webhooks within a minute: got %v, want three; xenon dev logged:\n%s", got, x.Log())
		}
	}
	// The order is that in which Postgres runs the parts of the statement of a sign-up.
	if diff := cmp.Diff([]string{"user.created", "session.created", "account.linked"}, got); diff != "" {
		t.Errorf("events of a sign-up (-want +got):\n%s", diff)
	}
	if log := x.Log(); !strings.Contains(log, "the receiver answered 500") {
		t.Errorf("log of xenon dev: got no word about the failure, want one:\n%s", log)
	}
}

// With events off, xenon dev drops the triggers that an earlier start has made.
func TestDevWithoutEventsDropsTheTriggers(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	if _, err := migrations.SwitchEvents(t.Context(), url, "public", true); err != nil {
		t.Fatal(err)
	}
	xenontest.StartWithEnv(t, "DATABASE_URL="+url)
	if has, err := migrations.HasEvents(t.Context(), url, "public"); has || err != nil {
		t.Errorf("triggers of events after xenon dev with EVENTS=off: got %t and the error %v, want none", has, err)
	}
}

func TestDevDoesNotStartWithoutATargetOfEvents(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	for want, env := range map[string][]string{
		"EVENTS: on needs a target":                    nil,
		"EVENTS_WEBHOOK_SECRET: missing":               {"EVENTS_WEBHOOK_URL=https://a.example"},
		"EVENTS_WEBHOOK_SECRET is not of the form":     {"EVENTS_WEBHOOK_URL=https://a.example", "EVENTS_WEBHOOK_SECRET=x"},
		"is not https; http is only for a receiver on": {"EVENTS_WEBHOOK_URL=http://a.example"},
	} {
		_, stop, err := xenontest.StartProcess(t.TempDir(), append(env, "EVENTS=on", "DATABASE_URL="+url)...)
		if err == nil {
			_ = stop()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("xenon dev with EVENTS=on and %v: got the error %v, want one with %q", env, err, want)
		}
	}
}
