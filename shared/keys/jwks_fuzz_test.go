package keys

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// Whatever stands at JWKS_URL, it is keys that can verify our tokens, each with its name, or an error.
func FuzzJWKS(f *testing.F) {
	key := sets().third.Current
	text, err := json.Marshal(map[string]any{"keys": []JWK{newJWK(key.ID, &key.private.PublicKey)}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	for _, seed := range []string{`{"keys":[{}]}`, `{"keys":[{"kty":"RSA","kid":"x","n":"AQ","e":"AQAB"}]}`, `{"keys":null}`, `<!doctype html>`, `[]`, `{"keys":[{"kty":"RSA","e":"` + strings.Repeat("A", 99) + `"}]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := parseJWKS(text)
		if (err == nil) != (len(keys) > 0) {
			t.Errorf("got %d keys, %v", len(keys), err)
		}
		for _, k := range keys {
			public, ok := k.Key().(*rsa.PublicKey)
			if !ok || public.N.BitLen() < MinBits || k.Marshal().KID == "" {
				t.Errorf("%q is taken", text)
			}
		}
	})
}

// Whatever comes as a seal, it is the one text that was sealed, in its one spelling, or an error that says which kind.
func FuzzUnseal(f *testing.F) {
	key := sets().third.Current
	jwks, err := json.Marshal(map[string]any{"keys": []JWK{newJWK(key.ID, &key.private.PublicKey)}})
	if err != nil {
		f.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"RS256","typ":"note+jws","kid":"`+key.ID+`"}`)) + "." + encode([]byte("one note"))
	signature, err := jwt.SigningMethodRS256.Sign(text, key.private)
	if err != nil {
		f.Fatal(err)
	}
	good := text + "." + encode(signature)
	for _, seed := range []string{good, "", "..", text + ".", good + "\n", strings.Replace(good, ".", "..", 1), good[:len(good)-1] + "B"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sealed string) {
		payload, _, err := Unseal(jwks, noteType, sealed)
		if (sealed == good) != (err == nil) || err != nil && !errors.Is(err, ErrBadSeal) && !errors.Is(err, ErrUnknownKey) || err != nil && payload != nil {
			t.Errorf("%q: got %q, %v", sealed, payload, err)
		}
	})
}
