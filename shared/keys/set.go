package keys

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/xenon-auth/xenon/shared/secrets"
)

// MinBits is the shortest RSA modulus that is signed with or trusted (RFC 7518 §3.3), and the length of new keys.
const MinBits = 2048

// Spread is the longest a change of the key set takes to be known everywhere: by the functions that read it, by a CDN in
// front of the JWKS, and by those who verify. A key is published so long before it signs, and so long after the last
// token it signed is dead.
const Spread = secrets.TTL + 2*MaxAge

// ErrTooSoon is Rotate's error while the next key is not yet known everywhere.
var ErrTooSoon = errors.New("the next key is not yet known everywhere")

// Set is one key set. It prints without its private keys, and only Document writes them.
type Set struct {
	Next    Key          // published, does not sign yet
	Current Key          // signs
	Retired []RetiredKey // published until every token they signed is dead, newest first
}

// Key is a key pair. Its ID is the RFC 7638 thumbprint of the public half.
type Key struct {
	ID        string
	CreatedAt time.Time

	private *rsa.PrivateKey
	header  string // of every token the key signs, encoded
}

// RetiredKey is a key that will not sign again; its private half is gone.
type RetiredKey struct {
	ID             string
	RetiredAt      time.Time
	PublishedUntil time.Time

	public *rsa.PublicKey
}

// Generate makes the first key set of a deployment, or replaces one whose keys are no longer secret, which ends every
// token at once.
func Generate(now time.Time) (Set, error) {
	current, err := generateKey(now)
	if err != nil {
		return Set{}, err
	}
	next, err := generateKey(now)
	return Set{Next: next, Current: current}, err
}

// Rotate returns the set after this one: next signs, current retires, a new key is published as next, and retired keys
// are dropped when their time is over. lifetime is that of a token, the longest that is or was in use. The set itself is
// not changed. The error is ErrTooSoon within Spread of the last rotation.
func (s Set) Rotate(now time.Time, lifetime time.Duration) (Set, error) {
	return s.rotate(now, lifetime, 0)
}

// rotate is Rotate for a set that is put to use up to late after it was made, as each set before it was.
func (s Set) rotate(now time.Time, lifetime, late time.Duration) (Set, error) {
	if err := s.ready(now, late); err != nil {
		return Set{}, err
	}
	next, err := generateKey(now)
	if err != nil {
		return Set{}, err
	}
	retired := RetiredKey{
		ID:             s.Current.ID,
		RetiredAt:      seconds(now),
		PublishedUntil: seconds(now.Add(late + lifetime + Spread)),
		public:         &s.Current.private.PublicKey,
	}
	return Set{Next: next, Current: s.Next, Retired: append([]RetiredKey{retired}, s.alive(now)...)}, nil
}

// ready is nil when next is known everywhere, else ErrTooSoon.
func (s Set) ready(now time.Time, late time.Duration) error {
	if from := s.Next.CreatedAt.Add(late + Spread); now.Before(from) {
		return fmt.Errorf("%w: rotate again after %s", ErrTooSoon, from.UTC().Format(time.RFC3339))
	}
	return nil
}

// alive returns the retired keys that are still published.
func (s Set) alive(now time.Time) []RetiredKey {
	return slices.DeleteFunc(slices.Clone(s.Retired), func(k RetiredKey) bool { return !now.Before(k.PublishedUntil) })
}

func generateKey(now time.Time) (Key, error) {
	private, err := rsa.GenerateKey(rand.Reader, MinBits)
	if err != nil {
		return Key{}, fmt.Errorf("generate RSA key: %w", err)
	}
	return newKey(private, seconds(now)), nil
}

func newKey(private *rsa.PrivateKey, createdAt time.Time) Key {
	id := thumbprint(&private.PublicKey)
	header := `{"alg":"RS256","kid":"` + id + `"}` // no typ: the library writes none
	return Key{ID: id, CreatedAt: createdAt, private: private, header: base64.RawURLEncoding.EncodeToString([]byte(header))}
}

func seconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
