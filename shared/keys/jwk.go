package keys

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// JWK is the public half of a key as the JWKS shows it: {"alg","kty","n","e","kid","use"} for ours.
type JWK struct {
	KeyID string
	text  json.RawMessage
}

// MarshalJSON writes the members in the library's order.
func (j JWK) MarshalJSON() ([]byte, error) { return j.text, nil }

// newJWK writes the form that Better Auth's /jwks has for an RSA key, and use besides, which some verifiers demand.
func newJWK(id string, public *rsa.PublicKey) JWK {
	n, e := members(public)
	return JWK{KeyID: id, text: json.RawMessage(`{"alg":"RS256","kty":"RSA","n":"` + n + `","e":"` + e + `","kid":"` + id + `","use":"sig"}`)}
}

// thumbprint is RFC 7638 with SHA-256: the members that make the key, in alphabetical order.
func thumbprint(public *rsa.PublicKey) string {
	n, e := members(public)
	sum := sha256.Sum256([]byte(`{"e":"` + e + `","kty":"RSA","n":"` + n + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func members(public *rsa.PublicKey) (n, e string) {
	encode := base64.RawURLEncoding.EncodeToString
	return encode(public.N.Bytes()), encode(big.NewInt(int64(public.E)).Bytes())
}

// privateMembers are what RFC 7518 §6 and RFC 8037 call private or symmetric.
var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"}

// ParsePublicJWK makes the JWKS entry of a row of the library's jwks table, the way the library's /jwks does: alg, then
// crv when the key has one, then what publicKey holds, then the id as kid. It takes every asymmetric kind the library
// makes, and refuses a row that would publish a private key or one that is not for signatures. Like our own keys it
// gets use "sig". alg may be empty, as in rows older than the column; the key then gets the one that Better Auth makes
// such keys for.
func ParsePublicJWK(id, publicKeyJSON, alg string) (JWK, error) {
	names, values, err := object([]byte(publicKeyJSON))
	if err != nil {
		return JWK{}, err
	}
	for _, name := range privateMembers {
		if slices.Contains(names, name) {
			return JWK{}, fmt.Errorf("publicKey has the private member %q", name)
		}
	}
	var kind string
	if json.Unmarshal(values["kty"], &kind) != nil || !slices.Contains([]string{"RSA", "EC", "OKP"}, kind) {
		return JWK{}, errors.New("publicKey is not a public JWK")
	}
	if alg == "" {
		alg = usualAlgorithm(kind, values["crv"])
	}
	if _, given := values["alg"]; !given && alg != "" {
		values["alg"] = quote(alg)
	}
	var use usage
	if json.Unmarshal([]byte(publicKeyJSON), &use) != nil || !use.verifies(signatureAlgorithms[kind]...) ||
		alg != "" && !slices.Contains(signatureAlgorithms[kind], alg) {
		return JWK{}, errors.New("use, key_ops or alg says that the key is not for signatures")
	}
	values["kid"], values["use"] = quote(id), quote("sig")

	var members []string
	for _, name := range slices.Concat([]string{"alg", "crv"}, names, []string{"kid", "use"}) {
		if value, ok := values[name]; ok {
			members = append(members, string(quote(name))+":"+string(value))
			delete(values, name) // a member stands once, where it was named first
		}
	}
	return JWK{KeyID: id, text: json.RawMessage("{" + strings.Join(members, ",") + "}")}, nil
}

// usualAlgorithm is the algorithm for which Better Auth makes keys of a kind and curve, "" where it makes none.
func usualAlgorithm(kind string, crv json.RawMessage) string {
	if kind == "RSA" {
		return "RS256"
	}
	return map[string]string{`"Ed25519"`: "EdDSA", `"P-256"`: "ES256", `"P-521"`: "ES512"}[string(crv)]
}

// object reads a JSON object and keeps the order of its members.
func object(text []byte) (names []string, values map[string]json.RawMessage, err error) {
	if json.Unmarshal(text, &values) != nil || values == nil {
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

func quote(s string) json.RawMessage {
	text, _ := json.Marshal(s) // a string always can
	return text
}
