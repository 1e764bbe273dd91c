package keys

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/shared/jwks"
)

// ErrBadSeal means that the text is not what Seal signed, or was signed as another type.
var ErrBadSeal = errors.New("bad seal")

// ErrUnknownKey means that the seal names a key that is not in the JWKS, so that it cannot be checked.
var ErrUnknownKey = errors.New("unknown key")

// Seal signs a text that is not a token with the current key and returns it as a compact JWS (RFC 7515). typ stands in
// the header and says what the text is. jwtverify and other verifiers refuse any typ but JWT (RFC 8725, section 3.11),
// so a seal cannot be used as a token. payload must not have the claims of a token either.
func (s Set) Seal(typ string, payload []byte) (string, error) {
	if typ == "" || strings.EqualFold(typ, "JWT") {
		return "", errors.New("a seal needs a typ other than JWT")
	}
	header := `{"alg":"RS256","typ":` + string(quote(typ)) + `,"kid":` + string(quote(s.Current.ID)) + `}`
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(header)) + "." + encode(payload)
	signature, err := jwt.SigningMethodRS256.Sign(text, s.Current.private)
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	return text + "." + encode(signature), nil
}

// Unseal returns the payload that Seal signed as a typ, and the id of the key, if the key is in the JWKS. The error is
// ErrBadSeal or ErrUnknownKey; any other error is about the JWKS.
func Unseal(publicKeys []byte, typ, sealed string) (payload []byte, kid string, err error) {
	keys, err := jwks.Parse(publicKeys)
	if err != nil {
		return nil, "", err
	}
	seal, err := parseSeal(typ, sealed)
	if err != nil {
		return nil, "", err
	}
	for _, key := range keys {
		public, ok := key.Key().(*rsa.PublicKey)
		if !ok || key.Marshal().KID != seal.kid {
			continue
		}
		if jwt.SigningMethodRS256.Verify(seal.signed, seal.signature, public) != nil {
			return nil, seal.kid, fmt.Errorf("%w: the signature is not that of key %s", ErrBadSeal, seal.kid)
		}
		return seal.payload, seal.kid, nil
	}
	return nil, seal.kid, fmt.Errorf("%w %q", ErrUnknownKey, seal.kid)
}

// parsedSeal is a seal whose signature is not checked yet.
type parsedSeal struct {
	signed             string // what the signature is of
	payload, signature []byte
	kid                string
}

// parseSeal accepts one encoding of a seal only: strict base64url without line breaks.
func parseSeal(typ, sealed string) (parsedSeal, error) {
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 || strings.ContainsAny(sealed, "\r\n") {
		return parsedSeal{}, fmt.Errorf("%w: it does not have three parts", ErrBadSeal)
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			return parsedSeal{}, fmt.Errorf("%w: it is not base64url", ErrBadSeal)
		}
	}
	var header struct{ Alg, Typ, Kid string }
	if json.Unmarshal(decoded[0], &header) != nil || header.Alg != jwt.SigningMethodRS256.Alg() || header.Typ != typ {
		return parsedSeal{}, fmt.Errorf("%w: its header is not that of a %s", ErrBadSeal, typ)
	}
	return parsedSeal{parts[0] + "." + parts[1], decoded[1], decoded[2], header.Kid}, nil
}
