package keys

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/secrets"
)

// tokenParts returns the header and the payload of a token as text.
func tokenParts(t *testing.T, token string) (header, payload string) {
	t.Helper()
	segments := strings.Split(token, ".")
	if len(segments) != 3 {
		t.Fatalf("the token has %d parts, want 3", len(segments))
	}
	var text [2]string
	for i := range text {
		b, err := base64.RawURLEncoding.DecodeString(segments[i])
		if err != nil {
			t.Fatal(err)
		}
		text[i] = string(b)
	}
	return text[0], text[1]
}

// Supabase's clients and gateways require the audience authenticated.
func TestSupabaseClaimsHaveASecondAudience(t *testing.T) {
	t.Parallel()
	for own, want := range map[string]string{
		origin: `,"aud":["` + origin + `","authenticated"],`, "authenticated": `,"aud":["authenticated"],`,
		`a "b"`: `,"aud":["a \"b\"","authenticated"],`,
	} {
		d := newDeployment(t)
		d.cfg.JWTClaims, d.cfg.JWTAudience = config.SupabaseClaims, own
		d.keys, d.verifier = New(secrets.New(d.cfg, d.Now), d.cfg, d.Now), d.newVerifier()
		token := d.newToken(t)
		if _, payload := tokenParts(t, token); !strings.Contains(payload, want) {
			t.Errorf("JWT_AUDIENCE=%s: got the claims %s, want %s in them", own, payload, want)
		}
		d.checkAccepted(t, token)
	}
}

func TestR36_TokenNamesUserAndSession(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	token := d.newToken(t)
	header, payload := tokenParts(t, token)
	if want := `{"alg":"RS256","kid":"` + keySets().third.Current.ID + `"}`; header != want {
		t.Errorf("header of the token: got %s, want %s", header, want)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(payload), &got); err != nil {
		t.Fatal(err)
	}
	jti, _ := got["jti"].(string)
	delete(got, "jti")
	now := float64(d.Now().Unix())
	want := map[string]any{
		"sub": testClaims.Subject, "sid": testClaims.SessionID, "iss": origin, "aud": origin, "iat": now, "exp": now + 604800,
		"name": "Zoë <b>", "email": "zoe@example.com",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claims of the token (-want +got):\n%s", diff)
	}
	if len(jti) < 26 { // characters of base32: 130 bits
		t.Errorf("jti %q is shorter than 128 bits", jti)
	}
	if strings.Contains(payload, `\u003c`) {
		t.Error("the claims are escaped for HTML, which JavaScript does not do")
	}

	text, signature, _ := splitSignature(token)
	raw, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil {
		t.Fatal(err)
	}
	if err := jwt.SigningMethodRS256.Verify(text, raw, keySets().third.Current.private.Public()); err != nil {
		t.Errorf("verify the signature with the current key: %v", err)
	}
}

func splitSignature(token string) (text, signature string, ok bool) {
	i := strings.LastIndexByte(token, '.')
	return token[:i], token[i+1:], i > 0
}

func TestR36_ClaimsUseTheSettings(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.cfg.JWTIssuer, d.cfg.JWTAudience, d.cfg.JWTExpiresIn = "https://issuer.example", "the-audience", 15*time.Minute
	token, err := New(secrets.New(d.cfg, d.Now), d.cfg, d.Now).Sign(t.Context(), Claims{Subject: "u", SessionID: "s"})
	if err != nil {
		t.Fatal(err)
	}
	_, payload := tokenParts(t, token)
	var got struct {
		Iss, Aud string
		Iat, Exp int64
	}
	if err := json.Unmarshal([]byte(payload), &got); err != nil {
		t.Fatal(err)
	}
	if got.Iss != "https://issuer.example" || got.Aud != "the-audience" || got.Exp-got.Iat != 900 {
		t.Errorf("got the claims %s, want issuer, audience and 15 minutes from the settings", payload)
	}
}

func TestR36_EveryTokenHasItsOwnID(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	seen := map[any]bool{}
	for range 200 {
		var claims map[string]any
		if err := json.Unmarshal(d.keys.encodePayload(testClaims, d.Now()), &claims); err != nil {
			t.Fatal(err)
		}
		if seen[claims["jti"]] {
			t.Fatalf("jti %v is a duplicate", claims["jti"])
		}
		seen[claims["jti"]] = true
	}
}

// betterAuthToken holds the claims of a token that Better Auth signed.
type betterAuthToken struct {
	Now            int64
	Issuer, Claims string
}

func readBetterAuthToken(t *testing.T) (b betterAuthToken) {
	t.Helper()
	text, err := os.ReadFile("testdata/better_auth_jwt.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	return b
}

// The claims of a token begin with Better Auth's, in Better Auth's order and with the same bytes.
func TestClaimsBeginWithThoseOfBetterAuth(t *testing.T) {
	t.Parallel()
	b := readBetterAuthToken(t)
	_, members, _ := strings.Cut(b.Claims, ",")
	user, _, _ := strings.Cut(members, `,"sub":`)
	k := New(nil, config.API{JWTIssuer: b.Issuer, JWTAudience: b.Issuer, JWTExpiresIn: 7 * 24 * time.Hour}, time.Now)
	c := Claims{Subject: "usrA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5", SessionID: "s", User: json.RawMessage("{" + user + "}")}
	got := string(k.encodePayload(c, time.Unix(b.Now, 0)))
	if want := strings.TrimSuffix(b.Claims, "}") + `,"jti":`; !strings.HasPrefix(got, want) {
		t.Errorf("claims\n%s\nwant them to begin with Better Auth's\n%s", got, want)
	}
}

func TestSignRejectsInvalidClaims(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	tests := map[string]Claims{
		"no subject":         {SessionID: "s"},
		"no session":         {Subject: "u"},
		"user is a text":     {Subject: "u", SessionID: "s", User: json.RawMessage(`"text"`)},
		"user is an array":   {Subject: "u", SessionID: "s", User: json.RawMessage(`["a"]`)},
		"user is null":       {Subject: "u", SessionID: "s", User: json.RawMessage("null")},
		"user is not JSON":   {Subject: "u", SessionID: "s", User: json.RawMessage(`{"name":`)},
		"user names sub":     {Subject: "u", SessionID: "s", User: json.RawMessage(`{"sub":"another"}`)},
		"user names the exp": {Subject: "u", SessionID: "s", User: json.RawMessage(`{"exp":1099511627776}`)},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := d.keys.Sign(t.Context(), c); err == nil {
				t.Error("Sign returned no error, want one")
			}
			if _, err := d.keys.Token(t.Context(), c); err == nil {
				t.Error("Token returned no error, want one")
			}
		})
	}
	if token, err := d.keys.Sign(
		t.Context(),
		Claims{Subject: "u", SessionID: "s", User: json.RawMessage(" { } ")},
	); err != nil {
		t.Errorf("Sign with a user without members: got the error %v, want none", err)
	} else if _, err := d.verifier.Verify(
		t.Context(),
		token,
	); err != nil {
		t.Errorf("Verify of the token of a user without members: got the error %v, want none", err)
	}
}

// Without a key set every method returns an error that says what to do, and makes no keys.
func TestRequestsNeverMakeKeys(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.cfg.SigningKeysFile += ".other"
	k := New(secrets.New(d.cfg, d.Now), d.cfg, d.Now)
	checkErrors := func(state string) {
		t.Helper()
		_, signed := k.Sign(t.Context(), testClaims)
		_, token := k.Token(t.Context(), testClaims)
		_, public := k.Public(t.Context())
		for _, err := range []error{signed, token, public} {
			if err == nil || !strings.Contains(err.Error(), "xenon keys rotate") || !strings.Contains(err.Error(), "make dev") {
				t.Errorf("%s: got %v, want an error that names xenon keys rotate and make dev", state, err)
			}
		}
	}
	checkErrors("no file")
	if _, err := os.Stat(d.cfg.SigningKeysFile); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the calls created the file of the key set (%v)", err)
	}
	for _, text := range []string{"", "{}"} {
		if err := os.WriteFile(d.cfg.SigningKeysFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		d.Advance(secrets.KeyFileCheckInterval)
		checkErrors("file with " + text)
	}
	d.saveKeys(t, keySets().first)
	if _, err := k.Sign(t.Context(), testClaims); err != nil {
		t.Errorf("Sign after a key set was saved: got the error %v, want none", err)
	}
}

// While the stored key set is not valid, the last valid one stays in use.
func TestLastValidSetStaysInUse(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	before, _ := tokenParts(t, d.newToken(t))
	if err := os.WriteFile(d.cfg.SigningKeysFile, []byte("half a set"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.Advance(secrets.KeyFileCheckInterval)
	if after, _ := tokenParts(t, d.newToken(t)); after != before {
		t.Errorf("token while the stored set is not valid: header %s, want that of the last valid set %s", after, before)
	}
	d.saveKeys(t, keySets().first)
	if after, _ := tokenParts(t, d.newToken(t)); !strings.Contains(after, keySets().first.Current.ID) {
		t.Errorf("token after a valid set was stored: header %s, want the key of the new set", after)
	}
}

func TestDocumentIsParsedOnce(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	first, err := d.keys.loadSet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := d.keys.loadSet(t.Context())
	if err != nil || first != second {
		t.Errorf("the same document was parsed again (%v)", err)
	}
}
