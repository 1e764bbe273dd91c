package secrets

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

var socialWithProviders = config.Social{Providers: []config.Provider{
	{ID: "google", ClientIDs: []string{"id"}},
	{ID: "github", ClientIDs: []string{"id"}, ClientSecret: "of the environment"},
	{ID: "apple", ClientIDs: []string{"id"}, TeamID: "T", KeyID: "K"},
	{ID: "keycloak", Prefix: "OIDC", ClientIDs: []string{"id"}, OIDC: true},
	{ID: "my-idp", ClientIDs: []string{"id"}, OIDC: true},
}}

func applePEM(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// appSecretText returns the text of an app secret with more members.
func appSecretText(t *testing.T, more map[string]any) []byte {
	t.Helper()
	members := map[string]any{"DATABASE_URL": "postgres://u:p@h/d", "BETTER_AUTH_SECRET": strings.Repeat("s", 32)}
	for name, value := range more {
		members[name] = value
	}
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// parserOf returns the parser that UseSocial sets for the providers in social.
func parserOf(social config.Social) func([]byte) (map[string]string, error) {
	var s Secrets
	s.UseSocial(social)
	return s.parseSocial
}

func TestSocialSecretsAreMembersOfTheAppSecret(t *testing.T) {
	t.Parallel()
	key := applePEM(t)
	text := appSecretText(t, map[string]any{
		"GOOGLE_CLIENT_SECRET": "g", "APPLE_PRIVATE_KEY": strings.ReplaceAll(key, "\n", `\n`), "OIDC_CLIENT_SECRET": "k",
		"MY_IDP_CLIENT_SECRET": "m", "SLACK_CLIENT_SECRET": "of a provider that is not configured",
	})
	app, err := parseAppSecret(secretText{text: text}, parserOf(socialWithProviders))
	want := map[string]string{
		"GOOGLE_CLIENT_SECRET": "g", "APPLE_PRIVATE_KEY": key, "OIDC_CLIENT_SECRET": "k", "MY_IDP_CLIENT_SECRET": "m",
	}
	if diff := cmp.Diff(want, app.social); err != nil || diff != "" {
		t.Errorf("secrets of the providers: %v (-want +got):\n%s", err, diff)
	}
}

func TestMissingSocialSecretsAreOneError(t *testing.T) {
	t.Parallel()
	text := appSecretText(t, map[string]any{"GOOGLE_CLIENT_SECRET": 5, "APPLE_PRIVATE_KEY": "hunter-2"})
	_, err := parseAppSecret(secretText{arn: "arn:x", text: text}, parserOf(socialWithProviders))
	if err == nil {
		t.Fatal("parseAppSecret with wrong and missing secrets returned no error, want one")
	}
	for _, want := range []string{
		"arn:x", "GOOGLE_CLIENT_SECRET is not a text", "APPLE_PRIVATE_KEY is not a private key",
		"OIDC_CLIENT_SECRET is missing", "MY_IDP_CLIENT_SECRET is missing",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("parseAppSecret: got the error %v, want one with %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "hunter") || strings.Contains(err.Error(), "GITHUB") {
		t.Errorf("the error quotes a secret, or names one that is set: %v", err)
	}
}

// A function without social sign-in ignores the secrets of providers.
func TestSocialSecretsAreIgnoredWithoutProviders(t *testing.T) {
	t.Parallel()
	text := secretText{text: appSecretText(t, map[string]any{"GOOGLE_CLIENT_SECRET": 5})}
	for _, parse := range []func([]byte) (map[string]string, error){nil, parserOf(config.Social{})} {
		if app, err := parseAppSecret(text, parse); err != nil || app.social != nil {
			t.Errorf("parseAppSecret without providers: got the secrets %v and the error %v, want neither", app.social, err)
		}
	}
}

func TestSocialSecretIsEmptyWithoutAppSecret(t *testing.T) {
	t.Parallel()
	s := New(config.API{}, time.Now)
	s.UseSocial(socialWithProviders)
	if got, err := s.SocialSecret(t.Context(), "GOOGLE_CLIENT_SECRET"); got != "" || err != nil {
		t.Errorf("SocialSecret without an app secret = %q, %v, want \"\" and no error", got, err)
	}
}
