// Package profile is /api/profile: what a learner says of themselves, one profile a user, guarded by a JWT and saved
// without ever losing somebody's change.
package profile

import (
	"errors"
	"net/http"

	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// Service holds what the endpoints need.
type Service struct {
	Store    *store.Store
	Verifier *keys.Verifier
	Limits   *limit.Limiter
}

// New makes the endpoints on a database, for callers whose tokens verifier accepts and whom limits lets through.
func New(db *store.Store, verifier *keys.Verifier, limits *limit.Limiter) *Service {
	return &Service{Store: db, Verifier: verifier, Limits: limits}
}

// Profile is what functions/profile serves.
func (s *Service) Profile() web.Routes {
	return web.Routes{
		"GET /api/profile":  s.limited(s.guarded(s.get)),
		"POST /api/profile": s.limited(s.guarded(s.create)),
		"PUT /api/profile":  s.limited(s.guarded(s.update)),
	}
}

// reply is the form of every error of this API.
type reply struct {
	Detail    string `json:"detail"`
	ErrorCode string `json:"error_code"`
}

var (
	errNotFound = web.NewError(http.StatusNotFound, "PROFILE_NOT_FOUND", "There is no profile yet. Create it with POST.")
	errExists   = web.NewError(http.StatusConflict, "PROFILE_ALREADY_EXISTS", "There is a profile already. Change it with PUT.")
	errChanged  = web.NewError(http.StatusPreconditionFailed, "PROFILE_CHANGED",
		"The profile was changed since you read it. Read it again and repeat your change.")
	errNoToken = web.NewError(http.StatusUnauthorized, "UNAUTHORIZED", "A bearer token is required")
	errToken   = web.NewError(http.StatusUnauthorized, "INVALID_TOKEN", "The token is invalid or has expired")
	errNoUser  = web.NewError(http.StatusUnauthorized, "USER_NOT_FOUND", "The user of this token no longer exists")
	errBody    = web.NewError(http.StatusBadRequest, "VALIDATION_ERROR", "The body has to be a JSON object")
)

// errTooMany goes with the header X-Retry-After.
var errTooMany = &web.Error{
	Status: http.StatusTooManyRequests, Code: "TOO_MANY_REQUESTS", Message: limit.TooMany,
	Body: reply{limit.TooMany, "TOO_MANY_REQUESTS"},
}

func (s *Service) limited(h web.Handler) web.Handler {
	return s.Limits.Handle("/api/profile", errTooMany, h)
}

// guarded calls h with the id of the user whose valid token the request carries, and gives errors this API's form.
func (s *Service) guarded(h func(w http.ResponseWriter, r *http.Request, userID string) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Cache-Control", "no-store")
		userID, err := s.caller(r)
		if err == nil {
			web.NoteUser(r.Context(), userID)
			err = h(w, r, userID)
			web.NotePoolWaits(r.Context(), s.Store.Waits())
		} else if !web.Unavailable(err) {
			w.Header().Set("WWW-Authenticate", "Bearer")
		}
		return inForm(err)
	}
}

// inForm gives an error the body of this API. Whatever is nobody's fault but ours says no more than that.
func inForm(err error) error {
	var e *web.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
	case web.Unavailable(err):
		e = &web.Error{Status: http.StatusServiceUnavailable, Code: "SERVICE_UNAVAILABLE", Message: "Service temporarily unavailable", Cause: err}
	default:
		e = &web.Error{Status: http.StatusInternalServerError, Code: "INTERNAL_ERROR", Message: "Internal server error", Cause: err}
	}
	formed := *e
	formed.Body = reply{e.Message, e.Code}
	return &formed
}
