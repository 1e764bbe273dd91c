package auth_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
)

const (
	discoveryPath     = "/.well-known/openid-configuration"
	wellKnownJWKSPath = "/.well-known/jwks.json"
)

// providerMetadata returns the provider metadata that the server publishes.
func (s *server) providerMetadata() (m map[string]any) {
	s.t.Helper()
	a := s.do("GET", discoveryPath, "")
	if a.status != 200 {
		s.t.Fatalf("GET %s: got %d %s, want 200", discoveryPath, a.status, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &m); err != nil {
		s.t.Fatal(err)
	}
	return m
}

func TestDiscoveryNamesIssuerAndKeys(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string]string{
		"": origin, "https://issuer.example": "https://issuer.example", "https://issuer.example/": "https://issuer.example/",
	} {
		s := newServer(t, changeSetting("JWT_ISSUER", issuer))
		diff := cmp.Diff(map[string]any{
			"issuer":                                want,
			"jwks_uri":                              origin + wellKnownJWKSPath,
			"response_types_supported":              []any{"id_token"},
			"subject_types_supported":               []any{"public"},
			"id_token_signing_alg_values_supported": []any{"RS256"},
		}, s.providerMetadata())
		if diff != "" {
			t.Errorf("provider metadata with JWT_ISSUER=%s (-want +got):\n%s", issuer, diff)
		}
	}
}

func TestDiscoveryHasAlgorithmsOfPublishedKeys(t *testing.T) {
	t.Parallel()
	set, err := signingKeys()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range [][]any{{"RS256", "ES256"}, {"ES256", "RS256"}} {
		set, err = set.Rotate(set.Next.CreatedAt.Add(keys.MaxPropagation), time.Hour, config.ES256)
		if err != nil {
			t.Fatal(err)
		}
		rotated := newServer(t)
		if err := keys.SaveFile(rotated.cfg.SigningKeysFile, set); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, rotated.providerMetadata()["id_token_signing_alg_values_supported"]); diff != "" {
			t.Errorf("algorithms in the provider metadata (-want +got):\n%s", diff)
		}
	}
	shared := newServer(t, enableSharedDatabase)
	shared.exec(`INSERT INTO jwks (id, "publicKey", "privateKey", "createdAt") VALUES
		('11111111-1111-4111-8111-111111111111',
			'{"crv":"Ed25519","x":"OKP2Y7MFy5OLxmkFZwG6a1UIjNgon0Pity7fh5R7lBM","kty":"OKP"}', '', now())`)
	want := []any{"RS256", "EdDSA"}
	if diff := cmp.Diff(want, shared.providerMetadata()["id_token_signing_alg_values_supported"]); diff != "" {
		t.Errorf("algorithms in the provider metadata with a key of Better Auth (-want +got):\n%s", diff)
	}
}

// The paths below /.well-known have responses like that of /api/auth/jwks: for every origin, with the same
// Cache-Control, and without a round trip. jwks.json has the same keys.
func TestWellKnownPathsAnswerLikeTheJWKSPath(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	jwks := s.do("GET", jwksPath, "")
	if a := s.do("GET", wellKnownJWKSPath, ""); a.body != jwks.body {
		t.Errorf("GET %s: got the keys %s, want %s as from %s", wellKnownJWKSPath, a.body, jwks.body, jwksPath)
	}
	for _, path := range []string{jwksPath, wellKnownJWKSPath, discoveryPath} {
		trips := s.countRoundTrips(func() {
			for _, method := range []string{"GET", "HEAD"} {
				a := s.do(method, path, "", "Origin", "https://other.example")
				if a.status != 200 || a.header.Get("Content-Type") != "application/json" ||
					a.header.Get("Cache-Control") != jwks.header.Get("Cache-Control") ||
					a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("Vary") != "" {
					t.Errorf("%s %s: got %d %v, want JSON for every origin, with the Cache-Control of the JWKS",
						method, path, a.status, a.header)
				}
			}
		})
		if trips != 0 {
			t.Errorf("GET and HEAD %s: got %d round trips to the database, want 0", path, trips)
		}
		preflight := s.doAllowing500(
			"OPTIONS",
			path,
			"",
			"Origin",
			"https://other.example",
			"Access-Control-Request-Method",
			"GET",
		)
		if preflight.status != 204 || preflight.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("OPTIONS %s: got %d %v, want 204 for every origin", path, preflight.status, preflight.header)
		}
	}
	for _, path := range []string{
		"/.well-known/", "/.well-known/security.txt", discoveryPath + "/", "/.well-known/JWKS.json",
	} {
		if a := s.do("GET", path, ""); a.status != 404 {
			t.Errorf("GET %s: got %d, want 404", path, a.status)
		}
	}
	if a := s.do("POST", discoveryPath, "{}"); a.status != 404 {
		t.Errorf("POST %s: got %d, want 404", discoveryPath, a.status)
	}
}

func TestDiscoveryWithoutDatabaseOrKeys(t *testing.T) {
	t.Parallel()
	var proxy *dbtest.Proxy
	s := newServer(t, enableSharedDatabase, func(env map[string]string) {
		proxy = dbtest.NewProxy(t, env["DATABASE_URL"])
		env["DATABASE_URL"] = proxy.URL()
	})
	proxy.RefuseConnections()
	if a := s.do("GET", discoveryPath, ""); a.status != 200 || !strings.Contains(a.body, `["RS256"]`) ||
		a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("GET %s without a database: got %d %s, Cache-Control %q; want 200, RS256 and no-store",
			discoveryPath, a.status, a.body, a.header.Get("Cache-Control"))
	}
	without := newServer(t)
	if err := os.Remove(without.cfg.SigningKeysFile); err != nil {
		t.Fatal(err)
	}
	if a := without.doAllowing500("GET", discoveryPath, ""); a.status != 500 || a.body != "" {
		t.Errorf("GET %s without signing keys: got %d %s, want a 500 with an empty body", discoveryPath, a.status, a.body)
	}
}
