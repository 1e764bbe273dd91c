package keys

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/shared/jwks"
)

// ErrBadSignature means that the text is not what SignJWS signed, or was signed as another type.
var ErrBadSignature = errors.New("bad signature")

// ErrUnknownKey means that the text names a key that is not in the JWKS, so that it cannot be checked.
var ErrUnknownKey = errors.New("unknown key")

// SignJWS signs a payload with the current key and returns a compact JWS (RFC 7515). Its header names the type typ of
// the payload. Package jwtverify rejects every typ except JWT (RFC 8725, section 3.11), so the JWS is not a token. For
// verifiers that ignore typ, the payload must not have the claims of a token.
func (s Set) SignJWS(typ string, payload []byte) (string, error) {
	if typ == "" || strings.EqualFold(typ, "JWT") {
		return "", errors.New("a signed text needs a typ other than JWT")
	}
	header := `{"alg":"` + s.Current.Algorithm() + `","typ":` + string(encodeJSONString(typ)) +
		`,"kid":` + string(encodeJSONString(s.Current.ID)) + `}`
	encode := base64.RawURLEncoding.EncodeToString
	text, err := s.Current.sign(encode([]byte(header)) + "." + encode(payload))
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return text, nil
}

// VerifyJWS checks a text that SignJWS returned for the type typ, with the JWKS publicKeys. It returns the payload and
// the id of the key. The error wraps ErrBadSignature or ErrUnknownKey; any other error is about the JWKS.
func VerifyJWS(publicKeys []byte, typ, text string) (payload []byte, kid string, err error) {
	keys, err := jwks.Parse(publicKeys)
	if err != nil {
		return nil, "", err
	}
	parsed, err := parseJWS(typ, text)
	if err != nil {
		return nil, "", err
	}
	for _, key := range keys {
		of := key.Marshal()
		if of.KID != parsed.kid {
			continue
		}
		if of.ALG.String() != parsed.alg ||
			jwt.GetSigningMethod(parsed.alg).Verify(parsed.signed, parsed.signature, key.Key()) != nil {
			return nil, parsed.kid, fmt.Errorf("%w: the signature is not that of key %s", ErrBadSignature, parsed.kid)
		}
		return parsed.payload, parsed.kid, nil
	}
	return nil, parsed.kid, fmt.Errorf("%w %q", ErrUnknownKey, parsed.kid)
}

// parsedJWS is a JWS whose signature is not checked yet.
type parsedJWS struct {
	signed             string // the bytes that are signed
	payload, signature []byte
	alg                string // one of jwks.Algorithms
	kid                string
}

// parseJWS accepts one encoding of a JWS only: strict base64url without line breaks.
func parseJWS(typ, text string) (parsedJWS, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 || strings.ContainsAny(text, "\r\n") {
		return parsedJWS{}, fmt.Errorf("%w: the text does not consist of three parts on one line", ErrBadSignature)
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			return parsedJWS{}, fmt.Errorf("%w: a part of the text is not base64url", ErrBadSignature)
		}
	}
	var header struct{ Alg, Typ, Kid string }
	if json.Unmarshal(decoded[0], &header) != nil || !slices.Contains(jwks.Algorithms, header.Alg) || header.Typ != typ {
		return parsedJWS{}, fmt.Errorf("%w: the header of the text is not that of a %s", ErrBadSignature, typ)
	}
	return parsedJWS{parts[0] + "." + parts[1], decoded[1], decoded[2], header.Alg, header.Kid}, nil
}
