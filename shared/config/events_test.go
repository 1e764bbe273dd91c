package config_test

import (
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
)

const (
	webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	busARN        = "arn:aws:events:eu-central-1:123456789012:event-bus/xenon"
)

// want is a part of the error, or "" for none.
func TestEventsNeedOneTarget(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		settings map[string]string
		want     string
	}{
		"off":            {map[string]string{}, ""},
		"off with a URL": {map[string]string{"EVENTS_WEBHOOK_URL": "nonsense"}, ""},
		"another word":   {map[string]string{"EVENTS": "yes"}, `EVENTS: "yes" is not one of off, on`},
		"no target":      {map[string]string{"EVENTS": "on"}, "EVENTS: on needs a target"},
		"both": {
			map[string]string{
				"EVENTS": "on", "EVENTS_WEBHOOK_URL": "https://a.example", "EVENTS_WEBHOOK_SECRET": webhookSecret,
				"EVENTS_BUS_ARN": busARN,
			},
			"set one of them",
		},
		"a URL without a secret": {
			map[string]string{"EVENTS": "on", "EVENTS_WEBHOOK_URL": "https://a.example"}, "EVENTS_WEBHOOK_SECRET: missing",
		},
		"a bus": {map[string]string{"EVENTS": "on", "EVENTS_BUS_ARN": busARN}, ""},
		"another ARN": {
			map[string]string{"EVENTS": "on", "EVENTS_BUS_ARN": "arn:aws:sqs:eu-central-1:123456789012:event-bus/x"},
			"is not the ARN of an event bus",
		},
	} {
		_, err := config.LoadAPI(func(name string) string {
			base := map[string]string{
				"DATABASE_URL": "postgres://127.0.0.1/x", "BETTER_AUTH_SECRET": strings.Repeat("s", 32),
			}
			return base[name] + test.settings[name]
		})
		checkEventProblem(t, name, err, test.want)
	}
}

// checkEventProblem fails the test unless the error has the text want, or unless there is none if want is "".
func checkEventProblem(t *testing.T, name string, err error, want string) {
	t.Helper()
	if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("%s: got the error %v, want one with %q", name, err, want)
	}
}

func TestWebhookURLIsHTTPSOrOnThisMachine(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:app"
	for url, want := range map[string]struct{ dev, cloud string }{
		"https://hooks.example.com/xenon?a=b": {"", ""},
		"https://127.0.0.1:8443/":             {"", ""},
		"http://localhost:4000/hook":          {"", "is not https"},
		"http://127.0.0.1:4000/hook":          {"", "is not https"},
		"http://[::1]:4000/hook":              {"", "is not https"},
		"http://hooks.example.com/":           {"is not https", "is not https"},
		"http://localhost.example.com/":       {"is not https", "is not https"},
		"https://user:hunter2@example.com/":   {"has a user or password", "has a user or password"},
		"https://example.com/#part":           {"has a fragment", "has a fragment"},
		"ftp://example.com/":                  {"is not an https URL", "is not an https URL"},
		"hooks.example.com":                   {"is not an https URL", "is not an https URL"},
		"https:///x":                          {"is not an https URL", "is not an https URL"},
	} {
		for _, cloud := range []string{"", arn} {
			_, err := config.LoadDelivery(func(name string) string {
				return map[string]string{
					"EVENTS_WEBHOOK_URL": url, "EVENTS_WEBHOOK_SECRET": webhookSecret, "APP_SECRET_ARN": cloud,
				}[name]
			})
			problem := want.dev
			if cloud != "" {
				problem = want.cloud
			}
			checkEventProblem(t, url, err, problem)
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: the error shows the password: %v", url, err)
			}
		}
	}
}

func TestRelayNeedsAQueueAndADatabase(t *testing.T) {
	t.Parallel()
	_, err := config.LoadRelay(func(string) string { return "" })
	checkEventProblem(t, "without settings", err, "EVENTS_QUEUE_URL: missing")
	checkEventProblem(t, "without settings", err, "DATABASE_URL: missing")
	got, err := config.LoadRelay(func(name string) string {
		return map[string]string{"DATABASE_URL": "postgres://127.0.0.1/x", "EVENTS_QUEUE_URL": "https://queue"}[name]
	})
	if err != nil || got.Events.QueueURL != "https://queue" || got.Schema != config.DefaultSchema {
		t.Errorf("LoadRelay: got %q, %q and the error %v, want both settings", got.Events.QueueURL, got.Schema, err)
	}
}
