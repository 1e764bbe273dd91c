// Package health answers whether this deployment lives and can serve, and where a browser goes after a failed redirect.
package health

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/schema"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// patience is how long the database may take to answer.
const patience = 900 * time.Millisecond

// Service holds what the endpoint needs.
type Service struct {
	Store  *store.Store
	Limits *limit.Limiter
}

// New makes the endpoint on a database, for callers whom limits lets through.
func New(db *store.Store, limits *limit.Limiter) *Service { return &Service{db, limits} }

// errTooMany goes with the header X-Retry-After.
var errTooMany = web.NewError(http.StatusTooManyRequests, "", limit.TooMany)

// Health is what functions/health serves.
func (s *Service) Health() web.Routes {
	health := s.Limits.InMemory("/health", errTooMany, s.health)
	return web.Routes{
		"GET /health":         health,
		"HEAD /health":        health,
		"GET /api/auth/ok":    ok,
		"HEAD /api/auth/ok":   ok,
		"GET /api/auth/error": errorPage,
	}
}

type reply struct {
	Status   string `json:"status"`
	Database string `json:"database"`
}

// health answers GET /health within a second. The reason of a 503 is in the log and not in the answer, which only tells
// a database that does not answer ("disconnected") from one whose tables do not fit ("schema").
func (s *Service) health(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	w.Header().Set("Cache-Control", "no-store")
	err := s.Store.Ready(ctx)
	switch misfit := (*schema.Error)(nil); {
	case errors.As(err, &misfit):
		return &web.Error{
			Status: http.StatusServiceUnavailable, Code: "SCHEMA_MISMATCH",
			Body: reply{"error", "schema"}, Cause: misfit,
		}
	case err != nil:
		return &web.Error{
			Status: http.StatusServiceUnavailable, Code: "DATABASE_DISCONNECTED",
			Body: reply{"error", "disconnected"}, Cause: fmt.Errorf("ask the database: %w", err),
		}
	}
	return web.JSON(w, http.StatusOK, reply{"ok", "connected"})
}
