package auth

import (
	"errors"
	"net/http"
	"strings"

	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/web"
)

// auditEvents maps the routes that are in the audit log to their events. The paths are below BasePath. A request that a
// rate limit rejects is in the audit log even if its route is not here. docs/audit-log.md lists the events.
var auditEvents = map[string]string{
	"/sign-up/email":           "sign-up",
	"/sign-in/email":           "sign-in",
	"/sign-in/supabase":        "supabase_bridge",
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
	"/sign-in/magic-link":      "magic-link-request",
	"/magic-link/verify":       "magic-link-sign-in",

	"/sign-in/email-otp":                "email-code-sign-in",
	"/email-otp/send-verification-otp":  "email-code-request",
	"/email-otp/check-verification-otp": "email-code-check",
	"/email-otp/verify-email":           "email-verification",
	"/email-otp/request-password-reset": "password-reset-request",
	"/forget-password/email-otp":        "password-reset-request",
	"/email-otp/reset-password":         "password-reset",
	"/email-otp/request-email-change":   "email-change",
	"/email-otp/change-email":           "email-change",
	callbackPath:                        "social-sign-in-return",
	"/link-social":                      "account-link",
	"/get-access-token":                 "provider-token",
	"/refresh-token":                    "provider-token",

	"/admin/get-user":             "admin-user-read",
	"/admin/list-users":           "admin-user-list",
	"/admin/list-audit-events":    "admin-audit-read",
	"/admin/create-user":          "admin-user-create",
	"/admin/update-user":          "admin-user-update",
	"/admin/set-role":             "admin-role-change",
	"/admin/ban-user":             "admin-ban",
	"/admin/unban-user":           "admin-unban",
	"/admin/list-user-sessions":   "admin-session-list",
	"/admin/revoke-user-session":  "admin-session-revoke",
	"/admin/revoke-user-sessions": "admin-session-revoke",
	"/admin/remove-user":          "admin-user-delete",
	"/admin/set-user-password":    "admin-password-change",
	"/admin/impersonate-user":     "admin-impersonation",
	"/admin/stop-impersonating":   "admin-impersonation-end",

	"/two-factor/enable":       "two-factor-enable",
	"/two-factor/disable":      "two-factor-disable",
	"/two-factor/get-totp-uri": "two-factor-uri",
	"/two-factor/verify-totp":  "two-factor-check",
	"/two-factor/send-otp":     "two-factor-code-request",
	"/two-factor/verify-otp":   "two-factor-check",

	"/two-factor/generate-backup-codes": "two-factor-backup-codes",
	"/two-factor/verify-backup-code":    "two-factor-check",
}

// rateLimitEvent is the audit event of a request that a rate limit rejects, if its route is not in auditEvents.
const rateLimitEvent = "rate-limit"

// AuditEvent returns the audit event of a path below BasePath, or "" if requests of the path have none.
func AuditEvent(path string) string { return auditEvents[path] }

// Handlers maps routes, such as "POST /api/auth/sign-out", to their handlers.
type Handlers map[string]limit.Handler

// BuildRoutes makes a route of each of the handlers, with the audit event and the rate limits of its path.
func (s *Service) BuildRoutes(handlers Handlers) web.Routes {
	routes := web.Routes{}
	for route, h := range handlers {
		_, path, _ := strings.Cut(route, " ")
		path = strings.TrimPrefix(path, BasePath)
		routes[route] = s.withAuditEvent(auditEvents[path], s.withPathLimit(path, h))
	}
	return routes
}

// withAuditEvent makes h add the audit event to the log record of each request. It does so before it calls h, so that a
// panic of h is also in the audit log. If event is "", only a request that a rate limit rejects gets an event:
// rateLimitEvent.
func (s *Service) withAuditEvent(event string, h web.Handler) web.Handler {
	note := func(r *http.Request, event string) {
		web.Audit(r.Context(), event, s.Limits.Clients.IP(r), r.UserAgent())
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		if event != "" {
			note(r, event)
		}
		err := h(w, r)
		web.NotePoolWaits(r.Context(), s.Store.TakeWaitCount())
		if event == "" && errors.Is(err, errTooManyRequests) {
			note(r, rateLimitEvent)
		}
		return err
	}
}
