// Package admin implements the endpoints of Better Auth's plugin admin, one file each, with the paths, bodies, error
// codes and cookies of better-auth 1.7.25, and list-audit-events, which Better Auth does not have. What the endpoints
// do with users is the type Users, which knows no HTTP.
package admin

import (
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/auditlog"
	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// Service has the dependencies of the endpoints.
type Service struct {
	*auth.Service

	auditLog auditlog.Reader
}

// New returns the endpoints of a deployment, which use the dependencies of service and read the audit log.
func New(service *auth.Service, auditLog auditlog.Reader) *Service {
	return &Service{service, auditLog}
}

// AdminRoutes returns the routes of functions/admin.
func (s *Service) AdminRoutes() web.Routes {
	handlers := auth.Handlers{
		"GET /api/auth/admin/get-user":              s.getUser,
		"GET /api/auth/admin/list-users":            s.listUsers,
		"GET /api/auth/admin/list-audit-events":     s.listAuditEvents,
		"POST /api/auth/admin/create-user":          s.CheckedPost(s.createUser),
		"POST /api/auth/admin/update-user":          s.CheckedPost(s.updateUser),
		"POST /api/auth/admin/set-role":             s.CheckedPost(s.setRole),
		"POST /api/auth/admin/ban-user":             s.CheckedPost(s.banUser),
		"POST /api/auth/admin/unban-user":           s.CheckedPost(s.unbanUser),
		"POST /api/auth/admin/list-user-sessions":   s.CheckedPost(s.listUserSessions),
		"POST /api/auth/admin/revoke-user-session":  s.CheckedPost(s.revokeUserSession),
		"POST /api/auth/admin/revoke-user-sessions": s.CheckedPost(s.revokeUserSessions),
		"POST /api/auth/admin/remove-user":          s.CheckedPost(s.removeUser),
		"POST /api/auth/admin/set-user-password":    s.CheckedPost(s.setUserPassword),
		"POST /api/auth/admin/has-permission":       s.CheckedPost(s.hasPermission),
		"POST /api/auth/admin/impersonate-user":     s.CheckedPost(s.impersonateUser),
		"POST /api/auth/admin/stop-impersonating":   s.CheckedPost(s.stopImpersonating),
	}
	if !s.Options.Plugins.Admin {
		for route := range handlers {
			handlers[route] = notFound
		}
	}
	return s.BuildRoutes(handlers)
}

// notFound answers as if the route did not exist, as Better Auth does without the plugin.
var notFound limit.Handler = func(w http.ResponseWriter, _ *http.Request, _ *store.Store) error {
	w.WriteHeader(http.StatusNotFound)
	return nil
}

// requireCaller returns the caller, or errUnauthorized if the client is not signed in. It reads the session, the role
// and the ban of the caller from Postgres, never from the cache cookie.
func (s *Service) requireCaller(w http.ResponseWriter, r *http.Request, db *store.Store) (*session.Caller, error) {
	caller, err := s.RequireSensitiveCaller(w, r, db)
	if err == auth.ErrUnauthorized { //nolint:errorlint // an error with a cause is not equal
		return nil, errUnauthorized
	}
	return caller, err
}

// requireRight is like requireCaller. If the caller does not have the right to the action on the resource, it returns
// the error denied.
func (s *Service) requireRight(
	w http.ResponseWriter, r *http.Request, db *store.Store, resource, action string, denied error,
) (*session.Caller, error) {
	caller, err := s.requireCaller(w, r, db)
	if err != nil {
		return nil, err
	}
	return caller, s.checkRight(caller, resource, action, denied)
}

// checkRight returns the error denied if the caller does not have the right to the action on the resource.
func (s *Service) checkRight(caller *session.Caller, resource, action string, denied error) error {
	if s.isAllowed(caller.User, map[string][]string{resource: {action}}) {
		return nil
	}
	return denied
}

// users returns the operations on users, for a request with the Store db.
func (s *Service) users(db *store.Store) Users { return Users{db, s.Now} }

// userReply is the body of the responses with a user.
type userReply struct {
	User store.User `json:"user"`
}

// successReply is the body of a response that says only that the request has succeeded.
type successReply struct {
	Success bool `json:"success"`
}

// now returns the time with the precision of Better Auth's dates.
func now(clock func() time.Time) time.Time { return clock().Truncate(time.Millisecond) }
