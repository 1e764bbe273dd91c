package validators

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/xenontest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/jwks"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/secrets"
)

// issuer is a running Xenon behind an HTTPS proxy, with a registered user.
type issuer struct {
	url         string
	client      *http.Client // trusts the certificate of the proxy
	certificate string       // the file with this certificate
	keysFile    string       // the file with the signing keys
	user        string       // the id of the user
	token       string       // a JWT of the user
}

// tokenForms are settings of deployments whose tokens each library has to accept: each algorithm, and the claims of
// Supabase.
func tokenForms() []string {
	forms := []string{"JWT_CLAIMS=" + config.SupabaseClaims}
	for _, alg := range jwks.Algorithms {
		forms = append(forms, "JWT_ALG="+alg)
	}
	return forms
}

// newIssuer starts Xenon with a further setting, and registers a user.
func newIssuer(t *testing.T, setting string) issuer {
	t.Helper()
	var proxy httputil.ReverseProxy
	server := httptest.NewTLSServer(&proxy)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	x, stop, err := xenontest.StartProcess(dir, "DATABASE_URL="+dbtest.New(t), setting,
		"BETTER_AUTH_URL="+server.URL, "RATE_LIMIT=off", "MAIL=none")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("xenon dev exited with the error %v, want none; it logged:\n%s", err, x.Log())
		}
	})
	target, err := url.Parse(x.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy.Rewrite = func(r *httputil.ProxyRequest) { r.SetURL(target) }
	i := issuer{
		url: server.URL, client: server.Client(), certificate: filepath.Join(dir, "certificate.pem"),
		keysFile: filepath.Join(dir, "signing-keys.json"),
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(i.certificate, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	var signedUp struct {
		Token string
		User  struct{ ID string }
	}
	i.sendRequest(t, "POST", "/api/auth/sign-up/email",
		`{"name":"Ada","email":"ada@example.com","password":"correct horse"}`, "", &signedUp)
	var issued struct{ Token string }
	i.sendRequest(t, "GET", "/api/auth/token", "", signedUp.Token, &issued)
	i.user, i.token = signedUp.User.ID, issued.Token
	return i
}

// sendRequest sends a request with a bearer token, and decodes the response into the value that into points to.
func (i issuer) sendRequest(t *testing.T, method, path, body, bearer string, into any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, i.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := i.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if response.StatusCode != http.StatusOK || err != nil {
		t.Fatalf("%s %s: got %d %s and the error %v, want 200 and JSON", method, path, response.StatusCode, text, err)
	}
}

// tokenForOtherAudience returns a JWT that is signed with the keys of the issuer, for another audience.
func (i issuer) tokenForOtherAudience(t *testing.T) string {
	t.Helper()
	cfg := config.API{
		SigningKeysFile: i.keysFile, JWTIssuer: i.url, JWTAudience: "https://other.example", JWTExpiresIn: time.Hour,
	}
	k := keys.New(secrets.New(cfg, time.Now), cfg, time.Now)
	token, err := k.Sign(t.Context(), keys.Claims{Subject: i.user, SessionID: "x"})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestGoOIDCAcceptsTokens(t *testing.T) {
	t.Parallel()
	for _, setting := range tokenForms() {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t, setting)
			ctx := oidc.ClientContext(context.WithoutCancel(t.Context()), i.client)
			provider, err := oidc.NewProvider(ctx, i.url)
			if err != nil {
				t.Fatal(err)
			}
			verifier := provider.Verifier(&oidc.Config{ClientID: i.url})
			token, err := verifier.Verify(ctx, i.token)
			if err != nil || token.Subject != i.user {
				t.Errorf("go-oidc verifies a JWT of Xenon: got %+v and the error %v, want the user %s", token, err, i.user)
			}
			if _, err := verifier.Verify(ctx, i.tokenForOtherAudience(t)); err == nil {
				t.Error("go-oidc verifies a JWT for another audience: got no error, want one")
			}
		})
	}
}
