package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/schema"
)

// tableCheckResult is the result of the last check of the tables: schemaErr is nil if they matched.
type tableCheckResult struct {
	mu        sync.Mutex
	at        time.Time
	schemaErr error
}

// tableCheckInterval is how long CheckReady uses the result of a check of the tables.
const tableCheckInterval = time.Minute

// CheckReady returns nil if the database answers and its tables match. It uses the result of a check of the tables for
// a minute. If the tables do not match, the error is a *schema.Error.
func (s *Store) CheckReady(ctx context.Context) error {
	s.tableCheck.mu.Lock()
	defer s.tableCheck.mu.Unlock()
	now := wallClock()
	if age := now.Sub(s.tableCheck.at); age >= 0 && age < tableCheckInterval {
		if _, err := readRow(ctx, s, pgx.RowTo[bool], "SELECT true"); err != nil {
			return err
		}
		return s.tableCheck.schemaErr
	}
	err := s.checkTables(ctx)
	if err == nil || errors.As(err, new(*schema.Error)) {
		s.tableCheck.at, s.tableCheck.schemaErr = now, err
	}
	return err
}

// checkTables reads the catalog of the database. It returns a *schema.Error if the tables do not match.
func (s *Store) checkTables(ctx context.Context) error {
	sql, args := schema.CatalogQuery(s.schema)
	var schemaErr error
	err := s.readWithCharges(ctx, s.takePending(), &query{sql: sql, args: args, scan: func(rows pgx.Rows) error {
		err := schema.CompareTables(rows, schema.AllMigrationsApplied, s.ProfileFields(), s.custom.columns()...)
		if errors.As(err, new(*schema.Error)) {
			schemaErr, err = err, nil
		}
		return err
	}})
	if err == nil && schemaErr == nil && s.events {
		err = s.checkEventTriggers(ctx)
	}
	if err != nil {
		return err
	}
	return schemaErr
}

// UseEvents makes CheckReady return a *schema.Error if the triggers that write events are missing. Call it before the
// first statement.
func (s *Store) UseEvents(on bool) *Store {
	s.events = on
	return s
}

func (s *Store) checkEventTriggers(ctx context.Context) error {
	sql, args := schema.EventTriggersQuery(s.schema)
	return s.readWithCharges(ctx, nil, &query{sql: sql, args: args, scan: schema.CompareEventTriggers})
}
