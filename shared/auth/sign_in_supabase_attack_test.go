package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// importVectors stores the users, sessions and keys of the vectors as the import does. The users who have given a
// second factor at Supabase have one here.
func (s *server) importVectors(v supabaseVectors) {
	s.t.Helper()
	s.now = v.Now
	s.exec(`UPDATE "supabaseBridge" SET "lastPassAt" = $1, jwks = $2`, s.now.Add(-time.Hour), v.JWKS)
	addUser := func(id string) {
		s.exec(`INSERT INTO "user" (id, name, email, "emailVerified") VALUES ($1::uuid, '', $1 || '@example.com', true)
			ON CONFLICT DO NOTHING`, id)
	}
	add := func(id, user string, aal2 bool) {
		s.exec(`INSERT INTO "supabaseSession" (id, "userId", aal2, "createdAt") VALUES ($1::uuid, $2::uuid, $3, $4)`,
			id, user, aal2, s.now.Add(-24*time.Hour))
	}
	for _, each := range v.Sessions {
		addUser(each.User)
		if each.AAL2 {
			s.exec(`UPDATE "user" SET "twoFactorEnabled" = true WHERE id = $1::uuid`, each.User)
		}
		if len(each.Credentials) == 0 { // the import leaves it out
			continue
		}
		add(each.ID, each.User, each.AAL2)
		for _, c := range each.Credentials {
			s.importCredential(each.ID, c.Token, c.AAL2)
		}
		if each.Name == "banned" {
			s.exec(`UPDATE "user" SET banned = true WHERE id = $1::uuid`, each.User)
		}
	}
	for _, each := range v.Attacked {
		addUser(each.User)
		add(each.ID, each.User, false)
	}
}

func TestTokensOfSupabaseGetTheAnswersOfTheVectors(t *testing.T) {
	t.Parallel()
	v := readSupabaseVectors(t)
	s := newBridgeServer(t)
	s.importVectors(v)
	check := func(name, body, want string) {
		t.Helper()
		s.exec(`DELETE FROM session; UPDATE "supabaseSession" SET "usedAt" = NULL, "sessionId" = NULL`)
		a := s.bridge(body)
		got := "refuse"
		switch {
		case a.status == 200 && strings.HasPrefix(a.body, `{"twoFactorRedirect":true,`):
			got = "secondFactor"
		case a.status == 200:
			got = "session"
		case a.status == 403 && strings.HasPrefix(name, "banned"):
		case a.status != 401 || a.body != invalidSupabaseReply:
			got = fmt.Sprintf("%d %s", a.status, a.body)
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	for _, each := range v.Sessions {
		for _, r := range each.Requests {
			name := each.Name + ", " + r.Made
			check(name+", refresh token", `{"refreshToken":"`+r.RefreshToken+`"}`, r.Refresh)
			check(name+", access token", accessBody(r.AccessToken), r.Access)
		}
	}
	for _, attack := range v.Attacks {
		check(attack.Why, string(attack.Body), "refuse")
	}
}

// Postgres is not asked about a text that cannot be a token.
func TestMalformedTokensAreRefused(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t)
	ada := s.importAda()
	const v2 = "AOe_pJGyakVuiu8lH1gQU_IDqT5c2VJHSa9yIbOuZsvHpiigYto"
	s.importCredential(ada.id, v2, false)
	s.bridge(`{"refreshToken":"x"}`) // reads the import
	for _, token := range []string{
		refreshToken[:11], refreshToken + "a", strings.ToUpper(refreshToken), v2[:50], v2 + strings.Repeat("A", 12), "\u0000",
		"🤷", strings.Repeat("a", 64), " " + refreshToken, v2 + "=",
	} {
		body, err := json.Marshal(map[string]string{"refreshToken": token})
		if err != nil {
			t.Fatal(err)
		}
		if n := s.countRoundTrips(func() { s.bridge(string(body)).checkInvalid(t, token) }); n != 0 {
			t.Errorf("%q: got %d round trips, want 0", token, n)
		}
	}
	s.bridge(`{"refreshToken":"`+v2[:50]+"p"+`"}`).checkStatusAndCode(t, "another spelling of the last character", 200, "")
}

func TestAccessTokenNeedsTheKeyOfTheProject(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t)
	ada := s.importAda()
	own, foreign := newECKey(t), newECKey(t)
	s.exec(`UPDATE "supabaseBridge" SET jwks = $1`, `{"keys":[`+ecJWK(own, "own")+`]}`)
	claims := s.accessClaims(ada)
	es256 := func(key *ecdsa.PrivateKey, header map[string]any) string {
		token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
		for name, value := range header {
			token.Header[name] = value
		}
		return signToken(t, token, key)
	}
	decoded, err := base64.StdEncoding.DecodeString("c3VwZXItc2VjcmV0LWp3dC10b2tlbi13aXRoLWF0LWxlYXN0LTMyLWNoYXJhY3RlcnM=")
	if err != nil {
		t.Fatal(err)
	}
	good := es256(own, map[string]any{"kid": "own"})
	hs256 := signAccess(t, claims, supabaseSecret)
	withKey := map[string]any{"kid": "own", "jwk": json.RawMessage(ecJWK(foreign, "own"))}
	sign := func(method jwt.SigningMethod, claims jwt.Claims, key any) string {
		return signToken(t, jwt.NewWithClaims(method, claims), key)
	}
	for name, token := range map[string]string{
		"no kid":                    es256(own, nil),
		"unknown kid":               es256(own, map[string]any{"kid": "other"}),
		"kid that is not a text":    es256(own, map[string]any{"kid": 5}),
		"foreign key":               es256(foreign, map[string]any{"kid": "own"}),
		"key in the header":         es256(foreign, withKey),
		"critical header":           es256(own, map[string]any{"kid": "own", "crit": []string{"exp"}}),
		"signature in DER":          signDER(t, own, good),
		"signature of nothing":      good[:strings.LastIndexByte(good, '.')+1],
		"another secret":            signAccess(t, claims, "another secret"),
		"empty secret":              signAccess(t, claims, ""),
		"the secret decoded":        signAccess(t, claims, string(decoded[:32])),
		"HS256 with the JWK":        signAccess(t, claims, ecJWK(own, "own")),
		"alg none":                  sign(jwt.SigningMethodNone, claims, jwt.UnsafeAllowNoneSignatureType),
		"HS384":                     sign(jwt.SigningMethodHS384, claims, []byte(supabaseSecret)),
		"the secret of Xenon":       signAccess(t, claims, string(s.cfg.AuthSecret)),
		"the header of ES256":       strings.SplitN(good, ".", 2)[0] + "." + strings.SplitN(hs256, ".", 2)[1],
		"not a token":               "x.y.z",
		"four parts":                good + ".x",
		"a character too many":      good + "A",
		"line break":                strings.Replace(good, ".", `.\n`, 1),
		"padding":                   good + "==",
		"claims that are not a map": sign(jwt.SigningMethodHS256, listClaims{}, []byte(supabaseSecret)),
	} {
		s.bridge(accessBody(token)).checkInvalid(t, name)
	}
	if !s.isUnused(ada.id) {
		t.Fatal("after the attacks the session is used, want it unused")
	}
	s.bridge(accessBody(good)).checkStatusAndCode(t, "the key of the project", 200, "")
}

func TestAccessTokenWithHS256NeedsASecretInTheSettings(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t, "SUPABASE_JWT_SECRET=")
	ada := s.importAda()
	for _, secret := range []string{supabaseSecret, ""} {
		s.bridge(accessBody(signAccess(t, s.accessClaims(ada), secret))).checkInvalid(t, "signed with the secret "+secret)
	}
	s.bridge(ada.body()).checkStatusAndCode(t, "refresh token", 200, "")
}

// The API keys of a project, and the tokens that an application signs, have a valid signature, too.
func TestAccessTokenNeedsTheClaimsOfAnImportedSession(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t)
	ada := s.importAda()
	eve := s.importSession(s.insertUser("eve@example.com"), otherRefresh)
	for name, change := range map[string]map[string]any{
		"no session_id":                 {"session_id": nil},
		"session_id of another user":    {"session_id": eve.id},
		"unknown session":               {"session_id": "11111111-2222-4333-8444-555555555555"},
		"session_id in upper case":      {"session_id": strings.ToUpper(ada.id)},
		"session_id that is not a UUID": {"session_id": "' OR true --"},
		"session_id that is a list":     {"session_id": []string{ada.id}},
		"no sub":                        {"sub": nil},
		"sub of another user":           {"sub": eve.user},
		"sub that is not a UUID":        {"sub": "x"},
		"client_id":                     {"client_id": "c"},
		"aud of a key":                  {"aud": nil},
		"another aud":                   {"aud": []string{"anon", "service_role"}},
		"no exp":                        {"exp": nil},
		"exp as text":                   {"exp": fmt.Sprint(s.now.Add(time.Hour).Unix())},
		"exp 0":                         {"exp": 0},
		"exp now":                       {"exp": s.now.Unix()},
		"exp a second ago":              {"exp": s.now.Add(-time.Second).Unix()},
		"nbf in a second":               {"nbf": s.now.Add(2 * time.Second).Unix()},
	} {
		s.bridge(accessBody(signAccess(t, s.accessClaims(ada, change), supabaseSecret))).checkInvalid(t, name)
	}
	if !s.isUnused(ada.id) || !s.isUnused(eve.id) {
		t.Fatal("after the attacks a session is used, want both unused")
	}
	list := map[string]any{"aud": []string{"x", "authenticated"}, "nbf": s.now.Unix(), "iss": "https://auth.example.com"}
	token := signAccess(t, s.accessClaims(ada, list), supabaseSecret)
	s.bridge(accessBody(token)).checkStatusAndCode(t, "a list of audiences, another issuer", 200, "")
}

func TestRefreshTokenCountsMoreThanAnAccessToken(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t)
	ada := s.importAda()
	second := s.importSession(ada.user, otherRefresh)
	good, foreign := signAccess(
		t,
		s.accessClaims(ada),
		supabaseSecret,
	), signAccess(
		t,
		s.accessClaims(second),
		supabaseSecret,
	)
	expired := signAccess(t, s.accessClaims(ada, map[string]any{"exp": 1}), supabaseSecret)
	unknown := signAccess(t, s.accessClaims(ada, map[string]any{"session_id": "11111111-2222-4333-8444-555555555555"}),
		supabaseSecret)
	for _, c := range []struct {
		name, refresh, access string
		status                int
	}{
		{"valid, expired", refreshToken, expired, 200},
		{"valid, invalid", refreshToken, "x", 200},
		{"valid, of a session that was not imported", refreshToken, unknown, 200},
		{"valid, valid", refreshToken, good, 200},
		{"unknown, valid", "aaaaaaaaaaaa", good, 200},
		{"malformed, valid", "a", good, 200},
		{"valid, of another session", refreshToken, foreign, 401},
		{"unknown, expired", "aaaaaaaaaaaa", expired, 401},
	} {
		s.exec(`DELETE FROM session; UPDATE "supabaseSession" SET "usedAt" = NULL, "sessionId" = NULL`)
		a := s.bridge(`{"refreshToken":"` + c.refresh + `","accessToken":"` + c.access + `"}`)
		if a.status != c.status || s.isUnused(ada.id) != (c.status != 200) || !s.isUnused(second.id) {
			t.Errorf("refresh token, access token: %s: got %d %s, want %d", c.name, a.status, a.body, c.status)
		}
	}
}

// The import computes the digests with the secret, so that those of a stolen database cannot be guessed.
func TestDigestsOfAnotherSecretAreNotFound(t *testing.T) {
	t.Parallel()
	s := newBridgeServer(t)
	ada := s.importAda()
	s.exec(`UPDATE "supabaseCredential" SET digest = sha256(convert_to($1, 'UTF8'))`, ada.token)
	s.bridge(ada.body()).checkInvalid(t, "a digest without a key")
}

// The secret can change between the import and the sign-in.
func TestDigestsOfEverySecretInTheSettingsAreFound(t *testing.T) {
	t.Parallel()
	const newest, older = "the newest secret of this test 0123456", "the older secret of this test 01234567"
	s := newBridgeServer(t, "BETTER_AUTH_SECRETS=2:"+newest+",1:"+older)
	ada := s.importAda()
	for secret, want := range map[string]int{
		newest: 200, older: 200, string(s.cfg.AuthSecret): 200, "a secret that is not in the settings": 401,
	} {
		s.exec(`DELETE FROM "supabaseCredential"; UPDATE "supabaseSession" SET "usedAt" = NULL, "sessionId" = NULL`)
		s.importCredentialWith(secret, ada.id, ada.token, false)
		if a := s.bridge(ada.body()); a.status != want {
			t.Errorf("an import with the secret %q: got %d %s, want %d", secret, a.status, a.body, want)
		}
	}
}

// listClaims are claims in a JSON list.
type listClaims struct{ jwt.RegisteredClaims }

func (listClaims) MarshalJSON() ([]byte, error) { return []byte(`["authenticated"]`), nil }

func newECKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// ecJWK returns the public key as a JWK.
func ecJWK(key *ecdsa.PrivateKey, kid string) string {
	coordinate := func(n interface{ FillBytes([]byte) []byte }) string {
		return base64.RawURLEncoding.EncodeToString(n.FillBytes(make([]byte, 32)))
	}
	return fmt.Sprintf(`{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","key_ops":["verify"],"kid":%q,"x":%q,"y":%q}`,
		kid, coordinate(key.X), coordinate(key.Y))
}

func signToken(t *testing.T, token *jwt.Token, key any) string {
	t.Helper()
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// signDER signs a token again, with the signature in the form that most libraries write.
func signDER(t *testing.T, key *ecdsa.PrivateKey, token string) string {
	t.Helper()
	text := token[:strings.LastIndexByte(token, '.')]
	sum := sha256.Sum256([]byte(text))
	signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}
