// Package profile implements /api/profile: one profile for each user, with the fields that the setting PROFILE_FIELDS
// declares. Without it they are those of a learner. It needs a JWT. ETag and If-Match prevent lost updates.
package profile

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/jwtverify"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/profilefields"
	"github.com/xenon-auth/xenon/shared/profilefields/declaration"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// Service has the dependencies of the endpoints.
type Service struct {
	On       bool // PROFILE
	Fields   profilefields.Fields
	Store    *store.Store
	Verifier *jwtverify.Verifier
	Limits   *limit.Limiter
	Now      func() time.Time
}

// Load is New with the fields in the file that the settings name. Call it before the first statement of db.
func Load(cfg config.API, db *store.Store, limits *limit.Limiter, now func() time.Time) (*Service, error) {
	fields, err := declaration.LoadIf(cfg.Profile, cfg.ProfileFields)
	return New(cfg, db.UseProfileFields(fields), limits, now), err
}

// New returns the endpoints on a database, for JWTs of the issuer and the audience in cfg. The fields of the profile
// are those that db uses, or else those of the shipped declaration.
func New(cfg config.API, db *store.Store, limits *limit.Limiter, now func() time.Time) *Service {
	verifier := jwtverify.MustNew(jwtverify.Options{
		JWKSURL: cfg.JWKSURL, Issuer: cfg.JWTIssuer, Audience: cfg.JWTAudience, Now: now,
	})
	if cfg.Profile && db.ProfileFields() == nil {
		db.UseProfileFields(declaration.Shipped())
	}
	return &Service{
		On: cfg.Profile, Fields: db.ProfileFields(), Store: db, Verifier: verifier, Limits: limits, Now: now,
	}
}

// ProfileRoutes returns the routes of functions/profile. With PROFILE=off they answer like routes that do not exist.
func (s *Service) ProfileRoutes() web.Routes {
	if !s.On {
		return web.Routes{
			"GET /api/profile":  web.AnswerNotFound,
			"POST /api/profile": web.AnswerNotFound,
			"PUT /api/profile":  web.AnswerNotFound,
		}
	}
	return web.Routes{
		"GET /api/profile":  s.withRateLimit(s.withCaller(s.get)),
		"POST /api/profile": s.withRateLimit(s.withCaller(s.create)),
		"PUT /api/profile":  s.withRateLimit(s.withCaller(s.update)),
	}
}

// errorReply is the body of every error of this API.
type errorReply struct {
	Detail    string `json:"detail"`
	ErrorCode string `json:"error_code"`
}

var (
	errNotFound = web.NewError(http.StatusNotFound, "PROFILE_NOT_FOUND",
		"There is no profile yet. Create it with POST.")
	errProfileExists = web.NewError(http.StatusConflict, "PROFILE_ALREADY_EXISTS",
		"There is a profile already. Change it with PUT.")
	errProfileChanged = web.NewError(http.StatusPreconditionFailed, "PROFILE_CHANGED",
		"The profile was changed since you read it. Read it again and repeat your change.")
	errNoToken      = web.NewError(http.StatusUnauthorized, "UNAUTHORIZED", "A bearer token is required")
	errInvalidToken = web.NewError(http.StatusUnauthorized, "INVALID_TOKEN",
		"The token is invalid or has expired, or its session has ended")
	errNoUser        = web.NewError(http.StatusUnauthorized, "USER_NOT_FOUND", "The user of this token no longer exists")
	errRejected      = web.NewError(http.StatusBadRequest, "VALIDATION_ERROR", "The database does not allow these values")
	errBodyNotObject = web.NewError(http.StatusBadRequest, "VALIDATION_ERROR", "The body has to be a JSON object")
)

// errTooManyRequests is the answer to a request above the rate limit; the limiter adds X-Retry-After.
var errTooManyRequests = &web.Error{
	Status: http.StatusTooManyRequests, Code: "TOO_MANY_REQUESTS", Message: limit.TooManyRequestsMessage,
	Body: errorReply{limit.TooManyRequestsMessage, "TOO_MANY_REQUESTS"},
}

// withRateLimit counts the requests by the client's IP address.
func (s *Service) withRateLimit(h limit.Handler) web.Handler {
	return s.Limits.Handle("/api/profile", errTooManyRequests, h)
}

// withCaller calls h with the user and session of the request's valid JWT, and gives errors the form of this API.
func (s *Service) withCaller(
	h func(w http.ResponseWriter, r *http.Request, db *store.Store, caller store.TokenHolder) error,
) limit.Handler {
	return func(w http.ResponseWriter, r *http.Request, db *store.Store) error {
		caller, err := s.callerOfToken(r)
		if err == nil {
			web.NoteUser(r.Context(), caller.UserID)
			err = h(w, r, db, caller)
			web.NotePoolWaits(r.Context(), s.Store.TakeWaitCount())
		}
		if store.IsRateLimitError(err) {
			return err
		}
		return withReplyBody(err)
	}
}

// storeError returns the answer to an error of the store. A banned user gets the same answer as a user whose session
// has ended.
func storeError(operation string, err error) error {
	switch {
	case errors.Is(err, store.ErrOrphan):
		return errNoUser
	case errors.Is(err, store.ErrBanned), errors.Is(err, store.ErrSessionEnded):
		return errInvalidToken
	case errors.Is(err, store.ErrNotFound):
		return errNotFound
	case errors.Is(err, store.ErrDuplicate):
		return errProfileExists
	case errors.Is(err, store.ErrChanged):
		return errProfileChanged
	case errors.Is(err, store.ErrRejected): // by a constraint for another declaration, during a deployment
		return errRejected
	}
	return fmt.Errorf("%s: %w", operation, err)
}

// withReplyBody adds the headers and the body of this API to an error. The body of a 5xx does not contain the cause.
func withReplyBody(err error) error {
	var e *web.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
	case web.IsUnavailable(err):
		e = web.NewError(http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE", "Service temporarily unavailable")
		e.Cause = err
	default:
		e = web.NewError(http.StatusInternalServerError, "INTERNAL_ERROR", "Internal server error")
		e.Cause = err
	}
	formed := *e
	formed.Body = errorReply{e.Message, e.Code}
	formed.Header = http.Header{"Cache-Control": {"no-store"}}
	if e.Status == http.StatusUnauthorized {
		formed.Header.Set("WWW-Authenticate", "Bearer")
	}
	return &formed
}
