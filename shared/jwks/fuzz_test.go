package jwks_test

import (
	"crypto/rsa"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/jwks"
)

// goodJWKS returns a key set that Better Auth published.
func goodJWKS(tb testing.TB) string {
	tb.Helper()
	text, err := os.ReadFile("../keys/testdata/better_auth_jwt.json")
	if err != nil {
		tb.Fatal(err)
	}
	var file struct{ JWKS json.RawMessage }
	if err := json.Unmarshal(text, &file); err != nil {
		tb.Fatal(err)
	}
	return string(file.JWKS)
}

// Parse returns usable keys, each with an id, or an error.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		goodJWKS(f), `{"keys":[{}]}`, `{"keys":[{"kty":"RSA","kid":"x","n":"AQ","e":"AQAB"}]}`,
		`{"keys":[` + ecJWK + `,` + okpJWK + `]}`, `{"keys":null}`, `<!doctype html>`, `[]`,
		`{"keys":[{"kty":"RSA","e":"` + strings.Repeat("A", 99) + `"}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := jwks.Parse(text)
		if (err == nil) != (len(keys) > 0) {
			t.Errorf("Parse(%q): got %d keys and the error %v, want either keys or an error", text, len(keys), err)
		}
		for _, k := range keys {
			alg := jwks.Algorithm(k.Key())
			if alg == "" || k.Marshal().ALG.String() != alg || k.Marshal().KID == "" {
				t.Errorf("Parse(%q) returned a key without an algorithm or a kid", text)
			}
			if public, ok := k.Key().(*rsa.PublicKey); ok && public.N.BitLen() < jwks.MinRSABits {
				t.Errorf("Parse(%q) returned an RSA key with less than %d bits", text, jwks.MinRSABits)
			}
		}
	})
}
