package attack

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// attacker is an attacker with their own RSA key.
type attacker struct{ key *rsa.PrivateKey }

func newAttacker(t *testing.T) attacker {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return attacker{key}
}

// publicJWK returns the public key of a as a JWK. more is JSON for additional members, with a comma before each.
func (a attacker) publicJWK(more string) string {
	n := base64.RawURLEncoding.EncodeToString(a.key.N.Bytes())
	e := base64.RawURLEncoding.EncodeToString(big.NewInt(int64(a.key.E)).Bytes())
	return fmt.Sprintf(`{"kty":"RSA","n":%q,"e":%q%s}`, n, e, more)
}

// forgeToken returns a token with the claims of the victim's token, signed with the key of a.
func (a attacker) forgeToken(t *testing.T, victimToken, kid string) string {
	t.Helper()
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(victimToken, claims); err != nil {
		t.Fatal(err)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = kid
	text, err := token.SignedString(a.key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// getProfileStatus returns the status of GET /api/profile with a token.
func (e *environment) getProfileStatus(token string) int {
	return e.do("GET", "/api/profile", "", http.Header{"Authorization": {"Bearer " + token}}).Code
}

// newEnvironmentWithJWKS starts an environment with empty caches whose /api/profile verifies tokens with the JWKS that
// h serves.
func (s *testServer) newEnvironmentWithJWKS(t *testing.T, h http.Handler) *environment {
	t.Helper()
	published := httptest.NewServer(h)
	t.Cleanup(published.Close)
	return s.newEnvironment(t, 2, time.Now, "JWKS_URL="+published.URL+"/api/auth/jwks")
}

// The attacker can insert rows into the database, by an injection elsewhere or a stolen password, but has no signing
// key of the server.
func TestKeyInsertedIntoTheDatabaseIsNotTrusted(t *testing.T) {
	t.Parallel()
	const kid = "11111111-1111-4111-8111-111111111111"
	s, a := newTestServer(t), newAttacker(t)
	forged := a.forgeToken(t, s.newUser(t).jwt, kid)
	s.exec(t, `INSERT INTO jwks (id, "publicKey", "privateKey", "createdAt", alg)
		VALUES ($1, $2, '', now(), 'RS256')`, kid, a.publicJWK(""))

	for _, c := range []struct {
		setting   string
		published bool
		status    int
	}{
		{"SHARED_DATABASE=", false, http.StatusUnauthorized},
		{"SHARED_DATABASE=off", false, http.StatusUnauthorized},
		{"SHARED_DATABASE=on", true, http.StatusOK}, // because Better Auth stores its keys in this table
	} {
		publisher := s.newEnvironment(t, 2, time.Now, c.setting)
		w := publisher.do("GET", "/api/auth/jwks", "", nil)
		if got := strings.Contains(w.Body.String(), kid); got != c.published {
			t.Errorf("%s: whether the JWKS has the inserted key: got %v, want %v", c.setting, got, c.published)
		}
		if got := s.newEnvironmentWithJWKS(t, publisher.mux).getProfileStatus(forged); got != c.status {
			t.Errorf("%s: GET /api/profile with the forged token: got %d, want %d", c.setting, got, c.status)
		}
	}
}

// The JWKS of another issuer can have keys that are not for signatures. The attacker has the private key of one of
// them and signs a token with it. Xenon accepts only tokens that are signed with a key for signatures.
func TestKeyForAnotherUseVerifiesNoToken(t *testing.T) {
	t.Parallel()
	s, a := newTestServer(t), newAttacker(t)
	real := s.newUser(t).jwt
	members := []string{
		``, `,"use":"sig","key_ops":["verify"],"alg":"RS256"`, // these two are for signatures: Xenon accepts their tokens
		`,"use":"enc"`, `,"use":"sig","key_ops":["deriveKey"]`,
		`,"key_ops":["encrypt"]`, `,"key_ops":["wrapKey","verify"]`, `,"key_ops":[]`,
		`,"alg":"RSA-OAEP-256"`, `,"alg":"PS256"`,
	}
	var set []string
	for i, more := range members {
		set = append(set, a.publicJWK(fmt.Sprintf(`,"kid":"key-%d"%s`, i, more)))
	}
	e := s.newEnvironmentWithJWKS(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"keys":[%s]}`, strings.Join(set, ","))
	}))
	for i, more := range members {
		want := http.StatusUnauthorized
		if i < 2 {
			want = http.StatusOK
		}
		if got := e.getProfileStatus(a.forgeToken(t, real, fmt.Sprintf("key-%d", i))); got != want {
			t.Errorf("GET /api/profile with a token that a key with the JWK members %q has signed: got %d, want %d",
				more, got, want)
		}
	}
}
