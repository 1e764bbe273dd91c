package jwks

import "slices"

// Usage holds the members of a JWK that limit what it may be used for (RFC 7517, sections 4.2 to 4.4).
type Usage struct {
	Use    *string   `json:"use"`
	KeyOps *[]string `json:"key_ops"`
	Alg    *string   `json:"alg"`
}

// SignatureAlgorithms returns the signature algorithms of a key type, kty (RFC 7518, section 3.1; RFC 8037 for EdDSA;
// RFC 9864 for Ed25519).
func SignatureAlgorithms(kty string) []string {
	switch kty {
	case "RSA":
		return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	case "EC":
		return []string{"ES256", "ES384", "ES512"}
	case "OKP":
		return []string{"EdDSA", "Ed25519"}
	}
	return nil
}

// AllowsVerifying reports whether the key may verify signatures of one of the algorithms. A member that is missing sets
// no limit. If key_ops is there, it must have "verify", may have "sign", and must have no other operation, because RFC
// 7517 warns against keys with unrelated operations.
func (u Usage) AllowsVerifying(algorithms ...string) bool {
	if u.Use != nil && *u.Use != "sig" || u.Alg != nil && !slices.Contains(algorithms, *u.Alg) {
		return false
	}
	if u.KeyOps == nil {
		return true
	}
	unrelated := func(op string) bool { return op != "verify" && op != "sign" }
	return slices.Contains(*u.KeyOps, "verify") && !slices.ContainsFunc(*u.KeyOps, unrelated)
}
