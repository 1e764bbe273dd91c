// Package health implements GET /health, which checks the database, GET /api/auth/ok, which does not, and the redirect
// of GET /api/auth/error.
package health

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/profilefields/declaration"
	"github.com/xenon-auth/xenon/shared/schema"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// healthDatabaseTimeout is how long GET /health waits for the database.
const healthDatabaseTimeout = 900 * time.Millisecond

// Service has the dependencies of the endpoints.
type Service struct {
	Store     *store.Store
	Limits    *limit.Limiter
	StartPage string // the redirect target of GET /api/auth/error: the start page of the site
}

// Load is New, for tables with the fields of the profile in the file that the settings name. Call it before the first
// statement of db.
func Load(cfg config.API, db *store.Store, limits *limit.Limiter) (*Service, error) {
	fields, err := declaration.LoadIf(cfg.Profile, cfg.ProfileFields)
	return New(cfg, db.UseProfileFields(fields), limits), err
}

// New returns a Service that checks db and limits the requests with limits.
func New(cfg config.API, db *store.Store, limits *limit.Limiter) *Service {
	return &Service{db, limits, cfg.Page("/")}
}

// errTooManyRequests is the answer to a request above the rate limit; the limiter adds X-Retry-After.
var errTooManyRequests = web.NewError(http.StatusTooManyRequests, "", limit.TooManyRequestsMessage)

// HealthRoutes returns the routes of functions/health.
func (s *Service) HealthRoutes() web.Routes {
	health := s.Limits.HandleInMemory("/health", errTooManyRequests, s.health)
	return web.Routes{
		"GET /health":         health,
		"HEAD /health":        health,
		"GET /api/auth/ok":    answerOK,
		"HEAD /api/auth/ok":   answerOK,
		"GET /api/auth/error": s.errorPage,
	}
}

type healthReply struct {
	Status   string `json:"status"`
	Database string `json:"database"`
}

// health answers GET /health within a second. The body of a 503 says that the database does not answer ("disconnected")
// or that its tables do not match ("schema"). Only the log has the cause.
func (s *Service) health(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), healthDatabaseTimeout)
	defer cancel()
	w.Header().Set("Cache-Control", "no-store")
	err := s.Store.CheckReady(ctx)
	switch schemaErr := (*schema.Error)(nil); {
	case errors.As(err, &schemaErr):
		return &web.Error{
			Status: http.StatusServiceUnavailable, Code: "SCHEMA_MISMATCH",
			Body: healthReply{"error", "schema"}, Cause: schemaErr,
		}
	case err != nil:
		return &web.Error{
			Status: http.StatusServiceUnavailable, Code: "DATABASE_DISCONNECTED",
			Body: healthReply{"error", "disconnected"}, Cause: fmt.Errorf("query the database: %w", err),
		}
	}
	return web.WriteJSON(w, http.StatusOK, healthReply{"ok", "connected"})
}
