package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

// pemKey returns a private key in the form in which Apple offers it: PKCS #8 in PEM.
func pemKey(t *testing.T, curve elliptic.Curve) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return encodePEM(t, key)
}

func encodePEM(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestApplePrivateKeyMayHaveThreeForms(t *testing.T) {
	t.Parallel()
	key := pemKey(t, elliptic.P256())
	for name, text := range map[string]string{
		"PEM":            key,
		"escaped breaks": strings.ReplaceAll(key, "\n", `\n`),
		"base64":         base64.StdEncoding.EncodeToString([]byte(key)),
		"blanks around":  "\n " + key + " \n",
	} {
		got := socialOf(t, "APPLE_CLIENT_ID", "com.example.site", "APPLE_TEAM_ID", "TEAM", "APPLE_KEY_ID", "KEY",
			"APPLE_PRIVATE_KEY", text).Providers
		want := []config.Provider{{
			ID: "apple", Name: "Apple", Prefix: "APPLE", ClientIDs: []string{"com.example.site"}, TeamID: "TEAM", KeyID: "KEY",
			PrivateKey: config.Secret(key),
		}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("private key of Apple, %s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWrongSettingsOfAppleAreRejected(t *testing.T) {
	t.Parallel()
	key := pemKey(t, elliptic.P256())
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	id := []string{"APPLE_CLIENT_ID", "com.example.site"}
	for _, c := range []struct {
		set   []string
		wants []string
	}{
		{id, []string{"APPLE_CLIENT_SECRET: is missing; set it, or APPLE_TEAM_ID"}},
		{append(id, "APPLE_TEAM_ID", "T"), []string{"APPLE_KEY_ID: missing", "APPLE_PRIVATE_KEY: is missing"}},
		{append(id, "APPLE_KEY_ID", "K", "APPLE_PRIVATE_KEY", key), []string{"APPLE_TEAM_ID: missing"}},
		{
			append(id, "APPLE_TEAM_ID", "T", "APPLE_KEY_ID", "K", "APPLE_CLIENT_SECRET", "x"),
			[]string{"APPLE_CLIENT_SECRET: is set together with"},
		},
		{[]string{"APPLE_TEAM_ID", "T"}, []string{"APPLE_CLIENT_ID: missing"}},
		{
			append(id, "APPLE_TEAM_ID", "T", "APPLE_KEY_ID", "K", "APPLE_PRIVATE_KEY", "hunter2"),
			[]string{"APPLE_PRIVATE_KEY: is not a private key"},
		},
		{
			append(id, "APPLE_TEAM_ID", "T", "APPLE_KEY_ID", "K", "APPLE_PRIVATE_KEY", encodePEM(t, rsaKey)),
			[]string{"APPLE_PRIVATE_KEY: is a private key of another kind"},
		},
		{
			append(id, "APPLE_TEAM_ID", "T", "APPLE_KEY_ID", "K", "APPLE_PRIVATE_KEY", pemKey(t, elliptic.P384())),
			[]string{"APPLE_PRIVATE_KEY: is a private key of another kind"},
		},
	} {
		checkProblem(t, c.wants, c.set...)
		if _, err := config.LoadAPI(testEnvironment(c.set...)); strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
}
