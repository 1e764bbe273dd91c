package keys

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/shared/jwks"
)

// ParsePublicJWK returns an error, or an entry that is one JSON object without a private member.
func FuzzParsePublicJWK(f *testing.F) {
	f.Add("id", `{"kty":"RSA","n":"AQ","e":"AQAB"}`, "RS256")
	f.Add("id", `{"crv":"Ed25519","x":"AQ","kty":"OKP"}`, "")
	f.Add("\"", `{"kty":"RSA","kty":"EC","":{"d":[1]},"alg":null}`, "\x00")
	f.Fuzz(func(t *testing.T, id, publicKey, alg string) {
		key, err := ParsePublicJWK(id, publicKey, alg)
		if err != nil {
			return
		}
		text, err := json.Marshal(key)
		if err != nil {
			t.Fatalf("encode the entry %q: %v", key.text, err)
		}
		var members map[string]any
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatalf("decode the entry %q: %v", text, err)
		}
		for _, name := range privateJWKMembers {
			if _, ok := members[name]; ok {
				t.Errorf("the entry %q has the private member %q", text, name)
			}
		}
	})
}

// ParseSet returns an error, or a set that Document can write and ParseSet can read again.
func FuzzParseSet(f *testing.F) {
	text, err := keySets().third.Document()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	for _, alg := range jwks.Algorithms {
		set, err := Generate(startTime, alg)
		if err != nil {
			f.Fatal(err)
		}
		if text, err = set.Document(); err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"version":1,"next":{},"current":{},"retired":[{}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := ParseSet(text)
		if err != nil {
			return
		}
		again, err := set.Document()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseSet(again); err != nil {
			t.Errorf("ParseSet of what Document wrote: %v", err)
		}
	})
}

// VerifyJWS accepts one encoding of a signed text only, and returns ErrBadSignature or ErrUnknownKey for every other
// text.
func FuzzVerifyJWS(f *testing.F) {
	key := keySets().third.Current
	published, err := json.Marshal(map[string]any{"keys": []JWK{key.public}})
	if err != nil {
		f.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"RS256","typ":"note+jws","kid":"`+key.ID+`"}`)) + "." + encode([]byte("one note"))
	signature, err := jwt.SigningMethodRS256.Sign(text, key.private.Signer)
	if err != nil {
		f.Fatal(err)
	}
	good := text + "." + encode(signature)
	for _, seed := range []string{
		good, "", "..", text + ".", good + "\n", strings.Replace(good, ".", "..", 1), good[:len(good)-1] + "B",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		payload, _, err := VerifyJWS(published, noteType, text)
		rejected := (errors.Is(err, ErrBadSignature) || errors.Is(err, ErrUnknownKey)) && payload == nil
		if text == good && err != nil || text != good && !rejected {
			t.Errorf("VerifyJWS(%q): got the payload %q and the error %v; only %q is valid", text, payload, err, good)
		}
	})
}
