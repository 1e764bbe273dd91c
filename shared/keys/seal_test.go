package keys

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

const noteType = "note+jws"

func (d *deployment) published(t *testing.T) []byte {
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

func segmentText(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func (d *deployment) seal(t *testing.T, payload string) string {
	t.Helper()
	sealed, err := sets().third.Seal(noteType, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestUnsealReturnsWhatSealSigned(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	sealed, kid := d.seal(t, "one note"), sets().third.Current.ID
	if header, _ := parts(t, sealed); header != `{"alg":"RS256","typ":"note+jws","kid":"`+kid+`"}` {
		t.Errorf("got header %s", header)
	}
	payload, by, err := Unseal(d.published(t), noteType, sealed)
	if string(payload) != "one note" || by != kid || err != nil {
		t.Errorf("got %q by %s, %v", payload, by, err)
	}
	for _, typ := range []string{"", "JWT", "jwt"} {
		if _, err := sets().third.Seal(typ, nil); err == nil {
			t.Errorf("sealed as typ %q", typ)
		}
	}
}

// The verifier refuses a seal even if its payload has all claims of a token, and Unseal refuses a token.
func TestR34_SealIsNoToken(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	claims, err := json.Marshal(d.goodClaims())
	if err != nil {
		t.Fatal(err)
	}
	d.checkRefused(t, d.seal(t, string(claims)))
	d.checkRefused(t, d.seal(t, `{"digest":"sha256:00"}`))
	if _, _, err := Unseal(d.published(t), noteType, d.token(t)); !errors.Is(err, ErrBadSeal) {
		t.Errorf("a token as a seal: got %v", err)
	}
}

func TestUnsealRefuses(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	published, sealed := d.published(t), d.seal(t, "one note")
	for i := range len(sealed) {
		altered := []byte(sealed)
		if altered[i] = 'A'; sealed[i] == 'A' {
			altered[i] = 'B'
		}
		_, _, err := Unseal(published, noteType, string(altered))
		if !errors.Is(err, ErrBadSeal) && !errors.Is(err, ErrUnknownKey) {
			t.Fatalf("character %d altered: got %v", i, err)
		}
	}
	signed := func(header string) string {
		text := segmentText(header) + "." + segmentText("one note")
		signature, err := jwt.SigningMethodRS256.Sign(text, sets().foreign.Current.private)
		if err != nil {
			t.Fatal(err)
		}
		return text + "." + segmentText(string(signature))
	}
	header := func(alg, typ, kid string) string {
		return `{"alg":"` + alg + `","typ":"` + typ + `","kid":"` + kid + `"}`
	}
	ours, foreign := sets().third.Current.ID, sets().foreign.Current.ID
	unsigned := segmentText(`{"alg":"none","typ":"note+jws"}`) + "." + segmentText("x") + "."
	for name, c := range map[string]struct {
		sealed string
		want   error
	}{
		"another type":                {strings.Replace(sealed, ".", "x.", 1), ErrBadSeal},
		"empty":                       {"", ErrBadSeal},
		"line break":                  {sealed + "\n", ErrBadSeal},
		"four parts":                  {sealed + ".", ErrBadSeal},
		"unsigned":                    {unsigned, ErrBadSeal},
		"another deployment's key":    {signed(header("RS256", noteType, foreign)), ErrUnknownKey},
		"another key with our kid":    {signed(header("RS256", noteType, ours)), ErrBadSeal},
		"no kid":                      {signed(`{"alg":"RS256","typ":"note+jws"}`), ErrUnknownKey},
		"a seal of another type":      {signed(header("RS256", "other+jws", "x")), ErrBadSeal},
		"symmetric with a public key": {signed(header("HS256", noteType, ours)), ErrBadSeal},
	} {
		if _, _, err := Unseal(published, noteType, c.sealed); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	_, _, err := Unseal([]byte(`{"keys":[]}`), noteType, sealed)
	if err == nil || errors.Is(err, ErrBadSeal) || errors.Is(err, ErrUnknownKey) {
		t.Errorf("no keys: got %v", err)
	}
}
