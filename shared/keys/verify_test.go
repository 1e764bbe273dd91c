package keys

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

type libraryToken struct {
	Now                   int64
	Issuer, Token, Claims string
	JWKS                  json.RawMessage
}

func readLibraryToken(t *testing.T) (l libraryToken) {
	t.Helper()
	text, err := os.ReadFile("testdata/library_jwt.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &l); err != nil {
		t.Fatal(err)
	}
	return l
}

// accepted and refused check what the verifier says of a token.
func (d *deployment) accepted(t *testing.T, token string) {
	t.Helper()
	got, err := d.verifier.Verify(t.Context(), token)
	if want := (Identity{UserID: someone.Subject, SessionID: someone.SessionID}); got != want || err != nil {
		t.Errorf("Verify = %+v, %v, want %+v", got, err, want)
	}
}

func (d *deployment) refused(t *testing.T, token string) {
	t.Helper()
	got, err := d.verifier.Verify(t.Context(), token)
	if !errors.Is(err, ErrInvalidToken) || errors.Is(err, ErrUnavailable) || got != (Identity{}) {
		t.Errorf("Verify = %+v, %v, want ErrInvalidToken and nobody", got, err)
	}
}

func TestVerify_OwnTokens(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.accepted(t, d.token(t))
	d.accepted(t, d.forge(t, goodHeader(), d.goodClaims()))
	for _, set := range []Set{sets().first, sets().second} { // by keys that are retired by now
		d.accepted(t, forgeWith(t, set.Current.private, map[string]any{"alg": "RS256", "kid": set.Current.ID}, d.goodClaims()))
	}
}

// A token that better-auth 1.7.25 signed, against the keys it published.
func TestVerify_LibraryToken(t *testing.T) {
	t.Parallel()
	lib := readLibraryToken(t)
	d := deploy(t)
	d.serve(http.StatusOK, string(lib.JWKS))
	d.ns.Store(lib.Now * int64(time.Second))
	d.cfg.JWTIssuer, d.cfg.JWTAudience = lib.Issuer, lib.Issuer
	v := NewVerifier(d.cfg, d.now)
	got, err := v.Verify(t.Context(), lib.Token)
	if want := (Identity{UserID: "usrA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5"}); got != want || err != nil {
		t.Errorf("Verify = %+v, %v, want %+v", got, err, want)
	}
}

func TestR34_VerifyRefuses(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	s := sets().third
	with := func(base map[string]any, name string, value any) map[string]any {
		m := maps.Clone(base)
		if m[name] = value; value == nil {
			delete(m, name)
		}
		return m
	}
	header := func(name string, value any) string {
		return d.forge(t, with(goodHeader(), name, value), d.goodClaims())
	}
	claim := func(name string, value any) string {
		return d.forge(t, goodHeader(), with(d.goodClaims(), name, value))
	}
	now := d.now().Unix()
	good := d.token(t)
	text, signature, _ := cutLast(good)
	goodHead, rest, _ := strings.Cut(good, ".")
	payload, _, _ := strings.Cut(rest, ".")

	public, err := d.keys.Public(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := json.Marshal(public[0])
	if err != nil {
		t.Fatal(err)
	}
	hmac := func(secret []byte) string {
		token := jwt.NewWithClaims(jwt.SigningMethodHS256, d.goodClaims())
		token.Header = map[string]any{"alg": "HS256", "kid": s.Current.ID}
		text, err := token.SignedString(secret)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	other := func(method jwt.SigningMethod) string {
		token := jwt.NewWithClaims(method, d.goodClaims())
		token.Header["kid"] = s.Current.ID
		text, err := token.SignedString(s.Current.private)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	der, err := x509.MarshalPKIXPublicKey(&s.Current.private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}

	tests := map[string]string{
		"alg none":                  segment(t, with(goodHeader(), "alg", "none")) + "." + payload + ".",
		"alg None":                  segment(t, with(goodHeader(), "alg", "None")) + "." + payload + ".",
		"alg none with a signature": segment(t, with(goodHeader(), "alg", "none")) + "." + payload + "." + signature,
		"alg missing":               header("alg", nil),
		"alg unknown":               header("alg", "RS255"),
		"alg a number":              header("alg", 256),
		"HS256 with the JWK":        hmac(jwk),
		"HS256 with the PEM":        hmac([]byte(armour("PUBLIC KEY", der))),
		"HS256 with the modulus":    hmac(s.Current.private.N.Bytes()),
		"RS384":                     other(jwt.SigningMethodRS384),
		"RS512":                     other(jwt.SigningMethodRS512),
		"PS256":                     other(jwt.SigningMethodPS256),
		"typ of an access token":    header("typ", "at+jwt"),
		"typ of a logout token":     header("typ", "logout+jwt"),
		"typ empty":                 header("typ", ""),
		"typ a number":              header("typ", 1),
		"crit":                      header("crit", []string{"exp"}),
		"crit empty":                header("crit", []string{}),
		"crit b64":                  d.forge(t, map[string]any{"alg": "RS256", "kid": s.Current.ID, "b64": false, "crit": []string{"b64"}}, d.goodClaims()),
		"kid missing":               header("kid", nil),
		"kid empty":                 header("kid", ""),
		"kid a number":              header("kid", 1),
		"kid of another key":        header("kid", s.Next.ID),
		"kid unknown":               header("kid", sets().foreign.Current.ID),
		"kid a path":                header("kid", "../../etc/passwd"),
		"signed by somebody else":   forgeWith(t, sets().foreign.Current.private, goodHeader(), d.goodClaims()),
		"issuer wrong":              claim("iss", "https://evil.example"),
		"issuer with a slash":       claim("iss", origin+"/"),
		"issuer missing":            claim("iss", nil),
		"issuer a list":             claim("iss", []string{origin}),
		"audience wrong":            claim("aud", "https://evil.example"),
		"audience missing":          claim("aud", nil),
		"audience empty list":       claim("aud", []string{}),
		"audience of others":        claim("aud", []string{"https://a.example", "https://b.example"}),
		"expired":                   claim("exp", now-1),
		"expired this second":       claim("exp", now),
		"exp missing":               claim("exp", nil),
		"exp a text":                claim("exp", "never"),
		"nbf in the future":         claim("nbf", now+1),
		"nbf a text":                claim("nbf", "now"),
		"iat in the future":         claim("iat", now+61),
		"iat missing":               claim("iat", nil),
		"sub missing":               claim("sub", nil),
		"sub empty":                 claim("sub", ""),
		"sub a number":              claim("sub", 1),
		"sid a list":                claim("sid", []string{"a"}),
		"claims changed":            goodHead + "." + segment(t, with(d.goodClaims(), "sub", "admin")) + "." + signature,
		"signature cut":             good[:len(good)-4],
		"signature missing":         text + ".",
		"signature with loose bits": text + "." + signature[:len(signature)-1] + loosen(signature[len(signature)-1]),
		"signature of zeros":        text + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 256)),
		"signature padded":          good + "==",
		"line break at the end":     good + "\n",
		"line break inside":         text + ".\r\n" + signature,
		"four parts":                good + ".x",
		"two parts":                 text,
		"one part":                  goodHead,
		"nothing":                   "",
		"header not JSON":           "e30x." + payload + "." + signature,
		"header null":               "bnVsbA." + payload + "." + signature,
		"payload not JSON":          goodHead + ".e30x." + signature,
		"payload null":              d.forgeRaw(t, "null"),
		"payload an array":          d.forgeRaw(t, "[]"),
		"JSON instead of compact":   `{"payload":"` + payload + `"}`,
		"standard base64":           strings.NewReplacer("-", "+", "_", "/").Replace(good) + "+/",
		"something else altogether": "Bearer " + good,
	}
	d.accepted(t, good)
	for name, token := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d.refused(t, token)
		})
	}
}

// loosen returns a character for the same bits plus one that must be zero at the end of 256 bytes.
func loosen(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, c)|1:][:1]
}

// forgeRaw signs a payload of any text.
func (d *deployment) forgeRaw(t *testing.T, payload string) string {
	t.Helper()
	text := segment(t, goodHeader()) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	signature, err := jwt.SigningMethodRS256.Sign(text, sets().third.Current.private)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestR34_VerifyAccepts(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	now := d.now().Unix()
	tests := map[string]func(header, claims map[string]any){
		"typ JWT":                  func(h, _ map[string]any) { h["typ"] = "JWT" },
		"typ jwt":                  func(h, _ map[string]any) { h["typ"] = "jwt" },
		"one more second":          func(_, c map[string]any) { c["exp"] = now + 1 },
		"nbf now":                  func(_, c map[string]any) { c["nbf"] = now },
		"a clock a minute ahead":   func(_, c map[string]any) { c["iat"] = now + 60 },
		"we among the audiences":   func(_, c map[string]any) { c["aud"] = []string{"https://a.example", origin} },
		"claims nobody knows here": func(_, c map[string]any) { c["name"] = map[string]any{"deep": []int{1}} },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header, claims := goodHeader(), d.goodClaims()
			change(header, claims)
			d.accepted(t, d.forge(t, header, claims))
		})
	}
}

// R35: a key that the token itself brings or points to counts for nothing.
func TestR35_KeyHintsAreIgnored(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	evil := deploy(t) // publishes the foreign key
	evil.save(t, sets().foreign)
	foreign := newJWK(sets().foreign.Current.ID, &sets().foreign.Current.private.PublicKey)
	hints := map[string]any{"jku": evil.cfg.JWKSURL, "x5u": evil.cfg.JWKSURL, "jwk": foreign, "x5c": []string{"AAAA"}, "x5t": "AAAA"}
	for name, hint := range hints {
		t.Run(name, func(t *testing.T) {
			header := goodHeader()
			header[name] = hint
			d.accepted(t, d.forge(t, header, d.goodClaims())) // harmless by itself
			d.refused(t, forgeWith(t, sets().foreign.Current.private, header, d.goodClaims()))
			header["kid"] = sets().foreign.Current.ID
			d.refused(t, forgeWith(t, sets().foreign.Current.private, header, d.goodClaims()))
		})
	}
	if got := evil.asked.Load(); got != 0 {
		t.Errorf("the verifier asked the token's own address %d times, want 0", got)
	}
}
