package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/schema"
)

// readiness is what the last check of the tables found.
type readiness struct {
	mu     sync.Mutex
	at     time.Time
	misfit error
}

// checkEvery is how long the result of a check holds.
const checkEvery = time.Minute

// Ready reports whether the database answers and its tables fit. It checks the tables at most once a minute; if they do
// not fit, the error is a *schema.Error.
func (s *Store) Ready(ctx context.Context) error {
	s.ready.mu.Lock()
	defer s.ready.mu.Unlock()
	now := wallClock()
	if age := now.Sub(s.ready.at); age >= 0 && age < checkEvery {
		if _, err := read(ctx, s, scalar[bool], "SELECT true"); err != nil {
			return err
		}
		return s.ready.misfit
	}
	err := s.checkTables(ctx)
	if err == nil || errors.As(err, new(*schema.Error)) {
		s.ready.at, s.ready.misfit = now, err
	}
	return err
}

func (s *Store) checkTables(ctx context.Context) error {
	sql, args := schema.Query(s.schema)
	var misfit error
	err := s.ask(ctx, s.takePending(), &question{sql, args, func(rows pgx.Rows) error {
		err := schema.Compare(rows, schema.AllApplied)
		if errors.As(err, new(*schema.Error)) {
			misfit, err = err, nil
		}
		return err
	}})
	if err != nil {
		return err
	}
	return misfit
}
