package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// The plan lists the providers with the settings that they need, and never a value of the environment.
func TestMigratePlanListsProviders(t *testing.T) {
	t.Parallel()
	source := supabasetest.New(t)
	supabasetest.FillSocial(t, source, 200)
	env := []string{
		"FROM_DATABASE_URL", source, "TO_DATABASE_URL", dbtest.New(t), "GOOGLE_CLIENT_ID", "the-id",
		"GOOGLE_CLIENT_SECRET", "hidden", "GITHUB_CLIENT_ID", "the-id", "APPLE_CLIENT_ID", "the-id",
		"APPLE_CLIENT_SECRET", "hidden", "OIDC_PROVIDERS", `[{"providerId":"keycloak","clientId":"x"}]`,
		"BETTER_AUTH_URL", "https://learn.example.com",
	}
	code, out, stderr := runXenon(t, []string{"migrate", "plan"}, env...)
	if code != exitDone {
		t.Fatalf("migrate plan: got the exit code %d, want 0\n%s%s", code, out, stderr)
	}
	for _, want := range []string{
		"  in Supabase         in Xenon               users  nothing else    imported  not imported\n",
		"  azure               microsoft                 11            11          11             0",
		"  slack               slack                     ",
		"  slack_oidc          slack                     ",
		"  google\n    GOOGLE_CLIENT_ID              set in this environment\n" +
			"    GOOGLE_CLIENT_SECRET          set in this environment\n" +
			"    https://learn.example.com/api/auth/callback/google\n",
		"    GITHUB_CLIENT_ID              set in this environment\n    GITHUB_CLIENT_SECRET          missing\n",
		"    APPLE_PRIVATE_KEY             set in this environment\n",
		"  keycloak\n    OIDC_PROVIDER_ID=keycloak     set in this environment\n",
		"    TWITTER_CLIENT_ID             missing\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the output of migrate plan: want %q in it, got\n%s", want, out)
		}
	}
	code, text, stderr := runXenon(t, []string{"migrate", "plan", "--json"}, env...)
	if code != exitDone {
		t.Fatalf("migrate plan --json: got the exit code %d, want 0\n%s%s", code, text, stderr)
	}
	var plan planOutput
	if err := json.Unmarshal([]byte(text), &plan); err != nil {
		t.Fatal(err)
	}
	states := map[string]bool{}
	for _, s := range plan.Settings {
		states[s.Name] = s.Set
	}
	if len(plan.Providers) != 19 || len(states) != 2*15+4+4 || states["GITHUB_CLIENT_SECRET"] ||
		!states["GITHUB_CLIENT_ID"] {
		t.Errorf("migrate plan --json: got %d providers and the settings %v, want 19 providers, 38 settings, and of "+
			"GitHub's settings only the client id set", len(plan.Providers), states)
	}
	if strings.Contains(out+text, "the-id") || strings.Contains(out+text, "hidden") {
		t.Error("the output of migrate plan contains the value of an environment variable, want only names")
	}
}

// The packages mapping and config have separate lists of the built-in providers.
func TestImportAndSettingsHaveTheSameBuiltInProviders(t *testing.T) {
	t.Parallel()
	var want []string
	for _, p := range config.BuiltInProviders() {
		want = append(want, p.ID)
		for _, name := range mapping.ProviderSettings(p.ID) {
			if !strings.HasPrefix(name, config.Provider{ID: p.ID}.Setting("")) {
				t.Errorf("settings that the import lists for %s: got %s, want only names that begin with %s",
					p.ID, name, config.Provider{ID: p.ID}.Setting(""))
			}
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(mapping.BuiltInProviders(), want); diff != "" {
		t.Errorf("built-in providers of mapping and config, want the same (-mapping +config):\n%s", diff)
	}
}

func TestIsSetFindsOIDCProviderInSettingsOrList(t *testing.T) {
	t.Parallel()
	got := map[string]bool{}
	for name, env := range map[string]map[string]string{
		"none":             {},
		"another":          {"OIDC_PROVIDER_ID": "okta", "OIDC_ISSUER": "https://okta.example"},
		"this":             {"OIDC_PROVIDER_ID": "acme", "OIDC_ISSUER": "https://acme.example"},
		"in the list":      {"OIDC_PROVIDERS": `[{"providerId":"okta"},{"providerId":"acme"}]`},
		"not in the list":  {"OIDC_PROVIDERS": `[{"providerId":"okta"}]`},
		"list is not JSON": {"OIDC_PROVIDERS": `acme`},
	} {
		got[name] = hasSetting("acme", "OIDC_ISSUER", func(name string) string { return env[name] })
	}
	want := map[string]bool{
		"none": false, "another": false, "this": true, "in the list": true, "not in the list": false,
		"list is not JSON": false,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("whether OIDC_ISSUER of the provider acme is set, by environment (-got +want):\n%s", diff)
	}
}
