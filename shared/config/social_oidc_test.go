package config_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

func TestOIDCProvidersAreRead(t *testing.T) {
	t.Parallel()
	got := socialOf(t,
		"OIDC_PROVIDER_ID", "keycloak", "OIDC_PROVIDER_NAME", "Our login", "OIDC_ISSUER", "http://localhost:8080/realms/main",
		"OIDC_CLIENT_ID", "xenon", "OIDC_CLIENT_SECRET", "s", "OIDC_SCOPE", "groups", "OIDC_DISABLE_SIGNUP", "on",
		"OIDC_PROVIDERS", `[
			{"providerId": "auth0", "name": "Auth0", "issuer": "https://tenant.auth0.example/", "clientId": "a, b",
			 "clientSecret": "s", "scopes": ["roles"], "disableSignUp": true, "disableImplicitSignUp": true,
			 "overrideUserInfo": true, "requireEmailVerification": true},
			{"providerId": "my-idp", "issuer": "https://idp.example.com", "clientId": "c", "clientSecret": "s"}]`,
	).Providers
	want := []config.Provider{
		{
			ID: "keycloak", Name: "Our login", Prefix: "OIDC", OIDC: true, Issuer: "http://localhost:8080/realms/main",
			ClientIDs: []string{"xenon"}, ClientSecret: "s", Scopes: []string{"groups"}, DisableSignUp: true,
		},
		{
			ID: "auth0", Name: "Auth0", Prefix: "AUTH0", OIDC: true, Issuer: "https://tenant.auth0.example/",
			ClientIDs: []string{"a", "b"}, ClientSecret: "s", Scopes: []string{"roles"}, DisableSignUp: true,
			DisableImplicitSignUp: true, OverrideUserInfo: true, RequireEmailVerification: true,
		},
		{
			ID: "my-idp", Name: "my-idp", Prefix: "MY_IDP", OIDC: true, Issuer: "https://idp.example.com",
			ClientIDs: []string{"c"}, ClientSecret: "s",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("providers of OIDC_PROVIDER_ID and OIDC_PROVIDERS (-want +got):\n%s", diff)
	}
}

func TestWrongOIDCProvidersAreRejected(t *testing.T) {
	t.Parallel()
	entry := func(changes ...string) string {
		e := map[string]any{
			"providerId": "okta", "issuer": "https://login.example.com", "clientId": "id", "clientSecret": "hunter2",
		}
		for i := 0; i < len(changes); i += 2 {
			e[changes[i]] = changes[i+1]
		}
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for in, want := range map[string]string{
		`{"providerId": "okta"}`:                          "is not of the form [",
		`null`:                                            "is not of the form [",
		`[`:                                               "is not of the form [",
		`[` + entry() + `] hunter2`:                       "is not of the form [",
		`[` + entry("client_id", "x") + `]`:               `has the unknown key "client_id"`,
		`[{"providerId": 5}]`:                             "providerId is a number",
		`[` + entry("scopes", "a b") + `]`:                "scopes is a string",
		`[` + entry() + `,` + entry() + `]`:               `entry 2, "okta", has a providerId that is the id of two`,
		`[` + entry("providerId", "google") + `]`:         "is the id of a built-in provider",
		`[` + entry("providerId", "credential") + `]`:     "is the id of passwords",
		`[` + entry("providerId", "a/b") + `]`:            "is not an id",
		`[` + entry("providerId", "") + `]`:               "is not an id",
		`[` + entry("providerId", "Google") + `]`:         "is the id of a built-in provider",
		`[` + entry("clientId", " ") + `]`:                "has no clientId",
		`[` + entry("issuer", "") + `]`:                   "has no issuer",
		`[` + entry("issuer", "http://example.com") + `]`: "is not an https URL",
		`[` + entry("clientSecret", "") + `]`:             "OKTA_CLIENT_SECRET: is missing",
		`[` + entry("providerId", "a-b") + `,` + entry("providerId", "a_b") + `]`: "has the same names of settings as a-b",
	} {
		checkProblem(t, []string{want}, "OIDC_PROVIDERS", in)
		if _, err := config.LoadAPI(
			testEnvironment("OIDC_PROVIDERS", in),
		); err != nil &&
			strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
}

func TestIssuerMustBeAnHTTPSURL(t *testing.T) {
	t.Parallel()
	load := func(issuer string) error {
		_, err := config.LoadAPI(testEnvironment("OIDC_PROVIDER_ID", "x", "OIDC_ISSUER", issuer, "OIDC_CLIENT_ID", "id",
			"OIDC_CLIENT_SECRET", "s"))
		return err
	}
	for _, good := range []string{
		"https://login.example.com", "https://login.example.com/realms/main", "https://tenant.auth0.example/",
		"http://localhost:8080/realms/main", "http://127.0.0.1:9000",
	} {
		if err := load(good); err != nil {
			t.Errorf("OIDC_ISSUER=%s: got the error %v, want none", good, err)
		}
	}
	for _, bad := range []string{
		"http://login.example.com", "http://localhost.example.com", "login.example.com", "ftp://login.example.com",
		"https://", "https://u:hunter2@login.example.com", "https://login.example.com?x=1", "https://login.example.com#x",
		"https://login.example.com/.well-known/openid-configuration",
	} {
		err := load(bad)
		if err == nil || !strings.Contains(err.Error(), "OIDC_ISSUER: ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("OIDC_ISSUER=%s: got %v, want an error that names OIDC_ISSUER and shows no password", bad, err)
		}
	}
	checkProblem(t, []string{"GITLAB_ISSUER: "}, "GITLAB_ISSUER", "http://git.example.com")
}
