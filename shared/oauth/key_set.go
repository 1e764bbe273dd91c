package oauth

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/xenon-auth/xenon/shared/jwks"
	"github.com/xenon-auth/xenon/shared/remote"
)

const (
	jwksMaxAge      = time.Hour      // how long keys are used before they are fetched again
	jwksMaxStaleAge = 24 * time.Hour // how long they are used while fetches fail
)

var (
	errUnknownKey   = errors.New("the JWKS has no such key")
	errBadSignature = errors.New("bad signature")
)

// keySet verifies the signatures of id tokens with the JWKS of a provider. It fetches the JWKS in the request that
// needs it: at the first use, when the keys are older than jwksMaxAge, and for an unknown key id. While it has keys, it
// fetches at most once in remote.CoolDown.
type keySet struct {
	url        string
	algorithms []jose.SignatureAlgorithm
	needsKeyID bool // a token without a key id is invalid; otherwise the first key of its algorithm verifies it
	keys       *remote.Value[[]jwk]
}

// jwk is a public key that may verify signatures.
type jwk struct {
	jose.JSONWebKey
	keyUsage
}

type keyUsage struct {
	jwks.Usage

	KeyType string `json:"kty"`
}

// newKeySet returns the key set at a URL. If algorithms is empty, it allows only RS256, which every provider has to
// support.
func (p *Providers) newKeySet(url string, algorithms []string, needsKeyID bool) *keySet {
	if len(algorithms) == 0 {
		algorithms = []string{oidc.RS256}
	}
	k := &keySet{url: url, needsKeyID: needsKeyID}
	for _, name := range algorithms {
		k.algorithms = append(k.algorithms, jose.SignatureAlgorithm(name))
	}
	fetch := func(ctx context.Context) ([]jwk, error) {
		body, err := p.get(ctx, url, url, "", nil)
		if err != nil {
			return nil, err
		}
		return parseJWKS(body)
	}
	k.keys = &remote.Value[[]jwk]{
		Name: "JWKS " + url, Fetch: fetch, Fresh: jwksMaxAge, Stale: jwksMaxStaleAge, Now: p.now,
	}
	return k
}

// VerifySignature returns the payload of a signed token. It implements oidc.KeySet.
func (k *keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(token, k.algorithms)
	if err != nil || len(signed.Signatures) != 1 {
		return nil, errors.New("the token is not a signed JWT of an allowed algorithm")
	}
	header := signed.Signatures[0].Header
	key, err := k.findKey(ctx, header, k.keys.GetAllowStale)
	if errors.Is(err, errUnknownKey) {
		k.keys.Invalidate()
		key, err = k.findKey(ctx, header, k.keys.Get)
	}
	if err != nil {
		return nil, err
	}
	payload, err := signed.Verify(key.Key)
	if err != nil {
		return nil, errBadSignature
	}
	return payload, nil
}

func (k *keySet) findKey(
	ctx context.Context, header jose.Header, get func(context.Context) ([]jwk, error),
) (jwk, error) {
	if header.KeyID == "" && k.needsKeyID {
		return jwk{}, errors.New("the token has no key id")
	}
	keys, err := get(ctx)
	if err != nil {
		return jwk{}, err
	}
	for _, key := range keys {
		if (header.KeyID == "" || key.KeyID == header.KeyID) && key.canVerify(header.Algorithm) {
			return key, nil
		}
	}
	return jwk{}, errUnknownKey
}

// canVerify reports whether the key may verify signatures of an algorithm.
func (k jwk) canVerify(algorithm string) bool {
	return slices.Contains(jwks.SignatureAlgorithms(k.KeyType), algorithm) && k.AllowsVerifying(algorithm)
}

// parseJWKS returns the public keys of a JWKS. It skips other entries and RSA keys that are too short. A set without a
// usable key is an error, so that another JSON document does not replace good keys.
func parseJWKS(text []byte) (keys []jwk, err error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(text, &set) != nil {
		return nil, errors.New("the answer is not a JWKS")
	}
	for _, raw := range set.Keys {
		var key jwk
		if json.Unmarshal(raw, &key.JSONWebKey) != nil || json.Unmarshal(raw, &key.keyUsage) != nil || !key.IsPublic() {
			continue
		}
		if rsaKeyMadeOnce, ok := key.Key.(*rsa.PublicKey); ok && rsaKeyMadeOnce.N.BitLen() < jwks.MinRSABits {
			continue
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("none of the %d entries of the JWKS is a usable public key", len(set.Keys))
	}
	return keys, nil
}
