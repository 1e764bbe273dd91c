package jwks_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/jwks"
)

// The keys of RFC 7515, appendix A.3, and of RFC 8037, appendix A.2.
const (
	ecJWK = `{"kty":"EC","crv":"P-256","kid":"ec",` +
		`"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`
	okpJWK = `{"kty":"OKP","crv":"Ed25519","kid":"okp","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
)

func withMember(key, member string) string { return strings.TrimSuffix(key, "}") + "," + member + "}" }

// The type of a key decides its algorithm; a key whose alg says something else is skipped.
func TestParseKeyReturnsAlgorithmOfTheKey(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		ecJWK:                                           "ES256",
		withMember(ecJWK, `"alg":"ES256"`):              "ES256",
		withMember(ecJWK, `"use":"sig"`):                "ES256",
		withMember(ecJWK, `"alg":"RS256"`):              "",
		withMember(ecJWK, `"alg":"ECDH-ES"`):            "",
		withMember(ecJWK, `"use":"enc"`):                "",
		okpJWK:                                          "EdDSA",
		withMember(okpJWK, `"alg":"EdDSA"`):             "EdDSA",
		withMember(okpJWK, `"alg":"ES256"`):             "",
		withMember(okpJWK, `"key_ops":[]`):              "",
		withMember(okpJWK, `"kid":""`):                  "",
		strings.ReplaceAll(okpJWK, "Ed", "X"):           "",
		strings.Replace(ecJWK, "P-256", "P-384", 1):     "",
		strings.Replace(ecJWK, `"x":"f8`, `"x":"g8`, 1): "", // not on the curve
		strings.Replace(okpJWK, `"11q`, `"1q`, 1):       "", // too short
		strings.Replace(okpJWK, "OKP", "EC", 1):         "",
		strings.Replace(ecJWK, "EC", "RSA", 1):          "",
	} {
		parsed, ok := jwks.ParseKey(json.RawMessage(key))
		if got := parsed.Marshal().ALG.String(); ok != (want != "") || ok && got != want {
			t.Errorf("ParseKey(%s): got the algorithm %q, %v, want %q", key, got, ok, want)
		}
		if ok && jwks.Algorithm(parsed.Key()) != want {
			t.Errorf("key %s: Algorithm = %q, want %q", key, jwks.Algorithm(parsed.Key()), want)
		}
	}
}

func TestParseReturnsKeysOfAllAlgorithms(t *testing.T) {
	t.Parallel()
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal([]byte(goodJWKS(t)), &set); err != nil {
		t.Fatal(err)
	}
	set.Keys = append([]json.RawMessage{json.RawMessage(okpJWK), json.RawMessage(ecJWK)}, set.Keys...)
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := jwks.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, key := range keys {
		got = append(got, key.Marshal().ALG.String())
	}
	if diff := cmp.Diff([]string{"EdDSA", "ES256", "RS256"}, got); diff != "" {
		t.Errorf("algorithms of the returned keys (-want +got):\n%s", diff)
	}
}
