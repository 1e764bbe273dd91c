package jwtverify

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// betterAuthToken is a token that Better Auth signed, with the keys that it published.
type betterAuthToken struct {
	Now           int64
	Issuer, Token string
	JWKS          json.RawMessage
}

func readBetterAuthToken(t *testing.T) (b betterAuthToken) {
	t.Helper()
	text, err := os.ReadFile("../shared/keys/testdata/better_auth_jwt.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVerifyAcceptsTokensOfXenon(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.checkAccepted(t, d.newToken(t))
	d.checkAccepted(t, signToken(t, goodHeader(), d.goodClaims()))
	for _, set := range []testSet{keySets().first, keySets().second} { // their keys are retired in the third set
		header := map[string]any{"alg": "RS256", "kid": set.current.id}
		d.checkAccepted(t, signWithKey(t, set.current.private, header, d.goodClaims()))
	}
}

func TestVerifyAcceptsTokenOfBetterAuth(t *testing.T) {
	t.Parallel()
	b := readBetterAuthToken(t)
	d := newDeployment(t)
	d.SetResponse(http.StatusOK, string(b.JWKS))
	d.Set(time.Unix(b.Now, 0))
	d.cfg.JWTIssuer, d.cfg.JWTAudience = b.Issuer, b.Issuer
	got, err := d.newVerifier().Verify(t.Context(), b.Token)
	if got.UserID != "usrA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5" || got.SessionID != "" || err != nil {
		t.Errorf("Verify = %+v, %v, want the user of the token and no session", got, err)
	}
}

// Decode returns all claims, whether or not Verify found the token in its cache.
func TestDecodeReturnsAllClaims(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	token := d.newToken(t)
	for range 2 {
		claims, err := d.verifier.Verify(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Sub, Sid, Name, Email string
			Exp                   int64
		}
		if err := claims.Decode(&got); err != nil {
			t.Fatal(err)
		}
		if got.Sub != claims.UserID || got.Sid != claims.SessionID || got.Exp != claims.ExpiresAt.Unix() ||
			got.Name != "Zoë <b>" || got.Email != "zoe@example.com" {
			t.Errorf("Decode: got %+v, want the values of %+v, the name Zoë <b> and the email zoe@example.com", got, claims)
		}
		if err := claims.Decode(new(int)); err == nil {
			t.Error("Decode into a number returned no error, want one")
		}
	}
	if err := (Claims{}).Decode(new(any)); err == nil {
		t.Error("Decode of claims that Verify did not return gave no error, want one")
	}
}

func TestNewNamesTheOptionThatIsWrong(t *testing.T) {
	t.Parallel()
	good := Options{JWKSURL: "https://learn.example.com/api/auth/jwks", Issuer: origin, Audience: origin}
	if _, err := New(good); err != nil {
		t.Errorf("New with good options: got the error %v, want none", err)
	}
	for want, change := range map[string]func(*Options){
		"Options.Issuer":                 func(o *Options) { o.Issuer = "" },
		"Options.Audience":               func(o *Options) { o.Audience = "" },
		`Options.JWKSURL ""`:             func(o *Options) { o.JWKSURL = "" },
		`Options.JWKSURL "http://["`:     func(o *Options) { o.JWKSURL = "http://[" },
		`Options.JWKSURL "/jwks"`:        func(o *Options) { o.JWKSURL = "/jwks" },
		`Options.JWKSURL "file:///jwks"`: func(o *Options) { o.JWKSURL = "file:///jwks" },
	} {
		o := good
		change(&o)
		if v, err := New(o); v != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v, %v, want an error with %q", v, err, want)
		}
	}
}

// If Options.Issuer or Options.Audience is wrong, the error shows the value in the token and the value of the option.
func TestVerifyShowsBothValuesOfAWrongOption(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	token := d.newToken(t)
	for name, options := range map[string]Options{
		"iss": {JWKSURL: d.cfg.JWKSURL, Issuer: "https://other.example", Audience: origin, Now: d.Now},
		"aud": {JWKSURL: d.cfg.JWKSURL, Issuer: origin, Audience: "https://other.example", Now: d.Now},
	} {
		_, err := MustNew(options).Verify(t.Context(), token)
		if !errors.Is(err, ErrInvalidToken) {
			t.Errorf("Verify with another %s in the options: got %v, want ErrInvalidToken", name, err)
			continue
		}
		for _, want := range []string{name + " is ", origin, "https://other.example"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("Verify with another %s in the options: got %v, want an error with %q", name, err, want)
			}
		}
	}
}

func TestR34_VerifyRejectsInvalidTokens(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	s := keySets().third
	with := func(base map[string]any, name string, value any) map[string]any {
		m := maps.Clone(base)
		if m[name] = value; value == nil {
			delete(m, name)
		}
		return m
	}
	header := func(name string, value any) string {
		return signToken(t, with(goodHeader(), name, value), d.goodClaims())
	}
	claim := func(name string, value any) string {
		return signToken(t, goodHeader(), with(d.goodClaims(), name, value))
	}
	now := d.Now().Unix()
	good := d.newToken(t)
	text, signature := splitSignature(good)
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
	signHS256 := func(secret []byte) string {
		token := jwt.NewWithClaims(jwt.SigningMethodHS256, d.goodClaims())
		token.Header = map[string]any{"alg": "HS256", "kid": s.current.id}
		text, err := token.SignedString(secret)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	signWith := func(method jwt.SigningMethod) string {
		token := jwt.NewWithClaims(method, d.goodClaims())
		token.Header["kid"] = s.current.id
		text, err := token.SignedString(s.current.private)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	der, err := x509.MarshalPKIXPublicKey(&s.current.private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}

	critB64 := map[string]any{"alg": "RS256", "kid": s.current.id, "b64": false, "crit": []string{"b64"}}
	tests := map[string]string{
		"alg none":                  encodeSegment(t, with(goodHeader(), "alg", "none")) + "." + payload + ".",
		"alg None":                  encodeSegment(t, with(goodHeader(), "alg", "None")) + "." + payload + ".",
		"alg none with a signature": encodeSegment(t, with(goodHeader(), "alg", "none")) + "." + payload + "." + signature,
		"alg missing":               header("alg", nil),
		"alg unknown":               header("alg", "RS255"),
		"alg a number":              header("alg", 256),
		"HS256 with the JWK":        signHS256(jwk),
		"HS256 with the PEM":        signHS256(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		"HS256 with the modulus":    signHS256(s.current.private.N.Bytes()),
		"RS384":                     signWith(jwt.SigningMethodRS384),
		"RS512":                     signWith(jwt.SigningMethodRS512),
		"PS256":                     signWith(jwt.SigningMethodPS256),
		"typ of an access token":    header("typ", "at+jwt"),
		"typ of a logout token":     header("typ", "logout+jwt"),
		"typ empty":                 header("typ", ""),
		"typ a number":              header("typ", 1),
		"crit":                      header("crit", []string{"exp"}),
		"crit empty":                header("crit", []string{}),
		"crit b64":                  signToken(t, critB64, d.goodClaims()),
		"kid missing":               header("kid", nil),
		"kid empty":                 header("kid", ""),
		"kid a number":              header("kid", 1),
		"kid of another key":        header("kid", s.next.id),
		"kid unknown":               header("kid", keySets().foreign.current.id),
		"kid a path":                header("kid", "../../etc/passwd"),
		"signed by another key":     signWithKey(t, keySets().foreign.current.private, goodHeader(), d.goodClaims()),
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
		"claims changed": goodHead + "." + encodeSegment(
			t,
			with(d.goodClaims(), "sub", "admin"),
		) + "." + signature,
		"signature cut":             good[:len(good)-4],
		"signature missing":         text + ".",
		"signature with loose bits": text + "." + signature[:len(signature)-1] + withUnusedBits(signature[len(signature)-1]),
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
		"payload null":              signPayload(t, "null"),
		"payload an array":          signPayload(t, "[]"),
		"JSON instead of compact":   `{"payload":"` + payload + `"}`,
		"standard base64":           strings.NewReplacer("-", "+", "_", "/").Replace(good) + "+/",
		"with the prefix Bearer":    "Bearer " + good,
	}
	d.checkAccepted(t, good)
	for name, token := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d.checkRejected(t, token)
		})
	}
}

// withUnusedBits changes the last base64 character of a signature so that it decodes to the same bytes but sets a
// padding bit.
func withUnusedBits(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, c)|1:][:1]
}

// signPayload returns a signed token with a payload that need not be JSON.
func signPayload(t *testing.T, payload string) string {
	t.Helper()
	text := encodeSegment(t, goodHeader()) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	signature, err := jwt.SigningMethodRS256.Sign(text, keySets().third.current.private)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestR34_VerifyAcceptsUnusualValidTokens(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	now := d.Now().Unix()
	tests := map[string]func(header, claims map[string]any){
		"typ JWT":                func(h, _ map[string]any) { h["typ"] = "JWT" },
		"typ jwt":                func(h, _ map[string]any) { h["typ"] = "jwt" },
		"one more second":        func(_, c map[string]any) { c["exp"] = now + 1 },
		"nbf now":                func(_, c map[string]any) { c["nbf"] = now },
		"a clock a minute ahead": func(_, c map[string]any) { c["iat"] = now + 60 },
		"several audiences":      func(_, c map[string]any) { c["aud"] = []string{"https://a.example", origin} },
		"unknown claims":         func(_, c map[string]any) { c["name"] = map[string]any{"deep": []int{1}} },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header, claims := goodHeader(), d.goodClaims()
			change(header, claims)
			d.checkAccepted(t, signToken(t, header, claims))
		})
	}
}

// R35: the verifier uses no key that a token contains or points to.
func TestR35_KeyHintsAreIgnored(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	attacker := newDeployment(t) // its JWKS has the foreign key
	attacker.saveKeys(t, keySets().foreign)
	hints := map[string]any{
		"jku": attacker.cfg.JWKSURL, "x5u": attacker.cfg.JWKSURL, "jwk": keySets().foreign.current.jwk(),
		"x5c": []string{"AAAA"}, "x5t": "AAAA",
	}
	for name, hint := range hints {
		t.Run(name, func(t *testing.T) {
			header := goodHeader()
			header[name] = hint
			d.checkAccepted(t, signToken(t, header, d.goodClaims())) // the right key signed it; the hint is ignored
			d.checkRejected(t, signWithKey(t, keySets().foreign.current.private, header, d.goodClaims()))
			header["kid"] = keySets().foreign.current.id
			d.checkRejected(t, signWithKey(t, keySets().foreign.current.private, header, d.goodClaims()))
		})
	}
	if got := attacker.Requests.Load(); got != 0 {
		t.Errorf("the verifier called the URL in the token %d times, want 0", got)
	}
}
