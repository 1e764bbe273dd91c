package keys

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/jwks"
)

// JWK is a public key as /api/auth/jwks publishes it.
type JWK struct {
	KeyID     string
	Algorithm string          // alg; empty for a key of Better Auth whose algorithm is unknown
	text      json.RawMessage // compact
}

// MarshalJSON writes the members in Better Auth's order.
func (j JWK) MarshalJSON() ([]byte, error) { return j.text, nil }

// EncodeJWKS returns the JSON Web Key Set with the keys.
func EncodeJWKS(published []JWK) []byte {
	b := []byte(`{"keys":[`)
	for i, j := range published {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, j.text...)
	}
	return append(b, "]}"...)
}

// newJWK writes a key as Better Auth's /jwks does, and adds use, which some verifiers need. It writes the JSON itself
// because the bytes must equal Better Auth's.
func newJWK(id string, public crypto.PublicKey) JWK {
	alg := jwks.Algorithm(public)
	text := `{"alg":"` + alg + `",` + publicKeyMembers(public) + `,"kid":"` + id + `","use":"sig"}`
	return JWK{KeyID: id, Algorithm: alg, text: json.RawMessage(text)}
}

// publicKeyMembers returns the members of a public key in Better Auth's order (RFC 7518, section 6; RFC 8037, section
// 2).
func publicKeyMembers(public crypto.PublicKey) string {
	encode := base64.RawURLEncoding.EncodeToString
	switch key := public.(type) {
	case *rsa.PublicKey:
		return `"kty":"RSA","n":"` + encode(key.N.Bytes()) + `","e":"` + encode(big.NewInt(int64(key.E)).Bytes()) + `"`
	case *ecdsa.PublicKey:
		point, _ := key.Bytes() // 4, x and y; cannot fail for a key that was generated or parsed
		half := len(point) / 2
		return `"crv":"P-256","kty":"EC","x":"` + encode(point[1:half+1]) + `","y":"` + encode(point[half+1:]) + `"`
	case ed25519.PublicKey:
		return `"crv":"Ed25519","x":"` + encode(key) + `","kty":"OKP"`
	}
	return ""
}

// thumbprint returns the SHA-256 thumbprint of a key (RFC 7638; RFC 8037, appendix A.3): the hash of the required
// members in alphabetical order. publicKeyMembers returns only required members.
func thumbprint(public crypto.PublicKey) string {
	members := strings.Split(publicKeyMembers(public), ",")
	slices.Sort(members)
	sum := sha256.Sum256([]byte("{" + strings.Join(members, ",") + "}"))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// privateJWKMembers lists the members that RFC 7518, section 6, and RFC 8037 define for private and symmetric keys.
var privateJWKMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"}

// ParsePublicJWK returns the JWKS entry for a row of Better Auth's table jwks. The members have the order of Better
// Auth's /jwks: alg, crv if the key has one, the members of publicKey, and the row's id as kid. The entry also gets use
// "sig". ParsePublicJWK accepts every asymmetric key type that Better Auth generates, and rejects private keys and keys
// that are not for signatures. If alg is empty, as in rows that are older than the column, the entry gets Better Auth's
// algorithm for this key type.
func ParsePublicJWK(id, publicKeyJSON, alg string) (JWK, error) {
	names, values, err := parseOrderedObject([]byte(publicKeyJSON))
	if err != nil {
		return JWK{}, err
	}
	for _, name := range privateJWKMembers {
		if slices.Contains(names, name) {
			return JWK{}, fmt.Errorf("publicKey has the private member %q", name)
		}
	}
	var kind string
	if json.Unmarshal(values["kty"], &kind) != nil || !slices.Contains([]string{"RSA", "EC", "OKP"}, kind) {
		return JWK{}, errors.New("publicKey is not a public JWK")
	}
	if alg == "" {
		alg = defaultAlgorithm(kind, values["crv"])
	}
	if _, given := values["alg"]; !given && alg != "" {
		values["alg"] = encodeJSONString(alg)
	}
	algorithms := jwks.SignatureAlgorithms(kind)
	var use jwks.Usage
	if json.Unmarshal([]byte(publicKeyJSON), &use) != nil || !use.AllowsVerifying(algorithms...) ||
		alg != "" && !slices.Contains(algorithms, alg) {
		return JWK{}, errors.New("use, key_ops or alg does not allow signatures")
	}
	if use.Alg != nil {
		alg = *use.Alg
	}
	values["kid"], values["use"] = encodeJSONString(id), encodeJSONString("sig")

	var members []string
	for _, name := range slices.Concat([]string{"alg", "crv"}, names, []string{"kid", "use"}) {
		if value, ok := values[name]; ok {
			members = append(members, string(encodeJSONString(name))+":"+string(value))
			delete(values, name) // each member is written once, at its first place
		}
	}
	var text bytes.Buffer
	err = json.Compact(&text, []byte("{"+strings.Join(members, ",")+"}"))
	return JWK{KeyID: id, Algorithm: alg, text: text.Bytes()}, err
}

// defaultAlgorithm returns Better Auth's algorithm for a key type and curve, or "" if Better Auth does not generate
// such keys.
func defaultAlgorithm(kind string, crv json.RawMessage) string {
	if kind == "RSA" {
		return "RS256"
	}
	return map[string]string{`"Ed25519"`: "EdDSA", `"P-256"`: "ES256", `"P-521"`: "ES512"}[string(crv)]
}

// parseOrderedObject reads a JSON object and keeps the order of its members.
func parseOrderedObject(text []byte) (names []string, values map[string]json.RawMessage, err error) {
	if json.Unmarshal(text, &values) != nil {
		return nil, nil, errors.New("publicKey is not a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	for _, err = d.Token(); err == nil && d.More(); { // the first token is the brace
		var name json.Token
		var value json.RawMessage
		if name, err = d.Token(); err == nil {
			names = append(names, fmt.Sprint(name))
			err = d.Decode(&value)
		}
	}
	return names, values, err
}

func encodeJSONString(s string) json.RawMessage {
	text, _ := json.Marshal(s) // cannot fail for a string
	return text
}
