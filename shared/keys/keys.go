// Package keys looks after the signing keys: it loads, signs, publishes, rotates and verifies.
//
// A deployment has one key set: next is published and does not sign yet, current signs, retired keys stay published until
// every token they signed is dead. A rotation moves each key one place on, so that a key is known everywhere before its
// first token and as long as its last one lives.
package keys

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/secrets"
)

// MaxAge is how long others may keep the JWKS, and how long a Verifier does.
const MaxAge = 5 * time.Minute

// Keys signs with the deployment's key set and publishes it. It is safe for concurrent use; make one per process. Keys are
// never made here: a deployment without any gets an error that says how to make them.
type Keys struct {
	secrets  *secrets.Secrets
	issuer   string
	audience string
	lifetime time.Duration
	now      func() time.Time
	tokens   cache[string, issued] // by session id

	mu   sync.Mutex // guards what follows
	text []byte     // the document that was read last
	set  *Set       // of the last document that was good
	err  error      // of text, when it is no good
}

// New fetches nothing; the first use does. now is the clock.
func New(s *secrets.Secrets, cfg config.Config, now func() time.Time) *Keys {
	return &Keys{
		secrets:  s,
		issuer:   cfg.JWTIssuer,
		audience: cfg.JWTAudience,
		lifetime: cfg.JWTExpiresIn,
		tokens:   cache[string, issued]{size: maxTokens},
		now:      func() time.Time { return now().Round(0) }, // a monotonic clock may stand still while a Lambda is frozen
	}
}

// Public returns every key that a token may be signed with, or will be soon: the set's, without those whose time is over.
func (k *Keys) Public(ctx context.Context) ([]JWK, error) {
	set, err := k.load(ctx)
	if err != nil {
		return nil, err
	}
	published := []JWK{
		newJWK(set.Current.ID, &set.Current.private.PublicKey),
		newJWK(set.Next.ID, &set.Next.private.PublicKey),
	}
	for _, r := range set.alive(k.now()) {
		published = append(published, newJWK(r.ID, r.public))
	}
	return published, nil
}

// load returns the current set. A document is parsed once. One that is no good is asked for again, and meanwhile the last
// good set is used on, which a single warning says.
func (k *Keys) load(ctx context.Context) (*Set, error) {
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
		slog.WarnContext(ctx, "new key set is no good, the last good one is used on", "error", err)
	}
}
