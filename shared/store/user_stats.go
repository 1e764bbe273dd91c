package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Recent has numbers of the last day, the last 7 and the last 30 days.
type Recent struct {
	Day        int64 `json:"day"`
	SevenDays  int64 `json:"sevenDays"`
	ThirtyDays int64 `json:"thirtyDays"`
}

// UserStats has numbers of users, sessions and accounts.
type UserStats struct {
	Users           int64  `json:"users"`
	Verified        int64  `json:"verified"`
	WithTwoFactor   int64  `json:"withTwoFactor"`
	Banned          int64  `json:"banned"`
	SignUps         Recent `json:"signUps"`
	SessionsLive    int64  `json:"sessionsLive"`
	SessionsStarted Recent `json:"sessionsStarted"` // of the sessions that are still stored, without impersonations

	AccountsByProvider map[string]int64 `json:"accountsByProvider"`
}

// UserStats counts users, sessions and accounts at the time now. It reads the three tables once, in one statement.
func (s *Store) UserStats(ctx context.Context, now time.Time) (UserStats, error) {
	return readRow(ctx, s, func(row pgx.CollectableRow) (n UserStats, err error) {
		err = row.Scan(&n.Users, &n.Verified, &n.WithTwoFactor, &n.Banned,
			&n.SignUps.Day, &n.SignUps.SevenDays, &n.SignUps.ThirtyDays,
			&n.SessionsLive, &n.SessionsStarted.Day, &n.SessionsStarted.SevenDays, &n.SessionsStarted.ThirtyDays,
			&n.AccountsByProvider)
		return n, err
	}, `
		WITH user_counts AS (
			SELECT count(*),
			       count(*) FILTER (WHERE u."emailVerified"),
			       count(*) FILTER (WHERE u."twoFactorEnabled"),
			       count(*) FILTER (WHERE `+isUserBannedSQL+`),
			       count(*) FILTER (WHERE u."createdAt" > $1),
			       count(*) FILTER (WHERE u."createdAt" > $3),
			       count(*) FILTER (WHERE u."createdAt" > $4)
			FROM "user" u
		), session_counts AS (
			SELECT count(*) FILTER (WHERE s."expiresAt" > $2),
			       count(*) FILTER (WHERE s."createdAt" > $1 AND s."impersonatedBy" IS NULL),
			       count(*) FILTER (WHERE s."createdAt" > $3 AND s."impersonatedBy" IS NULL),
			       count(*) FILTER (WHERE s."createdAt" > $4 AND s."impersonatedBy" IS NULL)
			FROM session s
		), provider_counts AS (
			SELECT a."providerId" AS provider, count(*) AS accounts FROM account a GROUP BY 1
		)
		SELECT user_counts.*, session_counts.*,
		       coalesce((SELECT jsonb_object_agg(provider, accounts) FROM provider_counts), '{}')
		FROM user_counts, session_counts`,
		now.AddDate(0, 0, -1), now, now.AddDate(0, 0, -7), now.AddDate(0, 0, -30))
}
