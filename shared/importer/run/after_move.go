package run

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// AfterMove says what has become of the users of a run, of their sessions and of their second factors. It comes from
// the ledger and the target.
type AfterMove struct {
	Users    UsersAfterMove     `json:"users"`
	Sessions *SessionsAfterMove `json:"sessions,omitempty"`      // nil if the run does not import sessions
	Factors  *FactorsAfterMove  `json:"secondFactors,omitempty"` // nil if the run does not copy second factors
}

// UsersAfterMove counts the users of a run who are in the target. A user has signed in if the target has a session of
// the user that was created since the run began, or if one of the user's sessions of Supabase was used. Signing out
// deletes a session, so a user who has signed in and out again does not count.
type UsersAfterMove struct {
	Total    int64 `json:"total"`
	SignedIn int64 `json:"signedIn"`
	// ToSignIn are the others. The four numbers below add up to it: each user counts for the first way to sign in.
	ToSignIn int64 `json:"toSignIn"`
	Password int64 `json:"password"`
	Provider int64 `json:"provider"` // an account at a provider
	Mail     int64 `json:"mail"`     // an email: a mailed link or code, or a reset of the password
	Nothing  int64 `json:"nothing"`  // neither a password nor an account, and the email is a placeholder
	// WithSession counts the users of ToSignIn who have a session of Supabase that can still be used.
	WithSession int64 `json:"withSession"`
}

// SessionsAfterMove counts the sessions that the run has written to the target: Imported is the sum of the others.
type SessionsAfterMove struct {
	Imported int64 `json:"imported"`
	Used     int64 `json:"used"`    // bridged: a sign-in has used it
	Revoked  int64 `json:"revoked"` // unused
	Over     int64 `json:"over"`    // unused, and it has ended by its own end
	Unused   int64 `json:"unused"`  // can still be used
	Deleted  int64 `json:"deleted"` // for example by xenon bridge purge, or with its user
}

// FactorsAfterMove counts the TOTP factors that the source has.
type FactorsAfterMove struct {
	Carried     int64            `json:"carried"`
	Quarantined map[string]int64 `json:"quarantined"` // by reason
}

// Total returns the number of TOTP factors.
func (f FactorsAfterMove) Total() int64 {
	n := f.Carried
	for _, quarantined := range f.Quarantined {
		n += quarantined
	}
	return n
}

// readAfterMove counts in one snapshot of the target. It returns nil for a run that was rolled back. since is the time
// at which the run began.
func readAfterMove(ctx context.Context, dst *pgx.Conn, r Run, since time.Time) (*AfterMove, error) {
	if r.State == RolledBack {
		return nil, nil
	}
	hasSessions, err := r.HasSessions(ctx, dst)
	if err != nil {
		return nil, err
	}
	a := AfterMove{}
	err = pgx.BeginTxFunc(ctx, dst, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly},
		func(pgx.Tx) error {
			// The planner may not know yet how many rows the import has written.
			if err := Exec(ctx, dst, "SET LOCAL enable_nestloop = off"); err != nil {
				return err
			}
			u := &a.Users
			err := dst.QueryRow(ctx, usersAfterMove(hasSessions), r.ID, since).Scan(&u.Total, &u.SignedIn, &u.ToSignIn,
				&u.Password, &u.Provider, &u.Mail, &u.Nothing, &u.WithSession)
			if err != nil {
				return fmt.Errorf("count the users who have signed in: %w", err)
			}
			if hasSessions {
				if a.Sessions, err = readSessionsAfterMove(ctx, dst, r.ID); err != nil {
					return err
				}
			}
			if r.Plan.Options.MFA == mapping.CarryFactors {
				a.Factors, err = readTOTP(ctx, dst, r.ID)
			}
			return err
		})
	return &a, err
}

// isSessionUnused is an SQL condition on a row t of "supabaseSession": a sign-in can still use it.
const isSessionUnused = `(t."usedAt" IS NULL AND t."revokedAt" IS NULL
    AND (t."expiresAt" IS NULL OR t."expiresAt" > now()))`

// usersAfterMove returns a query for the fields of UsersAfterMove in their order. It reads each table once. $1 is the
// run, $2 the time at which it began.
func usersAfterMove(hasSessions bool) string {
	used, unused, join := "false", "false", ""
	if hasSessions {
		used, unused = "coalesce(b.used, false)", "coalesce(b.unused, false)"
		join = `
  LEFT JOIN (
    SELECT t."userId", bool_or(t."usedAt" IS NOT NULL) AS used, bool_or(` + isSessionUnused + `) AS unused
    FROM "supabaseSession" t
    GROUP BY 1
  ) b ON b."userId" = u.id`
	}
	return `SELECT count(*), count(*) FILTER (WHERE signed_in), count(*) FILTER (WHERE NOT signed_in),
  count(*) FILTER (WHERE NOT signed_in AND way = 'password'),
  count(*) FILTER (WHERE NOT signed_in AND way = 'provider'),
  count(*) FILTER (WHERE NOT signed_in AND way = 'mail'),
  count(*) FILTER (WHERE NOT signed_in AND way = 'nothing'),
  count(*) FILTER (WHERE NOT signed_in AND unused)
FROM (
  SELECT s."userId" IS NOT NULL OR ` + used + ` AS signed_in, ` + unused + ` AS unused,
    CASE WHEN a.has_password THEN 'password'
      WHEN a.has_provider THEN 'provider'
      WHEN ` + mapping.IsPlaceholder("u.email") + ` THEN 'nothing'
      ELSE 'mail' END AS way
  FROM supabase_import.ledger l
  JOIN "user" u ON u.id = l.key
  LEFT JOIN (SELECT DISTINCT "userId" FROM session WHERE "createdAt" >= $2) s ON s."userId" = u.id
  LEFT JOIN (
    SELECT "userId", bool_or("providerId" = 'credential' AND password IS NOT NULL) AS has_password,
      bool_or("providerId" <> 'credential') AS has_provider
    FROM account
    GROUP BY 1
  ) a ON a."userId" = u.id` + join + `
  WHERE l.run = $1 AND l.source = 'user' AND l.outcome IN ` + CopiedOutcomes + `
) x`
}

// sessionsAfterMove is a query for the fields of SessionsAfterMove in their order.
const sessionsAfterMove = `SELECT count(*),
  count(*) FILTER (WHERE t."usedAt" IS NOT NULL),
  count(*) FILTER (WHERE t."usedAt" IS NULL AND t."revokedAt" IS NOT NULL),
  count(*) FILTER (WHERE t."usedAt" IS NULL AND t."revokedAt" IS NULL AND t."expiresAt" <= now()),
  count(*) FILTER (WHERE t.id IS NOT NULL AND ` + isSessionUnused + `),
  count(*) FILTER (WHERE t.id IS NULL)
FROM supabase_import.session l
LEFT JOIN "supabaseSession" t ON t.id = l.id AND t."userId" = l.user_id
WHERE l.run = $1 AND (l.written IS NOT NULL OR l.outcome IN ('` + SessionKept + `', '` + SessionGone + `'))`

func readSessionsAfterMove(ctx context.Context, dst *pgx.Conn, id int) (*SessionsAfterMove, error) {
	var s SessionsAfterMove
	err := dst.QueryRow(ctx, sessionsAfterMove, id).
		Scan(&s.Imported, &s.Used, &s.Revoked, &s.Over, &s.Unused, &s.Deleted)
	return &s, Wrap("count the sessions that were used", err)
}

// totpOutcomes is a query for the numbers of TOTP factors by the reason why they are in the quarantine. The reason of
// those that the run has copied or kept is empty. A run copies no other kind of second factor. The query leaves out
// those that were deleted in the source.
const totpOutcomes = `SELECT coalesce(q.reason, ''), count(*)
FROM supabase_import.ledger l
LEFT JOIN LATERAL (
  SELECT q.reason
  FROM supabase_import.quarantine q
  WHERE l.outcome = 'quarantined'
    AND q.run = l.run AND q.user_id = l.user_id AND q.source = l.source AND q.key = l.key
    AND q.field = '' AND q.resolved IS NULL AND q.original->>'factor_type' = 'totp'
  ORDER BY q.last_seen DESC
  LIMIT 1
) q ON true
WHERE l.run = $1 AND l.source = 'factor'
  AND (q.reason IS NOT NULL OR l.outcome IN ` + CopiedOutcomes + ` AND NOT (l.outcome = 'kept' AND l.raw IS NULL))
GROUP BY 1`

func readTOTP(ctx context.Context, dst *pgx.Conn, id int) (*FactorsAfterMove, error) {
	f := FactorsAfterMove{Quarantined: map[string]int64{}}
	err := forEachReason(ctx, dst, totpOutcomes, id, func(reason string, n int64) {
		if reason == "" {
			f.Carried = n
		} else {
			f.Quarantined[reason] = n
		}
	})
	return &f, Wrap("count the TOTP factors", err)
}

// forEachReason calls f for each row of a query that returns a text and a number.
func forEachReason(ctx context.Context, db *pgx.Conn, sql string, id int, f func(reason string, n int64)) error {
	rows, err := db.Query(ctx, sql, id)
	if err != nil {
		return err
	}
	var reason string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&reason, &n}, func() error { f(reason, n); return nil })
	return err
}

// CountTOTP counts the TOTP factors that a run has copied or kept, and those in the quarantine.
func CountTOTP(ctx context.Context, dst *pgx.Conn, id int) (carried, quarantined int64, err error) {
	f, err := readTOTP(ctx, dst, id)
	return f.Carried, f.Total() - f.Carried, err
}
