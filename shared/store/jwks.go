package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// BetterAuthKey is the public half of a row of jwks: a signing key of a Better Auth server on the same database. Xenon
// never reads the private half.
type BetterAuthKey struct {
	ID        string
	PublicKey string // JSON text of a JWK
	Alg       string // "" if the row has none
	Crv       string // "" if the row has none
}

func scanBetterAuthKey(row pgx.CollectableRow) (k BetterAuthKey, err error) {
	err = row.Scan(&k.ID, &k.PublicKey, &k.Alg, &k.Crv)
	return k, err
}

// BetterAuthKeys returns the keys that Better Auth publishes at now: keys that do not expire, and keys that expired
// less than 30 days ago, its grace period.
func (s *Store) BetterAuthKeys(ctx context.Context, now time.Time) ([]BetterAuthKey, error) {
	return readRows(ctx, s, scanBetterAuthKey, `
		SELECT id, "publicKey", coalesce(alg, ''), coalesce(crv, '')
		FROM jwks
		WHERE "expiresAt" IS NULL OR "expiresAt" > $1
		ORDER BY "createdAt"`, now.Add(-30*24*time.Hour))
}
