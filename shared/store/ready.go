package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/schema"
)

// readiness is the result of the last check of the tables.
type readiness struct {
	mu        sync.Mutex
	at        time.Time
	schemaErr error
}

// checkEvery is how long the result of a check is used.
const checkEvery = time.Minute

// Ready returns nil if the database answers and its tables match. It checks the tables at most once a minute. If they
// do not match, the error is a *schema.Error.
func (s *Store) Ready(ctx context.Context) error {
	s.readiness.mu.Lock()
	defer s.readiness.mu.Unlock()
	now := wallClock()
	if age := now.Sub(s.readiness.at); age >= 0 && age < checkEvery {
		if _, err := readRow(ctx, s, pgx.RowTo[bool], "SELECT true"); err != nil {
			return err
		}
		return s.readiness.schemaErr
	}
	err := s.checkTables(ctx)
	if err == nil || errors.As(err, new(*schema.Error)) {
		s.readiness.at, s.readiness.schemaErr = now, err
	}
	return err
}

func (s *Store) checkTables(ctx context.Context) error {
	sql, args := schema.Query(s.schema)
	var schemaErr error
	err := s.read(ctx, s.takePending(), &query{sql, args, func(rows pgx.Rows) error {
		err := schema.Compare(rows, schema.AllApplied)
		if errors.As(err, new(*schema.Error)) {
			schemaErr, err = err, nil
		}
		return err
	}})
	if err != nil {
		return err
	}
	return schemaErr
}
