package conformance

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/xenontest"
)

// server is a running Xenon or Better Auth with the settings of a profile.
type server struct {
	address  string // URL of the server
	origin   string // public origin of the server (BETTER_AUTH_URL)
	database string
	mails    string // file to which the server writes mails
	secret   string
	isXenon  bool
}

// settings returns the environment variables of both servers for a profile.
func settings(profile map[string]string, mails string) (env map[string]string) {
	env = map[string]string{
		"BETTER_AUTH_URL":    "http://localhost:3000",
		"BETTER_AUTH_SECRET": "a secret of the conformance run, long enough",
		"RATE_LIMIT":         "off",
		"CLIENT_IP":          "xff:0", // Better Auth's default
		"MAIL":               "outbox",
		"SHARED_DATABASE":    "on", // without it Xenon rejects tokens that Better Auth accepts
		"MAIL_FILE":          mails,
		"NODE_ENV":           "production",
	}
	maps.Copy(env, profile)
	if env["PROVIDERS"] == "all" {
		delete(env, "PROVIDERS")
		for name, value := range allProviderSettings() {
			if _, ok := env[name]; !ok {
				env[name] = value
			}
		}
	}
	return env
}

func toEnv(env map[string]string) (all []string) {
	for name, value := range env {
		all = append(all, name+"="+value)
	}
	return all
}

// xenonServer starts Xenon with the settings of a profile.
func xenonServer(t *testing.T, profile map[string]string) server {
	t.Helper()
	mails := filepath.Join(t.TempDir(), "mail.jsonl")
	env := settings(profile, mails)
	x := xenontest.Start(t, append(toEnv(env), toEnv(providerServer(t).Environment())...)...)
	t.Cleanup(func() {
		if t.Failed() && os.Getenv("XENON_LOG") != "" {
			t.Logf("Xenon logged:\n%s", x.Log())
		}
	})
	return server{x.URL, env["BETTER_AUTH_URL"], x.Database, mails, env["BETTER_AUTH_SECRET"], true}
}

// publishedKey returns the RSA key with the id kid from the server's JWKS.
func (s server) publishedKey(ctx context.Context, kid string) (*rsa.PublicKey, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.address+"/api/auth/jwks", http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var set struct{ Keys []struct{ Kid, N, E string } }
	if err := json.NewDecoder(response.Body).Decode(&set); err != nil {
		return nil, err
	}
	for _, k := range set.Keys {
		n, err := base64.RawURLEncoding.DecodeString(k.N)
		if k.Kid == kid && k.E == "AQAB" && err == nil {
			return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}, nil
		}
	}
	return nil, fmt.Errorf("the JWKS has no RSA key %s with the exponent 65537", kid)
}
