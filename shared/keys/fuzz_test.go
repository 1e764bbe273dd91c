package keys

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
)

// Whatever comes as a token, the answer is its owner or ErrInvalidToken.
func FuzzVerify(f *testing.F) {
	key := sets().third.Current
	text, err := json.Marshal(map[string]any{"keys": []JWK{newJWK(key.ID, &key.private.PublicKey)}})
	if err != nil {
		f.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(text) }))
	f.Cleanup(server.Close)
	c := newClock()
	cfg := config.Config{JWKSURL: server.URL, JWTIssuer: origin, JWTAudience: origin, JWTExpiresIn: config.DefaultJWTExpiresIn}
	good, err := New(nil, cfg, c.now).sign(&key, someone, nil, c.now())
	if err != nil {
		f.Fatal(err)
	}
	v := NewVerifier(cfg, c.now)
	f.Add(good)
	f.Add("e30.e30.")
	f.Add(`eyJhbGciOiJub25lIn0.e30.`)
	f.Fuzz(func(t *testing.T, token string) {
		who, err := v.Verify(t.Context(), token)
		if token == good && err == nil && who.UserID == someone.Subject {
			return
		}
		if !errors.Is(err, ErrInvalidToken) || who != (Identity{}) {
			t.Errorf("Verify = %+v, %v, want ErrInvalidToken", who, err)
		}
	})
}

// Whatever stands in a row of the library's table, what is published is one JSON object without a private member.
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
			t.Fatalf("entry %q: %v", key.text, err)
		}
		var members map[string]any
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatalf("entry %q: %v", text, err)
		}
		for _, name := range privateMembers {
			if _, ok := members[name]; ok {
				t.Errorf("entry %q has %q", text, name)
			}
		}
	})
}

// Whatever the document is, it is a set that can be written and read again, or an error.
func FuzzParseSet(f *testing.F) {
	text, err := sets().third.Document()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
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
			t.Error(err)
		}
	})
}
