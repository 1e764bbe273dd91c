package jwtverify

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/shared/jwks"
)

// otherKeys are key pairs for ES256 and EdDSA, in a JWKS with the RSA key of the third set.
type otherKeys struct {
	ec      *ecdsa.PrivateKey
	ed      ed25519.PrivateKey
	ecPoint []byte // the public key of ec, as an uncompressed point
}

// publishOtherKeys publishes new keys for ES256 and EdDSA beside the RSA key, and returns them.
func (d *deployment) publishOtherKeys(t *testing.T) otherKeys {
	t.Helper()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edPublic, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := ec.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	d.SetResponse(http.StatusOK, jwksOf(
		keySets().third.current.jwk(),
		map[string]any{"kty": "EC", "crv": "P-256", "kid": "ec", "x": encode(point[1:33]), "y": encode(point[33:])},
		map[string]any{"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": encode(edPublic)},
	))
	return otherKeys{ec, ed, point}
}

// signWith returns a token with valid claims and a header with alg and kid, which need not fit the method and the key.
func (d *deployment) signWith(t *testing.T, method jwt.SigningMethod, alg, kid string, key any) string {
	t.Helper()
	text := encodeSegment(t, map[string]any{"alg": alg, "kid": kid}) + "." + encodeSegment(t, d.goodClaims())
	signature, err := method.Sign(text, key)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestVerifyAcceptsEveryAlgorithm(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	keys := d.publishOtherKeys(t)
	for _, token := range []string{
		d.signWith(t, jwt.SigningMethodRS256, "RS256", keySets().third.current.id, keySets().third.current.private),
		d.signWith(t, jwt.SigningMethodES256, "ES256", "ec", keys.ec),
		d.signWith(t, jwt.SigningMethodEdDSA, "EdDSA", "ed", keys.ed),
	} {
		d.checkAccepted(t, token)
		d.checkAccepted(t, token) // from the cache
	}
	d.Advance(jwks.MaxCacheAge)
	d.checkAccepted(t, d.signWith(t, jwt.SigningMethodEdDSA, "EdDSA", "ed", keys.ed))
}

// A key verifies its own algorithm only, whatever the header says.
func TestR34_KeyVerifiesItsOwnAlgorithmOnly(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	keys := d.publishOtherKeys(t)
	rsaKey := keySets().third.current
	der := func() string {
		text := encodeSegment(t, map[string]any{"alg": "ES256", "kid": "ec"}) + "." + encodeSegment(t, d.goodClaims())
		sum := sha256.Sum256([]byte(text))
		signature, err := ecdsa.SignASN1(rand.Reader, keys.ec, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return text + "." + base64.RawURLEncoding.EncodeToString(signature)
	}
	edPublic := []byte(keys.ed.Public().(ed25519.PublicKey))
	zero := encodeSegment(t, map[string]any{"alg": "ES256", "kid": "ec"}) + "." + encodeSegment(t, d.goodClaims()) +
		"." + base64.RawURLEncoding.EncodeToString(make([]byte, 64)) // CVE-2022-21449
	for name, token := range map[string]string{
		"RS256 with the kid of the P-256 key":      d.signWith(t, jwt.SigningMethodRS256, "RS256", "ec", rsaKey.private),
		"ES256 with the kid of the RSA key":        d.signWith(t, jwt.SigningMethodES256, "ES256", rsaKey.id, keys.ec),
		"ES256 with the kid of the Ed25519 key":    d.signWith(t, jwt.SigningMethodES256, "ES256", "ed", keys.ec),
		"EdDSA with the kid of the P-256 key":      d.signWith(t, jwt.SigningMethodEdDSA, "EdDSA", "ec", keys.ed),
		"a signature for ES256, declared as RS256": d.signWith(t, jwt.SigningMethodES256, "RS256", "ec", keys.ec),
		"a signature for EdDSA, declared as ES256": d.signWith(t, jwt.SigningMethodEdDSA, "ES256", "ed", keys.ed),
		"Ed25519 as the name of the algorithm":     d.signWith(t, jwt.SigningMethodEdDSA, "Ed25519", "ed", keys.ed),
		"HS256 with the P-256 key":                 d.signWith(t, jwt.SigningMethodHS256, "HS256", "ec", keys.ecPoint),
		"HS256 with the Ed25519 key":               d.signWith(t, jwt.SigningMethodHS256, "HS256", "ed", edPublic),
		"a signature in DER":                       der(),
		"a signature of zeros":                     zero,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d.checkRejected(t, token)
		})
	}
}

func TestVerifyCachesEd25519Keys(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	keys := d.publishOtherKeys(t)
	token := d.signWith(t, jwt.SigningMethodEdDSA, "EdDSA", "ed", keys.ed)
	d.checkAccepted(t, token)
	d.publishOtherKeys(t) // with another Ed25519 key of the same kid
	d.Advance(jwks.MaxCacheAge)
	if _, err := d.verifier.Verify(t.Context(), token); !errors.Is(err, ErrInvalidToken) {
		t.Errorf("Verify after the key was replaced: got %v, want ErrInvalidToken", err)
	}
}
