package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/importer"
	importrun "github.com/xenon-auth/xenon/shared/importer/run"
)

// planOutput is the JSON output of the plan. It also lists the settings that the providers need.
type planOutput struct {
	importer.Plan
	Settings []providerSetting `json:"settings"`
}

// providerSetting is a setting that a provider needs.
type providerSetting struct {
	Provider string `json:"provider"` // its id in Xenon
	Name     string `json:"name"`
	Set      bool   `json:"set"` // whether this environment has it (hasSetting); its value is not in the output
}

// providerSettings returns the settings that the providers of the source need.
func providerSettings(all []importrun.Provider, getenv environment) []providerSetting {
	settings := []providerSetting{}
	for _, p := range targetProviders(all) {
		for _, name := range p.Settings {
			settings = append(settings, providerSetting{p.ID, name, hasSetting(p.ID, name, getenv)})
		}
	}
	return settings
}

// targetProviders returns one entry for each provider in Xenon, sorted by id. Two providers of Supabase, such as slack
// and slack_oidc, can be one provider in Xenon.
func targetProviders(all []importrun.Provider) []importrun.Provider {
	byID := map[string]importrun.Provider{}
	for _, p := range all {
		if p.ID != "" {
			byID[p.ID] = p
		}
	}
	return slices.SortedFunc(maps.Values(byID), func(a, b importrun.Provider) int { return cmp.Compare(a.ID, b.ID) })
}

// hasSetting reports whether the environment has the setting `name` of a provider, or another setting that can be used
// instead of it: APPLE_CLIENT_SECRET instead of Apple's key, OIDC_PROVIDERS instead of the OIDC_ settings.
func hasSetting(provider, name string, getenv environment) bool {
	switch {
	case strings.HasPrefix(name, "OIDC_"):
		return getenv("OIDC_PROVIDER_ID") == provider && getenv(name) != "" || isInOIDCList(provider, getenv)
	case slices.Contains([]string{"APPLE_TEAM_ID", "APPLE_KEY_ID", "APPLE_PRIVATE_KEY"}, name):
		return getenv(name) != "" || getenv("APPLE_CLIENT_SECRET") != ""
	}
	return getenv(name) != ""
}

// isInOIDCList reports whether the list in OIDC_PROVIDERS contains the provider.
func isInOIDCList(provider string, getenv environment) bool {
	var list []struct {
		ProviderID string `json:"providerId"`
	}
	if err := json.Unmarshal([]byte(getenv("OIDC_PROVIDERS")), &list); err != nil {
		return false
	}
	for _, e := range list {
		if e.ProviderID == provider {
			return true
		}
	}
	return false
}

// printProviders prints a line for each provider of the source, which is a service such as Supabase.
func printProviders(out io.Writer, all []importrun.Provider, service string) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(out, "\nProviders of the users\n  %-20s%-16s%12s%14s%12s%14s\n",
		"in "+service, "in Xenon", "users", "nothing else", "imported", "not imported")
	for _, p := range all {
		printf(out, "  %-20s%-16s%12d%14d%12d%14d", p.Name, cmp.Or(p.ID, "–"), p.Users, p.Only, p.Copied(),
			p.NotImported.Total())
		fmt.Fprintln(out, "  "+strings.Join(slices.Sorted(maps.Keys(p.NotImported)), ", "))
	}
	fmt.Fprintln(out, "  Nothing else: these users have neither a password nor an account at another provider that the "+
		"import copies.")
}

// printProviderSettings prints which settings the providers need, which of them this environment has, and the redirect
// URI of each provider.
func printProviderSettings(out io.Writer, all []importrun.Provider, getenv environment) {
	targets := targetProviders(all)
	if len(targets) == 0 {
		return
	}
	fmt.Fprintln(out, "\nSettings of these providers, and the redirect URI to add at each")
	origin := strings.TrimSuffix(cmp.Or(getenv("BETTER_AUTH_URL"), "https://YOUR-DOMAIN"), "/")
	for _, p := range targets {
		fmt.Fprintf(out, "  %s\n", p.ID)
		for _, name := range p.Settings {
			state := "missing"
			if hasSetting(p.ID, name, getenv) {
				state = "set in this environment"
			}
			if name == "OIDC_PROVIDER_ID" {
				name += "=" + p.ID
			}
			fmt.Fprintf(out, "    %-30s%s\n", name, state)
		}
		fmt.Fprintf(out, "    %s%s\n", origin, p.CallbackPath)
	}
	fmt.Fprintln(out, "  A setting that is missing here can still be set where Xenon runs, and secrets can be in the app "+
		"secret.")
}
