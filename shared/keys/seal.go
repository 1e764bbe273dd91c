package keys

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// ErrBadSeal means that the text is not what was sealed, or is no seal of that type.
var ErrBadSeal = errors.New("bad seal")

// ErrUnknownKey means that the seal names a key that is not among those given, so that nothing can be said about it.
var ErrUnknownKey = errors.New("unknown key")

// Seal signs a text that is no token with the current key and returns it as a compact JWS (RFC 7515). typ says in the
// header what the text is; the Verifier and other careful readers refuse any typ but JWT (RFC 8725 §3.11), so that a seal
// never passes for a token. payload must not have the claims of one.
func (k *Keys) Seal(ctx context.Context, typ string, payload []byte) (string, error) {
	if typ == "" || strings.EqualFold(typ, "JWT") {
		return "", errors.New("a seal needs a typ of its own")
	}
	set, err := k.load(ctx)
	if err != nil {
		return "", err
	}
	header := `{"alg":"RS256","typ":` + string(quote(typ)) + `,"kid":` + string(quote(set.Current.ID)) + `}`
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(header)) + "." + encode(payload)
	signature, err := jwt.SigningMethodRS256.Sign(text, set.Current.private)
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	return text + "." + encode(signature), nil
}

// Unseal returns what Seal signed and the id of the key, if one of the keys in the JWKS signed it as a typ. The error is
// ErrBadSeal or ErrUnknownKey; anything else is about the JWKS.
func Unseal(jwks []byte, typ, sealed string) (payload []byte, kid string, err error) {
	keys, err := parseJWKS(jwks)
	if err != nil {
		return nil, "", err
	}
	text, signature, payload, kid, err := openSeal(typ, sealed)
	if err != nil {
		return nil, "", err
	}
	for _, key := range keys {
		public, ok := key.Key().(*rsa.PublicKey)
		if !ok || key.Marshal().KID != kid {
			continue
		}
		if jwt.SigningMethodRS256.Verify(text, signature, public) != nil {
			return nil, kid, fmt.Errorf("%w: the signature is not that of key %s", ErrBadSeal, kid)
		}
		return payload, kid, nil
	}
	return nil, kid, fmt.Errorf("%w %q", ErrUnknownKey, kid)
}

// openSeal takes a seal apart. It takes one spelling only: what is signed cannot be written in another way.
func openSeal(typ, sealed string) (text string, signature, payload []byte, kid string, err error) {
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 || strings.ContainsAny(sealed, "\r\n") {
		return "", nil, nil, "", fmt.Errorf("%w: not three parts", ErrBadSeal)
	}
	var decoded [3][]byte
	for i, part := range parts {
		if decoded[i], err = base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			return "", nil, nil, "", fmt.Errorf("%w: not base64url", ErrBadSeal)
		}
	}
	var header struct{ Alg, Typ, Kid string }
	if json.Unmarshal(decoded[0], &header) != nil || header.Alg != jwt.SigningMethodRS256.Alg() || header.Typ != typ {
		return "", nil, nil, "", fmt.Errorf("%w: the header is not that of a %s", ErrBadSeal, typ)
	}
	return parts[0] + "." + parts[1], decoded[2], decoded[1], header.Kid, nil
}
