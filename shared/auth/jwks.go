package auth

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/jwks"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

const (
	betterAuthKeysTimeout = time.Second    // for reading Better Auth's keys from Postgres
	betterAuthKeysMaxAge  = 24 * time.Hour // how long keys read earlier are published while they cannot be read again
)

// completeJWKSCacheControl is the Cache-Control of a complete JWKS: a CDN caches it for jwks.MaxCacheAge, like
// verifiers. If the server fails then, the CDN may use the cached JWKS for another day.
var completeJWKSCacheControl = fmt.Sprintf("public, max-age=%d, stale-if-error=86400", int(jwks.MaxCacheAge.Seconds()))

// The Cache-Control of a JWKS that may lack keys of Better Auth, because they could not be read from Postgres.
const (
	staleJWKSCacheControl      = "public, max-age=30, stale-if-error=86400" // if it has the keys that were read last
	incompleteJWKSCacheControl = "no-store"                                 // if it has no keys of Better Auth
)

// betterAuthKeySet has the keys that were read from Better Auth's table jwks, and the time of that read.
type betterAuthKeySet struct {
	keys []keys.JWK
	at   time.Time
}

// jwks answers GET and HEAD /api/auth/jwks and /.well-known/jwks.json.
func (s *Service) jwks(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	published, caching, err := s.publishedKeys(r.Context(), db)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", caching)
	return web.WriteJSONText(w, http.StatusOK, keys.EncodeJWKS(published))
}

// publishedKeys returns Xenon's public keys and, if SHARED_DATABASE is on, those of Better Auth's table jwks. It also
// returns the Cache-Control of the response.
func (s *Service) publishedKeys(
	ctx context.Context, db *store.Store,
) (published []keys.JWK, caching string, err error) {
	published, err = s.Keys.Public(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("read signing keys: %w", err)
	}
	if !s.Options.SharedDatabase {
		return published, completeJWKSCacheControl, nil
	}
	theirs, caching, err := s.betterAuthKeys(ctx, db)
	return append(published, theirs...), caching, err
}

// betterAuthKeys returns the keys of Better Auth's table jwks, and the Cache-Control of the response. If they cannot be
// read within betterAuthKeysTimeout, it returns those that were read last, for up to betterAuthKeysMaxAge. It returns
// an error only if a rate limit rejects the request.
func (s *Service) betterAuthKeys(
	ctx context.Context, db *store.Store,
) (theirs []keys.JWK, caching string, err error) {
	ctx, cancel := context.WithTimeout(ctx, betterAuthKeysTimeout)
	defer cancel()
	rows, err := db.BetterAuthKeys(ctx, s.Now())
	switch {
	case store.IsRateLimitError(err):
		return nil, "", err
	case err != nil:
		web.NoteError(ctx, fmt.Errorf("read Better Auth's keys: %w", err))
		last := s.lastBetterAuthKeys.Load()
		if last == nil || s.Now().Sub(last.at) > betterAuthKeysMaxAge {
			return nil, incompleteJWKSCacheControl, nil
		}
		return last.keys, staleJWKSCacheControl, nil
	}
	for _, row := range rows {
		key, err := keys.ParsePublicJWK(row.ID, row.PublicKey, row.Alg)
		if err != nil {
			web.NoteError(ctx, fmt.Errorf("parse Better Auth's key %s: %w", row.ID, err))
			continue
		}
		theirs = append(theirs, key)
	}
	s.lastBetterAuthKeys.Store(&betterAuthKeySet{theirs, s.Now()})
	return theirs, completeJWKSCacheControl, nil
}
