// Package jwks reads JSON Web Key Sets (RFC 7517) and returns the keys that may verify Xenon's tokens.
package jwks

import (
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/MicahParks/jwkset"
)

// MaxAge is how long a JWKS may be cached: by a CDN, and by a verifier.
const MaxAge = 5 * time.Minute

// MinBits is the minimum length of an RSA modulus (RFC 7518, section 3.3).
const MinBits = 2048

// Parse returns the keys that can verify tokens of Xenon. It skips other keys, because Better Auth may publish keys in
// the same set. A set without a usable key is an error, so that another JSON document does not replace good keys.
func Parse(text []byte) ([]jwkset.JWK, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("read JWKS: %w", err)
	}
	var usable []jwkset.JWK
	for _, raw := range set.Keys {
		if key, ok := ParseKey(raw); ok {
			usable = append(usable, key)
		}
	}
	if len(usable) == 0 {
		return nil, errors.New("the JWKS has no key that can verify RS256 signatures")
	}
	return usable, nil
}

// ParseKey reads one key. It returns false unless the key is an RSA key of at least MinBits, has a kid, and may verify
// RS256. The returned key is made from n, e and kid alone, not from another member such as x5c.
func ParseKey(raw json.RawMessage) (jwkset.JWK, bool) {
	var in jwkset.JWKMarshal
	var use Usage
	if json.Unmarshal(raw, &in) != nil || json.Unmarshal(raw, &use) != nil ||
		in.KTY != jwkset.KtyRSA || in.KID == "" || !use.AllowsVerifying("RS256") {
		return jwkset.JWK{}, false
	}
	bare := jwkset.JWKMarshal{KTY: in.KTY, ALG: jwkset.AlgRS256, KID: in.KID, N: in.N, E: in.E}
	key, err := jwkset.NewJWKFromMarshal(bare, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return jwkset.JWK{}, false
	}
	public, ok := key.Key().(*rsa.PublicKey)
	return key, ok && public.N.BitLen() >= MinBits
}
