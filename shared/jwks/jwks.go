// Package jwks reads JSON Web Key Sets (RFC 7517) and returns the keys that may verify Xenon's tokens.
package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/MicahParks/jwkset"
)

// MaxCacheAge is how long a JWKS may be cached: by a CDN, and by a verifier.
const MaxCacheAge = 5 * time.Minute

// MinRSABits is the minimum length of an RSA modulus (RFC 7518, section 3.3).
const MinRSABits = 2048

// Algorithms are the algorithms that sign Xenon's tokens, as a token's header and a JWK name them.
var Algorithms = []string{"RS256", "ES256", "EdDSA"}

// Algorithm returns the algorithm that a public key is for: RS256 for RSA, ES256 for P-256, EdDSA for Ed25519. A key
// verifies no other algorithm, whatever the header of a token says. It returns "" for all other keys.
func Algorithm(public crypto.PublicKey) string {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return "RS256"
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			return "ES256"
		}
	case ed25519.PublicKey:
		return "EdDSA"
	}
	return ""
}

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
		return nil, errors.New("the JWKS has no key that can verify RS256, ES256 or EdDSA signatures")
	}
	return usable, nil
}

// ParseKey reads one key. It returns false unless the key has a kid, has one of the Algorithms, and may verify
// signatures of this algorithm. An RSA key needs at least MinRSABits. The returned key is made from kid and the members
// of its type alone, not from another member such as x5c. It has the algorithm of the key, even if the JWK has no alg.
func ParseKey(raw json.RawMessage) (jwkset.JWK, bool) {
	var in jwkset.JWKMarshal
	var use Usage
	if json.Unmarshal(raw, &in) != nil || json.Unmarshal(raw, &use) != nil || in.KID == "" {
		return jwkset.JWK{}, false
	}
	alg := algorithmOf(in)
	if alg == "" || !use.AllowsVerifying(alg) {
		return jwkset.JWK{}, false
	}
	bare := jwkset.JWKMarshal{
		KTY: in.KTY, ALG: jwkset.ALG(alg), KID: in.KID, N: in.N, E: in.E, CRV: in.CRV, X: in.X, Y: in.Y,
	}
	key, err := jwkset.NewJWKFromMarshal(bare, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return jwkset.JWK{}, false
	}
	if public, ok := key.Key().(*rsa.PublicKey); ok && public.N.BitLen() < MinRSABits {
		return jwkset.JWK{}, false
	}
	return key, Algorithm(key.Key()) == alg
}

func algorithmOf(key jwkset.JWKMarshal) string {
	switch {
	case key.KTY == jwkset.KtyRSA:
		return "RS256"
	case key.KTY == jwkset.KtyEC && key.CRV == jwkset.CrvP256:
		return "ES256"
	case key.KTY == jwkset.KtyOKP && key.CRV == jwkset.CrvEd25519:
		return "EdDSA"
	}
	return ""
}
