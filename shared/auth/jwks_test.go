package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// changeSetting returns a function for newServer that sets one setting.
func changeSetting(name, value string) func(map[string]string) {
	return func(env map[string]string) { env[name] = value }
}

const insertBetterAuthKeySQL = `
	INSERT INTO jwks (id, "publicKey", "privateKey", "createdAt", alg)
	VALUES ('11111111-1111-4111-8111-111111111111',
		'{"kty":"RSA","n":"vx5JkTFhF9MUzqTfnGUSpblFjhZYtIJFjTtBTswtWejU","e":"AQAB"}', '', now(), 'RS256')`

const betterAuthKeyID = "11111111-1111-4111-8111-111111111111"

// If SHARED_DATABASE is not on, a key in the table jwks must not be published, because verifiers would trust it.
func TestJWKSHasKeysOfBetterAuthOnlyIfDatabaseIsShared(t *testing.T) {
	t.Parallel()
	for value, published := range map[string]bool{"": false, "off": false, "on": true} {
		s := newServer(t, changeSetting("SHARED_DATABASE", value))
		s.exec(insertBetterAuthKeySQL)
		var a answer
		trips := s.countRoundTrips(func() { a = s.do("GET", jwksPath, "") })
		if got := strings.Contains(a.body, betterAuthKeyID); got != published || (trips > 0) != published {
			t.Errorf("SHARED_DATABASE=%s: Better Auth's key is in the JWKS: %v, after %d round trips; want %v, and round trips "+
				"only if it is", value, got, trips, published)
		}
		if cc := a.header.Get("Cache-Control"); cc != "public, max-age=300, stale-if-error=86400" {
			t.Errorf("SHARED_DATABASE=%s: got Cache-Control %q, want that of a complete JWKS", value, cc)
		}
	}
}

// A JWKS that may lack keys of Better Auth is cached for a short time or not at all.
func TestJWKSWithoutDatabaseHasLastKeysOrIsNotCached(t *testing.T) {
	t.Parallel()
	const incomplete, lastKnown = "no-store", "public, max-age=30, stale-if-error=86400"
	checkWithoutDatabase := func(s *server, want bool, caching string) {
		s.t.Helper()
		start := time.Now()
		a := s.do("GET", jwksPath, "")
		if got := strings.Contains(a.body, betterAuthKeyID); a.status != 200 || got != want ||
			a.header.Get("Cache-Control") != caching {
			s.t.Errorf("JWKS without the database: got %d, Better Auth's key in it: %v, Cache-Control %q; want 200, %v and %q",
				a.status, got, a.header.Get("Cache-Control"), want, caching)
		}
		if strings.Count(a.body, `"kid"`) < 2 {
			s.t.Errorf("JWKS without the database: got %s, want at least the 2 keys of Xenon", a.body)
		}
		if took := time.Since(start); took > 5*time.Second {
			s.t.Errorf("JWKS without the database: it took %v, want at most 5 s", took)
		}
	}
	for name, cut := range map[string]func(*dbtest.Proxy){
		"refuses": (*dbtest.Proxy).RefuseConnections, "freezes": (*dbtest.Proxy).Freeze,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var proxy *dbtest.Proxy
			s := newServer(t, changeSetting("SHARED_DATABASE", "on"), func(env map[string]string) {
				proxy = dbtest.NewProxy(t, env["DATABASE_URL"])
				env["DATABASE_URL"] = proxy.URL()
			})
			s.exec(insertBetterAuthKeySQL)
			cut(proxy)
			checkWithoutDatabase(s, false, incomplete)
			proxy.Resume()
			if a := s.do("GET", jwksPath, ""); !strings.Contains(a.body, betterAuthKeyID) {
				t.Fatalf("JWKS after the database is available again: got %s, want Better Auth's key in it", a.body)
			}
			cut(proxy)
			checkWithoutDatabase(s, true, lastKnown)
			s.now = s.now.Add(24*time.Hour + time.Second)
			checkWithoutDatabase(s, false, incomplete)
		})
	}
}
