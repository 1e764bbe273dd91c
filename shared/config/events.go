package config

import (
	"net"
	"net/url"
	"strings"
)

// Events has the settings of events (docs/events.md).
type Events struct {
	On            bool   // EVENTS
	WebhookURL    string // EVENTS_WEBHOOK_URL: where events are sent to, or "" with BusARN
	WebhookSecret Secret // EVENTS_WEBHOOK_SECRET without APP_SECRET_ARN; shared/event/webhook parses it
	BusARN        string // EVENTS_BUS_ARN: the event bus of EventBridge that gets the events, or "" with WebhookURL
	QueueURL      string // EVENTS_QUEUE_URL: the FIFO queue between functions/relay and functions/deliver
}

// LoadRelay reads the settings of functions/relay. In the type API only the database, the queue and AWS are set.
func LoadRelay(getenv func(string) string) (API, error) {
	l := loader{getenv: getenv}
	c := API{
		DatabaseURL:  Secret(getenv("DATABASE_URL")),
		Schema:       l.readSchema(),
		AppSecretARN: l.readSecretARN("APP_SECRET_ARN"),
		Events:       Events{On: true, QueueURL: getenv("EVENTS_QUEUE_URL")},
		AWS:          l.readAWS(),
	}
	if c.AppSecretARN == "" {
		l.checkRequiredDatabaseURL("DATABASE_URL", string(c.DatabaseURL))
	}
	if c.Events.QueueURL == "" {
		l.addProblem("EVENTS_QUEUE_URL", "missing; set it to the URL of the FIFO queue that functions/deliver reads")
	}
	return c, l.err()
}

// LoadDelivery reads the settings of functions/deliver. In the type API only Events, the app secret and AWS are set.
func LoadDelivery(getenv func(string) string) (API, error) {
	l := loader{getenv: getenv}
	c := API{AppSecretARN: l.readSecretARN("APP_SECRET_ARN"), AWS: l.readAWS()}
	c.Events = l.readEventTargets(c.AppSecretARN != "")
	c.Events.On = true
	l.checkEventTarget(c.Events, c.AppSecretARN != "")
	return c, l.err()
}

// readEvents reads the settings of events for the API. A process without an app secret, xenon dev, sends the events
// itself, and so needs a target.
func (l *loader) readEvents(inCloud bool) Events {
	if on := l.readOnOff("EVENTS", false); !on || inCloud {
		return Events{On: on}
	}
	e := l.readEventTargets(false)
	e.On = true
	l.checkEventTarget(e, false)
	return e
}

func (l *loader) readEventTargets(inCloud bool) Events {
	e := Events{
		WebhookURL:    l.getenv("EVENTS_WEBHOOK_URL"),
		WebhookSecret: Secret(l.getenv("EVENTS_WEBHOOK_SECRET")),
		BusARN:        l.getenv("EVENTS_BUS_ARN"),
	}
	if e.WebhookURL != "" {
		l.checkWebhookURL("EVENTS_WEBHOOK_URL", e.WebhookURL, inCloud)
	}
	parts := strings.SplitN(e.BusARN, ":", 6) // arn:partition:events:region:account:event-bus/name
	if e.BusARN != "" && (len(parts) < 6 || parts[0] != "arn" || parts[2] != "events" ||
		!strings.HasPrefix(parts[5], "event-bus/")) {
		l.addProblem("EVENTS_BUS_ARN", "%q is not the ARN of an event bus of EventBridge", e.BusARN)
	}
	return e
}

// checkEventTarget reports events that have no target or two.
func (l *loader) checkEventTarget(e Events, inCloud bool) {
	switch {
	case e.WebhookURL == "" && e.BusARN == "":
		l.addProblem("EVENTS", "on needs a target: set EVENTS_WEBHOOK_URL or EVENTS_BUS_ARN, or EVENTS to off")
	case e.WebhookURL != "" && e.BusARN != "":
		l.addProblem("EVENTS_BUS_ARN", "is set, and EVENTS_WEBHOOK_URL too; set one of them. "+
			"A rule of the event bus can send events to a URL, with an API destination")
	case e.WebhookURL != "" && e.WebhookSecret == "" && !inCloud:
		l.addProblem("EVENTS_WEBHOOK_SECRET", "missing; set it to whsec_ and 24 to 64 random bytes in base64: "+
			`echo "whsec_$(openssl rand -base64 32)"`)
	}
}

// checkWebhookURL accepts https, and for development http to this machine.
func (l *loader) checkWebhookURL(name, v string, inCloud bool) {
	u, err := url.Parse(v)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		l.addProblem(name, "%s is not an https URL", quoteURL(v))
	case u.User != nil:
		l.addProblem(name, "has a user or password; the signature proves to the receiver who sends the events")
	case u.Fragment != "":
		l.addProblem(name, "%s has a fragment, which is never sent", quoteURL(v))
	case u.Scheme == "http" && (inCloud || !isLoopback(u.Hostname())):
		l.addProblem(name, "%s is not https; http is only for a receiver on this machine, in development", quoteURL(v))
	}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
