package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// BetterAuthKey is the public key in a row of the table jwks: a signing key of a Better Auth server that uses the same
// database. Xenon never reads the private key.
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

// BetterAuthKeys returns the keys that Better Auth publishes at now. Each key is published until 30 days after its
// expiry, and always if it has no expiry.
func (s *Store) BetterAuthKeys(ctx context.Context, now time.Time) ([]BetterAuthKey, error) {
	return readRows(ctx, s, scanBetterAuthKey, `
		SELECT id, "publicKey", coalesce(alg, ''), coalesce(crv, '')
		FROM jwks
		WHERE "expiresAt" IS NULL OR "expiresAt" > $1
		ORDER BY "createdAt"`, now.Add(-30*24*time.Hour))
}
