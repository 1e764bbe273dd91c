package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// LibraryKey is the public half of a row of jwks: a signing key of a TypeScript server that shares the database. We
// never read the private half.
type LibraryKey struct {
	ID        string
	PublicKey string // JSON text of a JWK
	Alg       string // "" when the row has none
	Crv       string
}

// LibraryKeys returns the keys that the library publishes at now: those without an end, and those that ended less than
// its grace period of 30 days ago.
func (s *Store) LibraryKeys(ctx context.Context, now time.Time) ([]LibraryKey, error) {
	return readAll(ctx, s, func(row pgx.Row) (k LibraryKey, err error) {
		err = row.Scan(&k.ID, &k.PublicKey, &k.Alg, &k.Crv)
		return k, err
	}, `
		SELECT id, "publicKey", coalesce(alg, ''), coalesce(crv, '')
		FROM jwks
		WHERE "expiresAt" IS NULL OR "expiresAt" > $1
		ORDER BY "createdAt"`, now.Add(-30*24*time.Hour))
}
