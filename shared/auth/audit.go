package auth

import (
	"errors"
	"net/http"
	"strings"

	"github.com/xenon-auth/xenon/shared/web"
)

// events are the routes whose outcome the audit log tells, below basePath. Refusals for coming too often are told of all
// routes.
var events = map[string]string{
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
	"/callback/{provider}":     "social-sign-in-return",
	"/link-social":             "account-link",
	"/get-access-token":        "provider-token",
	"/refresh-token":           "provider-token",
}

// routes puts before every route what all have in common: its limits and its place in the audit log.
func (s *Service) routes(rt web.Routes) web.Routes {
	for route, h := range rt {
		_, path, _ := strings.Cut(route, " "+basePath)
		rt[route] = s.audited(events[path], s.limited(path, h))
	}
	return rt
}

// audited makes the record of a request one of the audit log, before h runs, so that a panic is told of too.
func (s *Service) audited(event string, h web.Handler) web.Handler {
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
			note(r, "rate-limit")
		}
		return err
	}
}
