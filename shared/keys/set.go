package keys

import (
	"crypto"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/xenon-auth/xenon/shared/jwks"
	"github.com/xenon-auth/xenon/shared/secrets"
)

// MinRSABits is the length of new RSA keys and the minimum length of keys that are read.
const MinRSABits = jwks.MinRSABits

// MaxPropagation is the maximum time until every cache has a new key set: the caches of the functions that read the
// secret, of a CDN in front of the JWKS, and of the verifiers. Every key except the first is published for at least
// this time before it signs, and every key for at least this time after its last token has expired.
const MaxPropagation = secrets.CacheTTL + 2*jwks.MaxCacheAge

// ErrRotationTooSoon is the error of Rotate while some caches might not have the next key yet.
var ErrRotationTooSoon = errors.New("verifiers might not have the next key yet")

// Set is one key set. Package fmt prints it without its private keys; only Document writes the private keys.
type Set struct {
	Next    Key          // published, does not sign yet
	Current Key          // signs
	Retired []RetiredKey // published until every token they signed has expired, newest first
}

// RetiredKey is the public key of a key pair that does not sign any more. Its private key was deleted.
type RetiredKey struct {
	ID             string
	RetiredAt      time.Time
	PublishedUntil time.Time

	public crypto.PublicKey
}

// Generate returns the first key set of a deployment, with keys for the algorithm alg, a value of JWT_ALG. It also
// serves to replace a set whose keys are no longer secret; then every token becomes invalid.
func Generate(now time.Time, alg string) (Set, error) {
	current, err := generateKey(now, alg)
	if err != nil {
		return Set{}, err
	}
	next, err := generateKey(now, alg)
	return Set{Next: next, Current: current}, err
}

// Rotate returns the set that follows s; it does not change s. The next key becomes the current key, and the current
// key is retired. Rotate generates a new next key, and removes retired keys that need not be published any more. The
// argument lifetime is the longest lifetime of a token that the current key may have signed. The argument alg, a value
// of JWT_ALG, is the algorithm of the new next key, so a change of algorithm takes effect at the second rotation:
// verifiers must know a key before it signs. The error wraps ErrRotationTooSoon within MaxPropagation of the last
// rotation.
func (s Set) Rotate(now time.Time, lifetime time.Duration, alg string) (Set, error) {
	return s.rotate(now, lifetime, alg, 0)
}

// rotate is like Rotate, for a set that comes into use at most the time delay after it was generated.
func (s Set) rotate(now time.Time, lifetime time.Duration, alg string, delay time.Duration) (Set, error) {
	if err := s.checkMayRotate(now, delay); err != nil {
		return Set{}, err
	}
	next, err := generateKey(now, alg)
	if err != nil {
		return Set{}, err
	}
	retired := RetiredKey{
		ID:             s.Current.ID,
		RetiredAt:      truncateToSeconds(now),
		PublishedUntil: truncateToSeconds(now.Add(delay + lifetime + MaxPropagation)),
		public:         s.Current.private.Public(),
	}
	return Set{Next: next, Current: s.Next, Retired: append([]RetiredKey{retired}, s.stillPublished(now)...)}, nil
}

// Public returns the public keys that are published at the time now: current, next, and the retired ones whose tokens
// may still be valid.
func (s Set) Public(now time.Time) []JWK {
	published := []JWK{s.Current.public, s.Next.public}
	for _, r := range s.stillPublished(now) {
		published = append(published, newJWK(r.ID, r.public))
	}
	return published
}

// checkMayRotate returns ErrRotationTooSoon while some caches might not have the next key yet, which came into use at
// most the time delay after it was generated.
func (s Set) checkMayRotate(now time.Time, delay time.Duration) error {
	if from := s.Next.CreatedAt.Add(delay + MaxPropagation); now.Before(from) {
		return fmt.Errorf("%w: rotate again after %s", ErrRotationTooSoon, from.UTC().Format(time.RFC3339))
	}
	return nil
}

// stillPublished returns the retired keys that are published at the time now.
func (s Set) stillPublished(now time.Time) []RetiredKey {
	return slices.DeleteFunc(slices.Clone(s.Retired), func(k RetiredKey) bool { return !now.Before(k.PublishedUntil) })
}

func truncateToSeconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
