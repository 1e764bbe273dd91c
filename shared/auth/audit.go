package auth

import (
	"errors"
	"net/http"
	"strings"

	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/web"
)

// auditEvents maps the routes of the audit log, below BasePath, to their events. Requests that a rate limit rejects are
// in the audit log for every route. docs/audit-log.md lists the events.
var auditEvents = map[string]string{
	"/sign-up/email":           "sign-up",
	"/sign-in/email":           "sign-in",
	"/sign-out":                "sign-out",
	"/token":                   "token",
	"/change-password":         "password-change",
	"/verify-password":         "password-check",
	"/request-password-reset":  "password-reset-request",
	"/reset-password/{token}":  "password-reset-link",
	"/reset-password":          "password-reset",
	"/send-verification-email": "email-verification-request",
	"/verify-email":            "email-verification",
	"/change-email":            "email-change",
	"/cancel-email-change":     "email-change-cancel",
	"/delete-user":             "user-delete",
	"/delete-user/callback":    "user-delete-link",
	"/revoke-session":          "session-revoke",
	"/revoke-sessions":         "session-revoke",
	"/revoke-other-sessions":   "session-revoke",
	"/unlink-account":          "account-unlink",
	"/sign-in/social":          "social-sign-in",
	callbackPath:               "social-sign-in-return",
	"/link-social":             "account-link",
	"/get-access-token":        "provider-token",
	"/refresh-token":           "provider-token",
}

// rateLimitEvent is the event of a request that a rate limit rejects on a route without an event.
const rateLimitEvent = "rate-limit"

// Handlers maps method and path to handlers.
type Handlers map[string]limit.Handler

// Routes adds the audit log and the rate limits of its path to each route.
func (s *Service) Routes(all Handlers) web.Routes {
	routes := web.Routes{}
	for route, h := range all {
		_, path, _ := strings.Cut(route, " "+BasePath)
		routes[route] = s.withAudit(auditEvents[path], s.withLimit(path, h))
	}
	return routes
}

// withAudit adds the audit event to the log record of a request. It adds the event before h runs, so a panic is also in
// the audit log.
func (s *Service) withAudit(event string, h web.Handler) web.Handler {
	note := func(r *http.Request, event string) {
		web.Audit(r.Context(), event, s.Limits.Clients.IP(r), r.UserAgent())
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		if event != "" {
			note(r, event)
		}
		err := h(w, r)
		web.NotePoolWaits(r.Context(), s.Store.Waits())
		if event == "" && errors.Is(err, errTooManyRequests) {
			note(r, rateLimitEvent)
		}
		return err
	}
}
