package keys

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/jwtverify"
)

// jwtverify, which reads the JWKS, and the JWKS endpoint, which reads Better Auth's table, both check use, key_ops and
// alg.
func TestKeyIsUsedOnlyForItsDeclaredUse(t *testing.T) {
	t.Parallel()
	for members, want := range map[string]bool{
		``:                                    true,
		`"use":"sig"`:                         true,
		`"use":null`:                          true,
		`"use":"enc"`:                         false,
		`"use":""`:                            false,
		`"use":"SIG"`:                         false,
		`"use":["sig"]`:                       false,
		`"key_ops":["verify"]`:                true,
		`"key_ops":["sign","verify"]`:         true,
		`"key_ops":["sign"]`:                  false,
		`"key_ops":[]`:                        false,
		`"key_ops":["encrypt"]`:               false,
		`"key_ops":["encrypt","verify"]`:      false,
		`"key_ops":["wrapKey"]`:               false,
		`"key_ops":["Verify"]`:                false,
		`"key_ops":"verify"`:                  false,
		`"key_ops":[1]`:                       false,
		`"use":"sig","key_ops":["verify"]`:    true,
		`"use":"sig","key_ops":["deriveKey"]`: false,
		`"use":"enc","key_ops":["verify"]`:    false,
		`"alg":"RS256"`:                       true,
		`"alg":"RSA-OAEP"`:                    false,
		`"alg":"RSA-OAEP-256"`:                false,
		`"alg":"ES256"`:                       false,
		`"alg":"HS256"`:                       false,
		`"alg":"none"`:                        false,
		`"alg":""`:                            false,
		`"alg":5`:                             false,
	} {
		t.Run(members, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t)
			current := keySets().third.Current
			n, e := rsaMembers(t, current)
			key := `{"kty":"RSA","n":"` + n + `","e":"` + e + `","kid":"` + current.ID + `"`
			if members != "" {
				key += "," + members
			}
			key += "}"
			d.SetResponse(http.StatusOK, `{"keys":[`+key+`]}`)
			_, err := d.newVerifier().Verify(t.Context(), d.newToken(t))
			if got := err == nil; got != want {
				t.Errorf("a key with the members %s verifies a token: %v (%v), want %v", members, got, err, want)
			}
			if err != nil && !errors.Is(err, jwtverify.ErrUnavailable) && !errors.Is(err, jwtverify.ErrInvalidToken) {
				t.Errorf("Verify: got %v, want ErrUnavailable or ErrInvalidToken", err)
			}
			published, err := ParsePublicJWK("id", key, "")
			if got := err == nil; got != want {
				t.Errorf("a row whose key has the members %s is published: %v (%v), want %v", members, got, err, want)
			}
			if text, _ := published.MarshalJSON(); want && strings.Count(string(text), `"use":"sig"`) != 1 {
				t.Errorf(`published as %s, want "use":"sig" once`, text)
			}
		})
	}
}

// rsaMembers returns the members n and e of a JWK.
func rsaMembers(t *testing.T, k Key) (n, e string) {
	t.Helper()
	var members struct{ N, E string }
	if err := json.Unmarshal(k.public.text, &members); err != nil || members.N == "" {
		t.Fatalf("the JWK %s of an RSA key has no n: %v", k.public.text, err)
	}
	return members.N, members.E
}

// A key for encryption does not hide a signing key that has the same kid and comes after it.
func TestKeyForEncryptionBesideGoodKeyIsSkipped(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	s := keySets().third
	n, e := rsaMembers(t, s.Current)
	other, otherE := rsaMembers(t, s.Next)
	newEntry := func(n, e, id, more string) string {
		return `{"kty":"RSA","n":"` + n + `","e":"` + e + `","kid":"` + id + `"` + more + `}`
	}
	encrypting := newEntry(other, otherE, s.Current.ID, `,"key_ops":["encrypt"]`)
	d.SetResponse(http.StatusOK, `{"keys":[`+encrypting+`,`+newEntry(n, e, s.Current.ID, `,"use":"sig"`)+`]}`)
	if _, err := d.newVerifier().Verify(t.Context(), d.newToken(t)); err != nil {
		t.Errorf("Verify with the signing key second in the JWKS: got the error %v, want none", err)
	}
}

func TestTableRowWithAlgorithmOfAnotherUseIsNotPublished(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ key, alg string }{
		{`{"kty":"RSA","n":"AQ","e":"AQAB"}`, "RSA-OAEP-256"},
		{`{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}`, "ECDH-ES"},
		{`{"kty":"OKP","crv":"X25519","x":"AQ"}`, "ECDH-ES+A128KW"},
		{`{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}`, "RS256"},
	} {
		if key, err := ParsePublicJWK("id", c.key, c.alg); err == nil {
			t.Errorf("the row %s with the algorithm %s: got %+v, want an error", c.key, c.alg, key)
		}
	}
}
