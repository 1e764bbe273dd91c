package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/jwks"
)

// Key is a key pair. Its ID is the RFC 7638 thumbprint of the public key.
type Key struct {
	ID        string
	CreatedAt time.Time

	private *privateKey
	header  string // of every token that the key signs, in base64url
	public  JWK
}

// privateKey is the private half of a key pair, with the algorithm that it is for. Key has a pointer to it, because
// package fmt prints the bytes of an ed25519.PrivateKey, but only the address of a pointer.
type privateKey struct {
	crypto.Signer
	method jwt.SigningMethod
}

// Algorithm returns the algorithm of the signatures: RS256, ES256 or EdDSA.
func (k Key) Algorithm() string { return jwks.Algorithm(k.private.Public()) }

// Algorithm returns the algorithm of the signatures: RS256, ES256 or EdDSA.
func (k RetiredKey) Algorithm() string { return jwks.Algorithm(k.public) }

// sign returns the text with its signature in base64url, which makes it a compact JWS.
func (k Key) sign(text string) (string, error) {
	signature, err := k.private.method.Sign(text, k.private.Signer)
	if err != nil {
		return "", err
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// generateKey generates a key pair for a value of JWT_ALG.
func generateKey(now time.Time, alg string) (Key, error) {
	private, err := generatePrivateKey(alg)
	if err != nil {
		return Key{}, fmt.Errorf("generate key for %s: %w", alg, err)
	}
	return newKey(private, truncateToSeconds(now)), nil
}

func generatePrivateKey(alg string) (crypto.Signer, error) {
	switch alg {
	case config.RS256:
		return rsa.GenerateKey(rand.Reader, MinRSABits)
	case config.ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case config.EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	return nil, fmt.Errorf("%q is not a value of JWT_ALG", alg)
}

// newKey returns the Key of a private key that has one of the jwks.Algorithms.
func newKey(private crypto.Signer, createdAt time.Time) Key {
	id, alg := thumbprint(private.Public()), jwks.Algorithm(private.Public())
	header := `{"alg":"` + alg + `","kid":"` + id + `"}` // without typ, as Better Auth writes it
	return Key{
		ID: id, CreatedAt: createdAt, public: newJWK(id, private.Public()),
		private: &privateKey{private, jwt.GetSigningMethod(alg)},
		header:  base64.RawURLEncoding.EncodeToString([]byte(header)),
	}
}
