package keys

import "slices"

// usage is what a JWK says it is for (RFC 7517, sections 4.2 to 4.4).
type usage struct {
	Use    *string   `json:"use"`
	KeyOps *[]string `json:"key_ops"`
	Alg    *string   `json:"alg"`
}

// signatureAlgorithms are those of a key type (RFC 7518, section 3.1, and RFC 8037).
var signatureAlgorithms = map[string][]string{
	"RSA": {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"},
	"EC":  {"ES256", "ES384", "ES512"},
	"OKP": {"EdDSA", "Ed25519"},
}

// verifies reports whether the key may verify signatures of one of algorithms. A member that is missing allows it.
// Beside "verify", key_ops may only name "sign": RFC 7517 warns of keys with unrelated operations.
func (u usage) verifies(algorithms ...string) bool {
	if u.Use != nil && *u.Use != "sig" || u.Alg != nil && !slices.Contains(algorithms, *u.Alg) {
		return false
	}
	if u.KeyOps == nil {
		return true
	}
	unrelated := func(op string) bool { return op != "verify" && op != "sign" }
	return slices.Contains(*u.KeyOps, "verify") && !slices.ContainsFunc(*u.KeyOps, unrelated)
}
