package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// libraryKeysWait bounds the look at the database; libraryKeysAge is how long its last answer is used while there is
// none.
const (
	libraryKeysWait = time.Second
	libraryKeysAge  = 24 * time.Hour
)

// jwksCaching lets a CDN answer for as long as verifiers rely on a key set, and for a day while we are away.
var jwksCaching = fmt.Sprintf("public, max-age=%d, stale-if-error=86400", int(keys.MaxAge.Seconds()))

// How long a key set is cached that may lack a key of Better Auth, because the database did not answer.
const (
	lastKnownCaching  = "public, max-age=30, stale-if-error=86400"
	incompleteCaching = "no-store"
)

// knownLibraryKeys is what Better Auth's table held when it was read last.
type knownLibraryKeys struct {
	keys []keys.JWK
	at   time.Time
}

// jwks answers GET /api/auth/jwks: our public keys and, in a database shared with the library, the library's.
func (s *Service) jwks(w http.ResponseWriter, r *http.Request) error {
	published, err := s.Keys.Public(r.Context())
	if err != nil {
		return fmt.Errorf("read signing keys: %w", err)
	}
	caching := jwksCaching
	if s.Options.SharedDatabase {
		theirs, theirCaching, err := s.libraryKeys(r.Context())
		if err != nil {
			return err
		}
		published, caching = append(published, theirs...), theirCaching
	}
	w.Header().Set("Cache-Control", caching)
	return web.JSON(w, http.StatusOK, struct {
		Keys []keys.JWK `json:"keys"`
	}{published})
}

// libraryKeys are the keys of Better Auth's own table, and how long they may be cached: those that were read last if
// the database does not answer in time. The only error is that of a limit.
func (s *Service) libraryKeys(ctx context.Context) (theirs []keys.JWK, caching string, err error) {
	ctx, cancel := context.WithTimeout(ctx, libraryKeysWait)
	defer cancel()
	rows, err := s.Store.LibraryKeys(ctx, s.Now())
	switch {
	case errors.As(err, new(*store.LimitedError)):
		return nil, "", err
	case err != nil:
		web.NoteError(ctx, fmt.Errorf("read the library's keys: %w", err))
		last := s.lastLibraryKeys.Load()
		if last == nil || s.Now().Sub(last.at) > libraryKeysAge {
			return nil, incompleteCaching, nil
		}
		return last.keys, lastKnownCaching, nil
	}
	for _, row := range rows {
		key, err := keys.ParsePublicJWK(row.ID, row.PublicKey, row.Alg)
		if err != nil {
			web.NoteError(ctx, fmt.Errorf("the library's key %s: %w", row.ID, err))
			continue
		}
		theirs = append(theirs, key)
	}
	s.lastLibraryKeys.Store(&knownLibraryKeys{theirs, s.Now()})
	return theirs, jwksCaching, nil
}
