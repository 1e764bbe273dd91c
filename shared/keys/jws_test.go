package keys

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

const noteType = "note+jws"

// publishedJWKS returns the JWKS of the deployment.
func (d *deployment) publishedJWKS(t *testing.T) []byte {
	t.Helper()
	public, err := d.keys.Public(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{"keys": public})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// segmentText returns a text as a segment of a JWS.
func segmentText(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// signNote returns the JWS of a payload of the type noteType.
func (d *deployment) signNote(t *testing.T, payload string) string {
	t.Helper()
	text, err := keySets().third.SignJWS(noteType, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestVerifyJWSReturnsWhatSignJWSSigned(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	text, kid := d.signNote(t, "one note"), keySets().third.Current.ID
	if header, _ := tokenParts(t, text); header != `{"alg":"RS256","typ":"note+jws","kid":"`+kid+`"}` {
		t.Errorf("got the header %s, want the type %s and the key %s", header, noteType, kid)
	}
	var published struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(d.publishedJWKS(t), &published); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(published.Keys)
	reversed, err := json.Marshal(published)
	if err != nil {
		t.Fatal(err)
	}
	for _, keys := range [][]byte{d.publishedJWKS(t), reversed} {
		payload, by, err := VerifyJWS(keys, noteType, text)
		if string(payload) != "one note" || by != kid || err != nil {
			t.Errorf("VerifyJWS = %q, key %s, %v, want the signed payload and key %s", payload, by, err, kid)
		}
	}
	for _, typ := range []string{"", "JWT", "jwt"} {
		if _, err := keySets().third.SignJWS(typ, nil); err == nil {
			t.Errorf("SignJWS with typ %q returned no error, want one", typ)
		}
	}
}

// The verifier rejects a signed text even if its payload has all claims of a token, and VerifyJWS rejects a token.
func TestR34_SignedTextIsNotAToken(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	claims, err := json.Marshal(d.goodClaims())
	if err != nil {
		t.Fatal(err)
	}
	d.checkRejected(t, d.signNote(t, string(claims)))
	d.checkRejected(t, d.signNote(t, `{"digest":"sha256:00"}`))
	if _, _, err := VerifyJWS(d.publishedJWKS(t), noteType, d.newToken(t)); !errors.Is(err, ErrBadSignature) {
		t.Errorf("VerifyJWS of a token: got %v, want ErrBadSignature", err)
	}
}

func TestVerifyJWSRejectsOtherTexts(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	published, text := d.publishedJWKS(t), d.signNote(t, "one note")
	for i := range len(text) {
		altered := []byte(text)
		if altered[i] = 'A'; text[i] == 'A' {
			altered[i] = 'B'
		}
		_, _, err := VerifyJWS(published, noteType, string(altered))
		if !errors.Is(err, ErrBadSignature) && !errors.Is(err, ErrUnknownKey) {
			t.Fatalf("VerifyJWS with character %d altered: got %v, want ErrBadSignature or ErrUnknownKey", i, err)
		}
	}
	signWithHeader := func(encodeHeader string) string {
		text := segmentText(encodeHeader) + "." + segmentText("one note")
		signature, err := jwt.SigningMethodRS256.Sign(text, keySets().foreign.Current.private.Signer)
		if err != nil {
			t.Fatal(err)
		}
		return text + "." + segmentText(string(signature))
	}
	encodeHeader := func(alg, typ, kid string) string {
		return `{"alg":"` + alg + `","typ":"` + typ + `","kid":"` + kid + `"}`
	}
	ours, foreign := keySets().third.Current.ID, keySets().foreign.Current.ID
	unsigned := segmentText(`{"alg":"none","typ":"note+jws"}`) + "." + segmentText("x") + "."
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"a longer header":             {strings.Replace(text, ".", "x.", 1), ErrBadSignature},
		"empty":                       {"", ErrBadSignature},
		"line break":                  {text + "\n", ErrBadSignature},
		"four parts":                  {text + ".", ErrBadSignature},
		"unsigned":                    {unsigned, ErrBadSignature},
		"another deployment's key":    {signWithHeader(encodeHeader("RS256", noteType, foreign)), ErrUnknownKey},
		"another key with our kid":    {signWithHeader(encodeHeader("RS256", noteType, ours)), ErrBadSignature},
		"no kid":                      {signWithHeader(`{"alg":"RS256","typ":"note+jws"}`), ErrUnknownKey},
		"signed as another type":      {signWithHeader(encodeHeader("RS256", "other+jws", "x")), ErrBadSignature},
		"symmetric with a public key": {signWithHeader(encodeHeader("HS256", noteType, ours)), ErrBadSignature},
	} {
		if _, _, err := VerifyJWS(published, noteType, c.text); !errors.Is(err, c.want) {
			t.Errorf("VerifyJWS, %s: got %v, want %v", name, err, c.want)
		}
	}
	_, _, err := VerifyJWS([]byte(`{"keys":[]}`), noteType, text)
	if err == nil || errors.Is(err, ErrBadSignature) || errors.Is(err, ErrUnknownKey) {
		t.Errorf("VerifyJWS with an empty JWKS: got %v, want an error about the JWKS", err)
	}
}
