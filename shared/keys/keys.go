// Package keys issues JWTs: it loads the key set of a deployment, signs with it, publishes its public keys and rotates
// it. Package jwtverify verifies the JWTs.
//
// A key set has three kinds of keys: the next key is published and does not sign yet, the current key signs, and
// retired keys stay published until every token they signed has expired. A rotation retires the current key, makes the
// next key the current one and generates a new next key, so that verifiers know a key before its first token and
// until its last token expires.
package keys

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/xenon-auth/xenon/shared/cache"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/secrets"
)

// Keys signs with the deployment's key set and publishes its public keys. It is safe for concurrent use; use one per
// process. It never generates keys: the error for a deployment without keys says how to generate them.
type Keys struct {
	secrets  *secrets.Secrets
	issuer   string
	audience string // the JSON of aud
	lifetime time.Duration
	now      func() time.Time
	tokens   *cache.Cache[string, issuedToken] // by session id

	mu   sync.Mutex // guards the fields below
	text []byte     // the document that was read last
	set  *Set       // the set of the last valid document
	err  error      // why text is not valid, or nil
}

// New returns the Keys of a deployment. It makes no request; the first call of a method reads the key set.
func New(s *secrets.Secrets, cfg config.API, now func() time.Time) *Keys {
	return &Keys{
		secrets:  s,
		issuer:   cfg.JWTIssuer,
		audience: audience(cfg),
		lifetime: cfg.JWTExpiresIn,
		tokens:   cache.New[string, issuedToken](maxCachedTokens),

		// Round removes the monotonic clock reading, which might not advance while Lambda freezes the process.
		now: func() time.Time { return now().Round(0) },
	}
}

// audience returns the JSON of the claim aud. With the claims of Supabase it is a list with the audience of Supabase's
// tokens, which clients and gateways of Supabase require.
func audience(cfg config.API) string {
	const ofSupabase = "authenticated"
	text := string(encodeJSONString(cfg.JWTAudience))
	switch {
	case cfg.JWTClaims != config.SupabaseClaims:
		return text
	case cfg.JWTAudience == ofSupabase:
		return "[" + text + "]"
	}
	return "[" + text + `,"` + ofSupabase + `"]`
}

// Public returns the public keys that the deployment publishes now.
func (k *Keys) Public(ctx context.Context) ([]JWK, error) {
	set, err := k.loadSet(ctx)
	if err != nil {
		return nil, err
	}
	return set.Public(k.now()), nil
}

// LoadKeySet reads the key set that the settings name, for a command.
func LoadKeySet(ctx context.Context, cfg config.Keys) (Set, error) {
	text, err := secrets.ReadSigningKeys(ctx, cfg)
	if err != nil {
		return Set{}, fmt.Errorf("load signing keys: %w", err)
	}
	set, err := ParseSet(text)
	if err != nil {
		return Set{}, fmt.Errorf("load signing keys: %w", err)
	}
	return set, nil
}

// loadSet returns the key set. It parses each document once. If a document is not valid, loadSet returns the last valid
// set, logs one warning, and has the document read again as soon as package secrets allows.
func (k *Keys) loadSet(ctx context.Context) (*Set, error) {
	text, err := k.secrets.SigningKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("load signing keys: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.text == nil || !bytes.Equal(text, k.text) {
		k.parse(ctx, text)
	}
	if k.err != nil {
		k.secrets.Invalidate()
	}
	if k.set == nil {
		return nil, fmt.Errorf("load signing keys: %w", k.err)
	}
	return k.set, nil
}

func (k *Keys) parse(ctx context.Context, text []byte) {
	set, err := ParseSet(text)
	k.text, k.err = text, err
	switch {
	case err == nil:
		k.set = &set
	case k.set != nil:
		slog.WarnContext(ctx, "the new key set is not valid, the last valid one stays in use", "error", err)
	}
}
