package conformance

import (
	"context"
	"crypto"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/xenontest"
	"github.com/xenon-auth/xenon/shared/jwks"
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

// environmentOf returns the environment variables of both servers for a profile.
func environmentOf(profile map[string]string, mails string) (env map[string]string) {
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

// environmentList returns the environment variables as NAME=value.
func environmentList(env map[string]string) (all []string) {
	for name, value := range env {
		all = append(all, name+"="+value)
	}
	return all
}

// startXenonWithProfile starts Xenon with the settings of a profile.
func startXenonWithProfile(t *testing.T, profile map[string]string) server {
	t.Helper()
	mails := filepath.Join(t.TempDir(), "mail.jsonl")
	env := environmentOf(profile, mails)
	x := xenontest.Start(t, append(environmentList(env), environmentList(sharedProviderServer(t).Environment())...)...)
	t.Cleanup(func() {
		if t.Failed() && os.Getenv("XENON_LOG") != "" {
			t.Logf("Xenon logged:\n%s", x.Log())
		}
	})
	return server{x.URL, env["BETTER_AUTH_URL"], x.Database, mails, env["BETTER_AUTH_SECRET"], true}
}

// publishedKey returns the key with the id kid from the server's JWKS.
func (s server) publishedKey(ctx context.Context, kid string) (crypto.PublicKey, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.address+"/api/auth/jwks", http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	set, err := jwks.Parse(text)
	if err != nil {
		return nil, err
	}
	for _, key := range set {
		if key.Marshal().KID == kid {
			return key.Key(), nil
		}
	}
	return nil, fmt.Errorf("the JWKS has no key %s that can verify tokens, want one", kid)
}
