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

// libraryKeysWait bounds the look at the database: the key set is answered without it.
const libraryKeysWait = time.Second

// jwksCaching lets a CDN answer for as long as verifiers rely on a key set, and for a day while we are away.
var jwksCaching = fmt.Sprintf("public, max-age=%d, stale-if-error=86400", int(keys.MaxAge.Seconds()))

// jwks answers GET /api/auth/jwks: our public keys and, in a database shared with the library, the library's.
func (s *Service) jwks(w http.ResponseWriter, r *http.Request) error {
	published, err := s.Keys.Public(r.Context())
	if err != nil {
		return fmt.Errorf("read signing keys: %w", err)
	}
	theirs, err := s.libraryKeys(r.Context())
	if err != nil {
		return err
	}
	published = append(published, theirs...)
	w.Header().Set("Cache-Control", jwksCaching)
	return web.JSON(w, http.StatusOK, struct {
		Keys []keys.JWK `json:"keys"`
	}{published})
}

// libraryKeys are the keys of the library's own table. The only error is that of a limit: an unreadable table is as good as
// an empty one.
func (s *Service) libraryKeys(ctx context.Context) ([]keys.JWK, error) {
	ctx, cancel := context.WithTimeout(ctx, libraryKeysWait)
	defer cancel()
	rows, err := s.Store.LibraryKeys(ctx, s.Now())
	if errors.As(err, new(*store.LimitedError)) {
		return nil, err
	}
	if err != nil {
		web.NoteError(ctx, fmt.Errorf("read the library's keys: %w", err))
		return nil, nil
	}
	var out []keys.JWK
	for _, row := range rows {
		key, err := keys.ParsePublicJWK(row.ID, row.PublicKey, row.Alg)
		if err != nil {
			web.NoteError(ctx, fmt.Errorf("the library's key %s: %w", row.ID, err))
			continue
		}
		out = append(out, key)
	}
	return out, nil
}
