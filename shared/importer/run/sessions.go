package run

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	_ "embed" // sessions.sql
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/bridge"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

//go:embed sessions.sql
var sessionTablesSQL string

// The outcomes of a session, besides the reasons why a session is not imported.
const (
	Bridged     = "bridged"
	SessionKept = "kept"
	SessionGone = "gone"
)

// SessionCounts has the numbers of sessions of the source by outcome.
type SessionCounts struct {
	Read    int64            `json:"read"`    // rows of auth.sessions, counted when the pass read them
	Bridged int64            `json:"bridged"` // ready to be used
	Kept    int64            `json:"kept"`    // used or revoked in the target
	Skipped map[string]int64 `json:"skipped"` // not imported, by reason
	// Gone are rows of the target that were used or revoked, and whose session the source no longer has.
	Gone int64 `json:"gone"`
	// Changed are the sessions that were refreshed, ended or made in the source after the pass, as the last verification
	// found.
	Changed int64 `json:"changed"`
}

// Outcomes returns the number of sessions that have an outcome: Read, if no session is missing.
func (c SessionCounts) Outcomes() int64 {
	n := c.Bridged + c.Kept
	for _, skipped := range c.Skipped {
		n += skipped
	}
	return n
}

// Written returns the number of rows that the target should have, without those that were used or revoked before the
// last pass.
func (c SessionCounts) Written() int64 {
	return c.Bridged + c.Skipped[mapping.SessionKeyEncrypted] + c.Skipped[mapping.SessionKeyUnreadable]
}

// SessionKey returns the key of the digests. Begin and Join have loaded it.
func (e *Env) SessionKey() []byte { return e.sessionKey }

// loadSessionKey derives the key of the digests from the current secret of the deployment. why is not "" if there is
// none, or if it cannot be used.
func (e *Env) loadSessionKey(ctx context.Context) (why string, err error) {
	keys, err := e.readSecret(ctx)
	switch {
	case errors.Is(err, ErrRefused):
		return strings.TrimPrefix(err.Error(), ErrRefused.Error()+": "), nil
	case err != nil:
		return "", err
	case len(keys.Secrets()) == 0:
		return "--sessions computes the digests of sessions with the secret of the deployment: set BETTER_AUTH_SECRET, or " +
			"APP_SECRET_ARN, to what Xenon uses", nil
	}
	e.sessionKey = bridge.Key(keys.Secrets()[0])
	return "", nil
}

// sessionKeyCheck returns a value that is the same for the same key, and does not show it.
func (e *Env) sessionKeyCheck() []byte {
	mac := hmac.New(sha256.New, e.sessionKey)
	mac.Write([]byte("xenon:import:key-check"))
	return mac.Sum(nil)[:8]
}

// prepareSessions returns the reasons why this process cannot import sessions into this target, if the run has
// sessions. It loads the key of the digests.
func (e *Env) prepareSessions(ctx context.Context, m mapping.Mapping) ([]string, error) {
	if !m.Options.Sessions {
		return nil, nil
	}
	refusals := m.SessionRefusals()
	why, err := e.loadSessionKey(ctx)
	if why != "" {
		refusals = append(refusals, why)
	}
	return refusals, err
}

//nolint:gosec // G101: a query
const keyOfAnotherPass = `SELECT EXISTS (
  SELECT FROM supabase_import.session_batch WHERE run = $1 AND key_check <> $2)`

// CheckSessionKey returns an error if the sessions of the run were imported with another secret: every row would
// differ.
func (p *Pass) CheckSessionKey(ctx context.Context, env *Env, dst *pgx.Conn) error {
	var other bool
	if err := dst.QueryRow(ctx, keyOfAnotherPass, p.ID, env.sessionKeyCheck()).Scan(&other); err != nil {
		return fmt.Errorf("compare the secret with that of the last pass: %w", err)
	}
	if other {
		return fmt.Errorf("%w: the secret of the deployment (BETTER_AUTH_SECRET) is not the one with which the sessions "+
			"were imported: use that one, or run another pass if the deployment has a new secret", ErrRefused)
	}
	return nil
}

// withSessionOptions returns the stored options of a run with the given ones about sessions, and whether these are
// other ones.
func withSessionOptions(stored, given mapping.Options) (o mapping.Options, areOther bool) {
	o = stored
	o.Sessions = o.Sessions || given.Sessions
	if given.SessionTimebox != "" {
		o.SessionTimebox = given.SessionTimebox
	}
	if given.SessionInactivity != "" {
		o.SessionInactivity = given.SessionInactivity
	}
	return o, o.Sessions != stored.Sessions || o.SessionTimebox != stored.SessionTimebox ||
		o.SessionInactivity != stored.SessionInactivity
}

// changeSessionOptions changes the options of a run about sessions, if other ones are given. The open pass then imports
// the sessions of all batches.
func (r *Run) changeSessionOptions(ctx context.Context, dst *pgx.Conn, given mapping.Options) error {
	o, areOther := withSessionOptions(r.Plan.Options, given)
	if !areOther {
		return nil
	}
	r.Plan.Options = o
	plan, err := json.Marshal(r.Plan)
	if err != nil {
		return err
	}
	err = pgx.BeginFunc(ctx, dst, func(tx pgx.Tx) error {
		if r.State == Running {
			if _, err := tx.Exec(ctx, reopenBatches, r.ID); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, storePlan, r.ID, string(plan))
		return err
	})
	return Wrap("change the options about sessions", err)
}

// createSessionTables creates the tables of the ledger for sessions, if they do not exist.
func createSessionTables(ctx context.Context, dst *pgx.Conn) error {
	return Wrap("create the ledger of the sessions", Exec(ctx, dst, "BEGIN;\n"+
		"SELECT pg_advisory_xact_lock(hashtextextended('supabase_import', 0));\n"+sessionTablesSQL+"COMMIT"))
}

const (
	hasSessionLedger = "SELECT to_regclass('supabase_import.session') IS NOT NULL"

	sessionCountsQuery = "SELECT outcome, count(*) FROM supabase_import.session WHERE run = $1 GROUP BY 1"

	sessionBatchesQuery = `SELECT coalesce(sum(sessions), 0)::bigint, coalesce(sum(changed), 0)::bigint
FROM supabase_import.session_batch
WHERE run = $1`
)

// HasSessions reports whether the run imports sessions, and has begun to.
func (r *Run) HasSessions(ctx context.Context, dst *pgx.Conn) (exists bool, err error) {
	err = dst.QueryRow(ctx, hasSessionLedger).Scan(&exists)
	return exists && r.Plan.Options.Sessions, Wrap("look for the ledger of the sessions", err)
}

// ReadSessionCounts counts the sessions of a run. The result is nil if the run does not import sessions.
func ReadSessionCounts(ctx context.Context, dst *pgx.Conn, r Run) (*SessionCounts, error) {
	if exists, err := r.HasSessions(ctx, dst); err != nil || !exists {
		return nil, err
	}
	c := SessionCounts{Skipped: map[string]int64{}}
	if err := dst.QueryRow(ctx, sessionBatchesQuery, r.ID).Scan(&c.Read, &c.Changed); err != nil {
		return nil, fmt.Errorf("count the sessions: %w", err)
	}
	err := forEachReason(ctx, dst, sessionCountsQuery, r.ID, func(outcome string, n int64) {
		switch outcome {
		case Bridged:
			c.Bridged = n
		case SessionKept:
			c.Kept = n
		case SessionGone:
			c.Gone = n
		default:
			c.Skipped[outcome] = n
		}
	})
	return &c, Wrap("count the sessions", err)
}

const countWrittenSessions = `SELECT count(*)
FROM "supabaseSession" t
JOIN supabase_import.session l ON l.run = $1 AND l.user_id = t."userId" AND l.id = t.id
WHERE l.outcome NOT IN ('` + SessionKept + `', '` + SessionGone + `')`

// CountWrittenSessions counts the rows of the target that the run wrote and that were not used or revoked before the
// last pass.
func CountWrittenSessions(ctx context.Context, dst *pgx.Conn, id int) (n int64, err error) {
	err = dst.QueryRow(ctx, countWrittenSessions, id).Scan(&n)
	return n, Wrap("count the sessions in the target", err)
}

const storeBridge = `INSERT INTO "supabaseBridge" AS b (id, "lastPassAt", jwks)
VALUES (true, now(), $1::jsonb)
ON CONFLICT (id) DO UPDATE SET "lastPassAt" = excluded."lastPassAt", jwks = coalesce(excluded.jwks, b.jwks)`

// readPublicKeys returns the public keys of the project as a JWKS, or nil if they are not given.
func (e *Env) readPublicKeys(ctx context.Context) (*string, error) {
	if e.PublicKeys == nil {
		return nil, nil
	}
	keys, err := e.PublicKeys(ctx)
	if err != nil || keys == nil {
		return nil, Wrap("read the public keys of the project (SUPABASE_JWKS)", err)
	}
	text := string(keys)
	return &text, nil
}
