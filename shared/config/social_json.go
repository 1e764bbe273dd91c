package config

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// optionSuffixes returns the ends of the names of the options that every provider has: SCOPE of GOOGLE_SCOPE.
func optionSuffixes() []string {
	return []string{
		"SCOPE", "DISABLE_SIGNUP", "DISABLE_IMPLICIT_SIGNUP", "OVERRIDE_USER_INFO", "REQUIRE_EMAIL_VERIFICATION",
	}
}

// readProviderOptions reads a JSON object with options of providers: settings other than client ids and secrets. One
// variable can hold all of them, because Lambda limits the total size of the environment variables.
func (l *loader) readProviderOptions(name string) map[string]string {
	text := l.getenv(name)
	if text == "" {
		return nil
	}
	var options map[string]string
	if err := json.Unmarshal([]byte(text), &options); err != nil || options == nil {
		l.addProblem(name, `is not of the form {"GOOGLE_SCOPE": "openid", "GITHUB_DISABLE_SIGNUP": "on"}`)
		return nil
	}
	for _, option := range slices.Sorted(maps.Keys(options)) {
		switch {
		case !isProviderOption(option):
			l.addProblem(name, "%q is not an option of a provider; an option is the name of a provider and one of %s",
				option, strings.Join(optionSuffixes(), ", "))
		case l.getenv(option) != "":
			l.addProblem(name, "%s is also a variable of its own; set it once", option)
		}
	}
	return options
}

func isProviderOption(name string) bool {
	switch name {
	case "GOOGLE_ACCESS_TYPE", "GOOGLE_PROMPT", "GOOGLE_HD", "MICROSOFT_TENANT_ID", "GITLAB_ISSUER":
		return true
	}
	prefix, suffix, _ := strings.Cut(name, "_")
	return (prefix == "OIDC" || isBuiltInProvider(strings.ToLower(prefix))) && slices.Contains(optionSuffixes(), suffix)
}

// oidcEntry is an entry of OIDC_PROVIDERS, with the names that Better Auth's generic OAuth plugin has.
type oidcEntry struct {
	ProviderID               string   `json:"providerId"`
	Name                     string   `json:"name"`
	Issuer                   string   `json:"issuer"`
	ClientID                 string   `json:"clientId"`
	ClientSecret             string   `json:"clientSecret"`
	Scopes                   []string `json:"scopes"`
	DisableSignUp            bool     `json:"disableSignUp"`
	DisableImplicitSignUp    bool     `json:"disableImplicitSignUp"`
	OverrideUserInfo         bool     `json:"overrideUserInfo"`
	RequireEmailVerification bool     `json:"requireEmailVerification"`
}

const oidcListFormProblem = `is not of the form [{"providerId": "okta", "issuer": "https://…", "clientId": "…"}]`

// addOIDCList adds the providers of OIDC_PROVIDERS.
func (l *loader) addOIDCList(s *Social, name string, hasAppSecret bool) {
	text := l.getenv(name)
	if text == "" {
		return
	}
	entries, err := parseOIDCList(text)
	if err != nil {
		l.addProblem(name, "%w", err)
	}
	for i, e := range entries {
		p := e.toProvider()
		reason := e.problem(p, s.Providers)
		if reason == "" && e.ClientSecret != "" && hasAppSecret {
			reason = "has a clientSecret, which would be readable in the settings of the function; write it into the app " +
				"secret as " + p.Setting("CLIENT_SECRET")
		}
		if reason != "" {
			l.addProblem(name, "entry %d, %q, %s", i+1, e.ProviderID, reason)
			continue
		}
		s.Providers = append(s.Providers, p)
	}
}

// parseOIDCList returns errors that do not quote the text, which may contain a secret.
func parseOIDCList(text string) ([]oidcEntry, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	var entries []oidcEntry
	err := d.Decode(&entries)
	if err == nil && entries != nil {
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			return nil, errors.New(oidcListFormProblem)
		}
		return entries, nil
	}
	if err == nil {
		return nil, errors.New(oidcListFormProblem)
	}
	var wrongType *json.UnmarshalTypeError
	switch field, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); {
	case unknown:
		return nil, fmt.Errorf("has the unknown key %s", field)
	case errors.As(err, &wrongType) && wrongType.Field != "":
		return nil, fmt.Errorf("%s is a %s, not a %s", wrongType.Field, wrongType.Value, wrongType.Type)
	}
	return nil, errors.New(oidcListFormProblem)
}

// toProvider returns the provider of the entry. The names of its secrets in the app secret begin with its id.
func (e oidcEntry) toProvider() Provider {
	return Provider{
		ID: e.ProviderID, Name: cmp.Or(e.Name, e.ProviderID), Prefix: settingPrefix(e.ProviderID),
		ClientIDs: splitList(e.ClientID), ClientSecret: Secret(e.ClientSecret), Scopes: e.Scopes,
		OIDC: true, Issuer: e.Issuer,
		DisableSignUp: e.DisableSignUp, DisableImplicitSignUp: e.DisableImplicitSignUp,
		OverrideUserInfo: e.OverrideUserInfo, RequireEmailVerification: e.RequireEmailVerification,
	}
}

// problem returns what is wrong with p, the provider of the entry, and "" if nothing is.
func (e oidcEntry) problem(p Provider, others []Provider) string {
	if reason := checkProviderID(p, others); reason != "" {
		return "has a providerId that " + reason
	}
	if len(p.ClientIDs) == 0 {
		return "has no clientId"
	}
	if e.Issuer == "" {
		return "has no issuer"
	}
	if reason := checkIssuer(e.Issuer); reason != "" {
		return "has an issuer that " + reason
	}
	return ""
}
