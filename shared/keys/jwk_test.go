package keys

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPublicReturnsPublishedKeys(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	publishedIDs := func() (ids []string) {
		t.Helper()
		public, err := d.keys.Public(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range public {
			text, err := json.Marshal(key)
			if err != nil {
				t.Fatal(err)
			}
			var m struct{ N string }
			if err := json.Unmarshal(text, &m); err != nil || len(m.N) != 342 {
				t.Fatalf("%s is not the entry of a 2048-bit key (%v)", text, err)
			}
			want := `{"alg":"RS256","kty":"RSA","n":"` + m.N + `","e":"AQAB","kid":"` + key.KeyID + `","use":"sig"}`
			if string(text) != want {
				t.Errorf("entry of a published key: got %s, want %s", text, want)
			}
			ids = append(ids, key.KeyID)
		}
		return ids
	}
	s := keySets()
	want := []string{s.third.Current.ID, s.third.Next.ID, s.second.Current.ID, s.first.Current.ID}
	if got := publishedIDs(); !cmp.Equal(got, want) {
		t.Errorf("published keys: got %v, want the current, the next and the retired keys %v", got, want)
	}
	d.Advance(6*24*time.Hour + MaxPropagation) // the oldest key was retired a day before the start of the clock
	if got := publishedIDs(); !cmp.Equal(got, want[:3]) {
		t.Errorf("published keys after the time of the oldest one: got %v, want %v", got, want[:3])
	}
}

func TestParsePublicJWKEqualsBetterAuth(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/better_auth_jwks_rows.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Rows []struct{ ID, PublicKey, Alg, Entry string }
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Rows) < 5 {
		t.Fatalf("testdata/better_auth_jwks_rows.json has %d rows, want one for each of the five algorithms", len(file.Rows))
	}
	for _, row := range file.Rows {
		t.Run(row.Alg, func(t *testing.T) {
			t.Parallel()
			key, err := ParsePublicJWK(row.ID, row.PublicKey, row.Alg)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(key)
			want := strings.TrimSuffix(row.Entry, "}") + `,"use":"sig"}`
			if err != nil || string(got) != want || key.KeyID != row.ID {
				t.Errorf("entry of the row: got %s (%v), want %s", got, err, want)
			}
		})
	}
}

func TestParsePublicJWKOrdersMembers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ publicKey, alg, want string }{
		"an RSA row without alg": {
			`{"kty":"RSA","n":"AQ","e":"AQAB"}`, "",
			`{"alg":"RS256","kty":"RSA","n":"AQ","e":"AQAB","kid":"id","use":"sig"}`,
		},
		"an OKP row without alg": {
			`{"crv":"Ed25519","x":"AQ","kty":"OKP"}`, "",
			`{"alg":"EdDSA","crv":"Ed25519","x":"AQ","kty":"OKP","kid":"id","use":"sig"}`,
		},
		"an EC row without alg": {
			`{"kty":"EC","crv":"P-521","x":"AQ","y":"AQ"}`, "",
			`{"alg":"ES512","crv":"P-521","kty":"EC","x":"AQ","y":"AQ","kid":"id","use":"sig"}`,
		},
		"a curve without an alg": {
			`{"crv":"Ed448","x":"AQ","kty":"OKP"}`, "",
			`{"crv":"Ed448","x":"AQ","kty":"OKP","kid":"id","use":"sig"}`,
		},
		"alg and kid inside": {
			`{"kid":"x","alg":"PS256","kty":"RSA","n":"AQ","e":"AQAB"}`, "RS256",
			`{"alg":"PS256","kid":"id","kty":"RSA","n":"AQ","e":"AQAB","use":"sig"}`,
		},
		"more members": {
			` { "kty" : "RSA", "key_ops": ["verify"], "n":"AQ","e":"AQAB" } `, "RS256",
			`{"alg":"RS256","kty":"RSA","key_ops":["verify"],"n":"AQ","e":"AQAB","kid":"id","use":"sig"}`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := ParsePublicJWK("id", test.publicKey, test.alg)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := json.Marshal(key); err != nil || string(got) != test.want {
				t.Errorf("entry of the row: got %s (%v), want %s", got, err, test.want)
			}
		})
	}
}

func TestR39_ParsePublicJWKRejectsPrivateAndMalformedKeys(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"a private RSA key":       `{"kty":"RSA","n":"AQ","e":"AQAB","d":"SECRET"}`,
		"a prime":                 `{"kty":"RSA","n":"AQ","e":"AQAB","p":"SECRET"}`,
		"a private OKP key":       `{"kty":"OKP","crv":"Ed25519","x":"AQ","d":"SECRET"}`,
		"a symmetric key":         `{"kty":"oct","k":"SECRET"}`,
		"kind of a symmetric key": `{"kty":"oct"}`,
		"no kind":                 `{"n":"SECRET"}`,
		"an unknown kind":         `{"kty":"SECRET"}`,
		"an array":                `["SECRET"]`,
		"null":                    `null`,
		"nothing":                 ``,
		"cut off":                 `{"kty":"RSA","n":"SECRET`,
	}
	for name, publicKey := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, alg := range []string{"RS256", ""} {
				_, err := ParsePublicJWK("id", publicKey, alg)
				if err == nil || strings.Contains(err.Error(), "SECRET") {
					t.Errorf("ParsePublicJWK with alg %q: %v, want an error without the value", alg, err)
				}
			}
		})
	}
}

func TestEncodeJWKSWritesWhatMarshalWrites(t *testing.T) {
	t.Parallel()
	spaced, err := ParsePublicJWK("a", `{ "kty": "RSA", "n": "AQAB", "e": "AQAB", "key_ops": [ "verify" ] }`, "RS256")
	if err != nil {
		t.Fatal(err)
	}
	for _, published := range [][]JWK{{}, {spaced}, {keySets().third.Current.public, spaced}} {
		want, err := json.Marshal(map[string][]JWK{"keys": published})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(EncodeJWKS(published)); got != string(want) {
			t.Errorf("EncodeJWKS wrote\n%s, want\n%s", got, want)
		}
	}
}
